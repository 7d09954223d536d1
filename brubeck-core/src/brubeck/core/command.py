"""The command `brubeck`: `run`, `routes`, `plugins`, and what plugins add.

Nothing heavy is imported before it is needed: `--help` loads no gevent, and `run` looks for plugins, patches the
standard library, and only then imports the user's module.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click
from brubeck.core.errors import BrubeckError

if TYPE_CHECKING:
    from brubeck.core.application import Brubeck

__all__ = ["cli", "main"]

USAGE_ERROR = 2


class PluginGroup(click.Group):
    """A group that also knows the commands of plugins, loading each when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands, ours first."""
        own = super().list_commands(ctx)
        return own + [name for name in sorted(plugin_commands()) if name not in own]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command *cmd_name*, from ours or from a plugin."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        found = plugin_commands().get(cmd_name)
        if found is None:
            refuse_missing(cmd_name)
            return None
        command: click.Command = found.get()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, importing none of a plugin's that is known by its name alone."""
        found = plugin_commands()  # once: each call scans and loads the plugins
        names = [*self.commands, *(name for name in sorted(found) if name not in self.commands)]
        rows = [(name, self._short_help(name, found)) for name in names]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def _short_help(self, name: str, found: dict[str, Any]) -> str:
        command = self.commands.get(name) or found[name].source
        if isinstance(command, click.Command):
            return command.get_short_help_str()
        return f"from {found[name].entry.label}"


def plugin_commands() -> dict[str, Any]:
    """Return the commands of installed plugins by name, not yet imported."""
    from brubeck.core.lookup import find_commands

    return find_commands()


def refuse_missing(name: str) -> None:
    """Say what brings the command *name*, where it is Brubeck's and the distribution is not usable."""
    from brubeck.core.lookup import find_missing_command

    missing = find_missing_command(name)
    if missing is not None:
        raise missing


@click.group(cls=PluginGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="brubeck-core", prog_name="brubeck")
def cli() -> None:
    """Run Brubeck applications, and look at what they are made of."""


def target_argument(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add the argument that names an application."""
    return click.argument("target", metavar="MODULE:APP | FILE.py[:APP]")(function)


@cli.command()
@target_argument
@click.option("--host", help="Address to listen on, in the place of the application's own.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option(
    "--connection", "connection_name", metavar="NAME", help="A registered transport: wsgi, mongrel2, …"
)
@click.option(
    "--workers", type=click.IntRange(1, 512), default=1, show_default=True, help="Processes on the port."
)
@click.option(
    "--trusted-front",
    "trusted_fronts",
    metavar="NETWORK",
    multiple=True,
    help="A proxy whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed: an address, a network "
    "(10.0.0.0/8), or unix for whoever comes through the unix socket. May be given several times.",
)
@click.option("--reload", is_flag=True, help="Start again when a file of the project changes.")
def run(target: str, connection_name: str | None, workers: int, reload: bool, **settings: Any) -> None:
    """Serve an application until Ctrl-C or SIGTERM, then answer what was taken and leave."""
    if reload and workers > 1:
        raise click.UsageError("--reload is for development with one process; leave --workers out.")
    options = {name: value for name, value in settings.items() if value not in (None, ())}
    if reload:
        from brubeck.core.reloading import run_reloading

        sys.exit(run_reloading(target, sys.argv[1:]))
    if workers > 1:
        from brubeck.core.workers import run_workers

        sys.exit(run_workers(target, options, connection_name, workers))
    from brubeck.core.loading import load_application

    application = load_application(target)
    application.use_connection(connection_name, options)
    join_parent(application)
    application.run()


def join_parent(application: Brubeck) -> None:
    """Where this is one worker of several, use what the parent shares, and tell it once this one serves."""
    from brubeck.core import workers

    shared, ready = workers.descriptor(workers.SHARED_FD), workers.descriptor(workers.READY_FD)
    life = workers.descriptor(workers.LIFE_FD)
    if shared is not None:
        application.connection.adopt(shared)
    if ready is None or life is None:
        return
    from brubeck.core.greenlets import when_closed

    def on_serving(connection: object) -> None:
        os.write(ready, b"1")
        when_closed(life, application.stop)

    application.on_serving = on_serving


@cli.command()
@target_argument
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def routes(target: str, as_json: bool) -> None:
    """List the routes of an application in the order in which they are tried."""
    from brubeck.core.loading import load_application

    rows = [describe_route(route) for route in load_application(target).router]
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    widths = [max(len(row[key]) for row in rows) if rows else 0 for key in ("pattern", "methods")]
    for row in rows:
        name = f"  ({row['name']})" if row["name"] else ""
        click.echo(f"{row['pattern']:<{widths[0]}}  {row['methods']:<{widths[1]}}  {row['target']}{name}")


def describe_route(route: Any) -> dict[str, str]:
    """Return what `brubeck routes` prints of *route*."""
    target = route.target
    methods = supported_by(target) if route.is_class else route.allowed_methods
    if route.by_method is None and not route.is_class:
        methods = ["any"]
    return {
        "pattern": route.pattern,
        "methods": ",".join(methods),
        "target": f"{target.__module__}.{getattr(target, '__qualname__', repr(target))}",
        "name": route.name or "",
    }


def supported_by(handler_class: Any) -> list[str]:
    """Return the methods a handler class answers, with no message at hand."""
    methods: list[str] = handler_class(None, None).supported_methods
    return methods


def add_plugins_command() -> None:
    """Put `brubeck plugins` in its place."""
    from brubeck.core.listing import plugins_command

    cli.add_command(plugins_command, "plugins")


add_plugins_command()


def main() -> None:
    """Run the command line; what a person got wrong is one sentence on stderr and exit code 2."""
    try:
        cli.main(standalone_mode=True)
    except BrubeckError as exc:
        click.echo(f"brubeck: {exc}", err=True)
        sys.exit(USAGE_ERROR)


if __name__ == "__main__":
    main()
