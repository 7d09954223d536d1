"""`brubeck plugins`: the records of plugins, as text for a person or JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

import click
from brubeck.core.records import PluginRecord

__all__ = ["plugins_command"]

_BRINGS = ("hooks", "connections", "renderers", "mixins", "commands")


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
@click.option("--timing", is_flag=True, help="Show how long the import of each took.")
@click.option("--check", is_flag=True, help="Exit with 1 when a plugin failed or two bring one name.")
def plugins_command(as_json: bool, timing: bool, check: bool) -> None:
    """List the installed plugins, what they bring, and what is wrong with those that failed.

    A plugin named in BRUBECK_DISABLE_PLUGINS (names with commas between them) is not imported.
    """
    from brubeck.core.inspection import inspect_plugins, unknown_disabled_names

    records = inspect_plugins()
    for told in unknown_disabled_names():
        click.echo(told, err=True)
    if as_json:
        click.echo(json.dumps([record.as_dict() for record in records], indent=2))
    else:
        for line in format_records(records, timing=timing):
            click.echo(line)
    if check and any(record.status == "failed" or record.conflicts for record in records):
        raise SystemExit(1)


def format_records(records: Iterable[PluginRecord], *, timing: bool = False) -> Iterator[str]:
    """Yield the lines that a person reads."""
    records = list(records)
    if not records:
        yield "No plugin is installed. Plugins are distributions with an entry point of the group 'brubeck'."
        return
    names = max(len(record.name) for record in records)
    origins = max(len(_origin(record)) for record in records)
    for record in records:
        cost = f"  {record.import_ms:.1f} ms" if timing and record.status == "ok" else ""
        yield f"{record.name:<{names}}  {_origin(record):<{origins}}  {record.status}{cost}"
        for line in _details(record):
            yield f"{'':<{names}}  {line}"


def _origin(record: PluginRecord) -> str:
    return f"{record.distribution} {record.version}"


def _details(record: PluginRecord) -> Iterator[str]:
    for what in _BRINGS:
        if getattr(record, what):
            yield f"{what}: {', '.join(getattr(record, what))}"
    yield from (line for line in (record.cause, record.mend) if line)
    yield from record.conflicts
