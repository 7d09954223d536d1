"""Listsurf: save links, list them, read them as JSON."""
