"""What a program imports first: the application, the handler classes, responses.

Importing this module makes the standard library's blocking calls switch greenlets (gevent's `patch_all`), so that a
script which imports it first need do nothing else. No other module of Brubeck patches anything.
"""

from brubeck.core import greenlets

greenlets.patch()

from brubeck.core.application import Brubeck  # noqa: E402 - what it imports must find the patched modules
from brubeck.core.errors import (  # noqa: E402
    BrubeckError,
    ClientDisconnected,
    ConfigurationError,
    HeaderError,
    HTTPError,
    MissingPlugin,
    PluginError,
)
from brubeck.core.forms import FormLimits, Upload  # noqa: E402
from brubeck.core.handlers import JSONMessageHandler, MessageHandler, WebMessageHandler  # noqa: E402
from brubeck.core.long_polls import LongPolls  # noqa: E402
from brubeck.core.requests import Request  # noqa: E402
from brubeck.core.responses import Response, http_response, render  # noqa: E402
from brubeck.core.static_files import StaticFileHandler  # noqa: E402
from brubeck.core.websockets import WebSocketMessageHandler  # noqa: E402

__all__ = [
    "Brubeck",
    "BrubeckError",
    "ClientDisconnected",
    "ConfigurationError",
    "FormLimits",
    "HTTPError",
    "HeaderError",
    "JSONMessageHandler",
    "LongPolls",
    "MessageHandler",
    "MissingPlugin",
    "PluginError",
    "Request",
    "Response",
    "StaticFileHandler",
    "Upload",
    "WebMessageHandler",
    "WebSocketMessageHandler",
    "http_response",
    "render",
]
