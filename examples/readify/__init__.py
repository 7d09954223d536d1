"""Readify: links that people save, tag and show each other, with an API in a process of its own."""
