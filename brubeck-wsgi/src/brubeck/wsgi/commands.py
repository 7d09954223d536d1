"""`brubeck serve`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import click

__all__ = ["serve_command"]


@click.command("serve", short_help="Serve any WSGI application.")
@click.argument("target", metavar="MODULE:WSGI_APP | FILE.py:WSGI_APP")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=6767, show_default=True, help="0 takes a free one."
)
@click.option("--unix", type=click.Path(), help="A unix socket, in the place of host and port.")
@click.option("--fd", type=int, help="An inherited listening socket.")
@click.option("--certfile", type=click.Path(), help="PEM file for TLS.")
@click.option("--keyfile", type=click.Path(), help="The private key of the certificate.")
@click.option(
    "--access-log", type=click.Choice(["common", "json"]), help="A line for each answer, on stderr."
)
@click.option(
    "--trusted-front",
    "trusted_fronts",
    metavar="NETWORK",
    multiple=True,
    help="A proxy whose X-Forwarded-For, X-Forwarded-Proto and Forwarded are believed: an address, a network "
    "(10.0.0.0/8), or unix for whoever comes through the unix socket. May be given several times.",
)
def serve_command(target: str, **options: Any) -> None:
    """Serve any WSGI application until Ctrl-C or SIGTERM, on gevent: blocking calls switch greenlets."""
    from brubeck.core import greenlets

    greenlets.patch()
    from brubeck.core.errors import ConfigurationError
    from brubeck.core.loading import load_object
    from brubeck.wsgi.serving import serve

    application = load_object(target)
    if not callable(application):
        raise ConfigurationError(f"{target!r} is {application!r}, not a WSGI callable.")
    if options["access_log"]:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(message)s")
    serve(application, on_serving=announce, **options)


def announce(url: str) -> None:
    """Say where the application is; a stderr that is full or closed stops nobody from serving."""
    with suppress(OSError):
        click.echo(f"Brubeck serves {url} (Ctrl-C to stop)", err=True)
