"""`brubeck lagoon`."""

import socket

import click


@click.command("lagoon")
@click.argument("port", type=int)
@click.argument("path", default="/")
def lagoon_command(port: int, path: str) -> None:
    """Ask a lagoon at PORT for PATH."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as lagoon,
        lagoon.makefile("rwb") as stream,
    ):
        stream.write(f"GET {path}\n".encode())
        stream.flush()
        click.echo(stream.read().decode(), nl=False)
