"""`brubeck plugins`."""

from __future__ import annotations

import click

__all__ = ["plugins_command"]


@click.command()
def plugins_command() -> None:
    """List the installed plugins, what they bring, and what is wrong with those that cannot be used."""
