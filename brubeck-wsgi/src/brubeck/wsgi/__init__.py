"""The embedded HTTP server, and Brubeck as a WSGI callable."""

from brubeck.wsgi.callable import WSGIApplication
from brubeck.wsgi.connection import WSGIConnection

__all__ = ["WSGIApplication", "WSGIConnection"]
