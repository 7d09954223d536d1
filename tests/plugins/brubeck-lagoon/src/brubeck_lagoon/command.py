"""`brubeck lagoon`."""

import click


@click.command()
@click.option("--depth", default=3, show_default=True, help="In fathoms.")
def lagoon(depth: int) -> None:
    """Sound the lagoon."""
    click.echo(f"The lagoon is {depth} fathoms deep.")
