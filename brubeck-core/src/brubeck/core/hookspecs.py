"""Every hook of Brubeck, with its contract: the one page a plugin author needs.

A plugin is a module or an object whose functions bear a hook's name and the mark `brubeck.plugins.hookimpl`.
A distribution announces its plugin by an entry point of the group `brubeck`; a program passes its own with
`Brubeck(plugins=[…])`. An implementation may leave out arguments that it does not need.

Order: plugins passed to the application first, then installed ones by the name of their entry point;
`tryfirst` goes before all, `trylast` after. `brubeck_shutdown` runs in the opposite order. Wrappers are
refused: the hooks of a message are frozen into plain calls, and the other hooks follow the same rule.

Values (`brubeck_connections`, `brubeck_renderers`, `brubeck_mixins`, `brubeck_commands`) may be strings
`"package.module:attribute"`, imported when they are used and not before. The module that an entry point
names is imported whenever an application is built: keep it to hooks and strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    import click
    from brubeck.core.application import Brubeck
    from brubeck.core.protocols import CookieSigner
    from brubeck.core.requests import Request
    from brubeck.core.responses import Response

__all__ = [
    "brubeck_commands",
    "brubeck_configure",
    "brubeck_connections",
    "brubeck_cookie_signer",
    "brubeck_exception",
    "brubeck_mixins",
    "brubeck_renderers",
    "brubeck_request",
    "brubeck_response",
    "brubeck_shutdown",
    "brubeck_startup",
    "brubeck_stopping",
]

hookspec = pluggy.HookspecMarker("brubeck")


@hookspec
def brubeck_connections() -> Mapping[str, str | type]:  # type: ignore[empty-body]
    """Name the connection types that the plugin brings.

    Called when the plugin is loaded, with no application at hand. `from brubeck.connections import <class
    name>` and `brubeck run --connection <name>` find them.

    Returns:
        Names and `Connection` classes, or strings `"package.module:Class"`.

    Blocks:
        Never; import nothing heavy here.
    """


@hookspec
def brubeck_renderers() -> Mapping[str, str | type]:  # type: ignore[empty-body]
    """Name the rendering mixins that the plugin brings.

    Called when the plugin is loaded. `Brubeck(template_engine=<name>)` finds them.

    Returns:
        Names and rendering mixins, or strings `"package.module:Class"`.

    Blocks:
        Never; import no engine here.
    """


@hookspec
def brubeck_mixins() -> Mapping[str, str | type]:  # type: ignore[empty-body]
    """Name the handler mixins that the plugin brings.

    Called when the plugin is loaded. `brubeck plugins` lists them, `get_mixin(<name>)` gives them.

    Returns:
        Names and mixins, or strings `"package.module:Class"`.

    Blocks:
        Never.
    """


@hookspec
def brubeck_commands() -> Iterable[click.Command] | Mapping[str, str | click.Command]:  # type: ignore[empty-body]
    """Bring subcommands of `brubeck`.

    Called when the command line is asked for its commands, and by `brubeck plugins`. Under the
    name of a command that Brubeck has itself (`run`, `routes`, `plugins`) the own one is run.

    Returns:
        click commands; or their names and commands or strings `"package.module:command"`, which are imported
        when the command is run.

    Blocks:
        Never; a command imports what it needs when it is run.
    """


@hookspec
def brubeck_configure(application: Brubeck) -> None:
    """Add the plugin's routes and settings to an application.

    Called once for each application, at the end of its construction. An exception refuses the application,
    with the plugin's name.

    Args:
        application: Complete, not yet running.

    Blocks:
        It may; nothing is served yet.
    """


@hookspec
def brubeck_startup(application: Brubeck) -> None:
    """Start what lives beside the messages: pools, background work.

    Called by `run()` when the connection has its address (a port that is taken is refused before) and before it lets
    anybody in: clients are turned away meanwhile, unless systemd or a worker that serves already listens on the same
    socket. An exception keeps the application from running.

    Args:
        application: About to run.

    Blocks:
        It may, in the way a handler does; no message is taken meanwhile.
    """


@hookspec
def brubeck_stopping(application: Brubeck) -> None:
    """Wake what would keep the application from stopping: long polls, streams, whoever sleeps.

    Called once by `Brubeck.stop`, and so by the first signal, just before the transport is told to take no more. What
    was taken is then answered, and `brubeck_shutdown` comes after that. An exception is logged, and the other plugins
    are still called.

    Args:
        application: Still answering.

    Blocks:
        Better not: the transport takes messages until it returns.
    """


@hookspec
def brubeck_shutdown(application: Brubeck) -> None:
    """Stop what `brubeck_startup` started.

    Called by `run()` after the last message was answered, the last plugin first, also when a startup
    failed. An exception is logged, and the other plugins are still called.

    Args:
        application: Drained.

    Blocks:
        It may; the process ends only after it.
    """


@hookspec
def brubeck_cookie_signer(application: Brubeck) -> CookieSigner | None:
    """Bring the signer behind `secret=` of `get_cookie` and `set_cookie`.

    Called once for each application, when the first signed cookie is read or written. The first signer that
    is not None wins.

    Args:
        application: Its `cookie_secret` is the signer's business.

    Returns:
        A `CookieSigner`, or None to leave it to the next plugin.

    Blocks:
        Never.
    """


@hookspec
def brubeck_request(application: Brubeck, message: Request) -> Response | None:
    """Look at a message before it is routed.

    Called for every message. An exception is answered like one of a handler, with a 500 or its own status.

    Args:
        application: Whose message it is.
        message: As it arrived.

    Returns:
        A response, which ends the matter: neither a later plugin nor a handler sees the message. None lets
        it pass.

    Blocks:
        As a handler may: the message waits, other greenlets go on.
    """


@hookspec
def brubeck_response(application: Brubeck, message: Request, response: Response) -> Response | None:
    """Look at a response before it is sent.

    Called for every message, also when the response is an error page or came out of `brubeck_request`.

    Args:
        application: Whose message it is.
        message: As it arrived.
        response: From the handler, or from the plugin before this one.

    Returns:
        Another response to send instead, or None to keep it.

    Blocks:
        As a handler may.
    """


@hookspec
def brubeck_exception(application: Brubeck, message: Request, exception: Exception) -> None:
    """Hear of an exception, or a `gevent.Timeout`, that no handler caught.

    Called after the exception was logged and before the 500 is sent; never for an `HTTPError`, which is an
    answer.

    Args:
        application: Whose message it is.
        message: The one that could not be answered.
        exception: With its traceback.

    Blocks:
        As a handler may; the client waits for its 500 meanwhile.
    """
