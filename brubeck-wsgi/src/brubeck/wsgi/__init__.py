"""The embedded HTTP server, and Brubeck as a WSGI callable."""

from brubeck.wsgi.callable import WSGIApplication
from brubeck.wsgi.connection import WSGIConnection
from brubeck.wsgi.limits import Limits
from brubeck.wsgi.serving import serve

__all__ = ["Limits", "WSGIApplication", "WSGIConnection", "serve"]
