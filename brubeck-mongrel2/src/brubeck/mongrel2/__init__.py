"""Mongrel2 and ZeroMQ."""
