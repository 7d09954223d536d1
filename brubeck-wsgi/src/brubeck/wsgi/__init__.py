"""The embedded server and the WSGI callable."""
