"""`brubeck mongrel2 …`: a server, a balancer and workers from one line."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from brubeck.core.errors import ConfigurationError

if TYPE_CHECKING:
    from brubeck.mongrel2.settings import ServerSettings

__all__ = ["mongrel2"]

CONFIG = "mongrel2.toml"


@click.group()
def mongrel2() -> None:
    """Configure and run Mongrel2, its balancer and its workers."""


def config_option(function: Any) -> Any:
    """Add the option that names the settings' file."""
    return click.option(
        "--config", show_default=CONFIG, type=click.Path(path_type=Path), help="A TOML file."
    )(function)


def load(config: Path | None, **given: Any) -> ServerSettings:
    """Return the settings. Only the file of the usual name may be missing.

    Raises:
        ConfigurationError: A file was named that does not exist, or it holds what is not known.
    """
    from brubeck.mongrel2.settings import load_settings

    if config is not None and not config.exists():
        raise ConfigurationError(f"The file {str(config)!r} that --config names does not exist.")
    return load_settings(config or Path(CONFIG), **given)


@mongrel2.command()
@config_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--folder", type=click.Path(path_type=Path), help="For the server's files.")
@click.option(
    "--static", multiple=True, metavar="PREFIX=FOLDER", help="A folder that Mongrel2 serves itself."
)
def init(
    config: Path | None, host: str | None, port: int | None, folder: Path | None, static: tuple[str, ...]
) -> None:
    """Write the configuration that Mongrel2 reads."""
    from brubeck.mongrel2.database import write_database

    pairs = dict(item.partition("=")[::2] for item in static) or None
    settings = load(config, host=host, port=port, folder=folder, static=pairs)
    path = write_database(settings)
    click.echo(f"{path} is written. To run it: mongrel2 {path} {settings.uuid}")
    click.echo(f"Handlers: Mongrel2Connection({settings.send_spec!r}, {settings.recv_spec!r})")
    for further in settings.further_handlers:
        place = f"{further.host}{further.path}"
        click.echo(f"For {place}: Mongrel2Connection({further.send_spec!r}, {further.recv_spec!r})")
    for prefix in settings.static:
        click.echo(
            f"Mongrel2 answers {prefix} itself, and 404 to every shorter beginning of it ({prefix[:2]} …)."
        )


@mongrel2.command()
@config_option
@click.option("--pull", help="Mongrel2's send_spec.")
@click.option("--pub", help="Mongrel2's recv_spec.")
@click.option("--listen", help="Where workers come to.")
@click.option(
    "--uploads",
    type=click.Path(path_type=Path),
    help="Mongrel2's upload folder, where parked bodies of refused requests are removed; by default "
    "$BRUBECK_MONGREL2_UPLOADS or the configuration's, if it is there.",
)
@click.option("--wait", "wait_s", default=10.0, show_default=True, help="Seconds until 503 without a worker.")
@click.option(
    "--dead-after",
    "dead_after_s",
    default=5.0,
    show_default=True,
    help="Seconds of silence until taken for dead.",
)
def balance(
    config: Path | None,
    pull: str | None,
    pub: str | None,
    listen: str | None,
    uploads: Path | None,
    wait_s: float,
    dead_after_s: float,
) -> None:
    """Give each message to the worker with the least to do."""
    from brubeck.mongrel2.balancer import BalancerProcess
    from brubeck.mongrel2.uploads import UploadFolder
    from brubeck.mongrel2.workers import Limits

    settings = load(config)
    limits = Limits(wait_s=wait_s, dead_after_s=dead_after_s)
    addresses = (pull or settings.send_spec, pub or settings.recv_spec, listen or settings.balancer_spec)
    if uploads is None:
        usual = os.environ.get("BRUBECK_MONGREL2_UPLOADS") or (
            settings.upload_folder if settings.uploads else ""
        )
        uploads = Path(usual) if usual and Path(usual).is_dir() else None
    process = BalancerProcess(*addresses, limits, UploadFolder(uploads, max_bytes=0) if uploads else None)

    def stop(*_: object) -> None:
        process.is_stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    end_with_parent()
    process.run()
    process.close()


def end_with_parent() -> None:
    """Where `up` started this process, end it at once when that has been killed.

    Mongrel2 ends then too, so nothing is left to be answered; and the next balancer may listen already at the
    path that an orderly end would remove.
    """
    import select
    from threading import Thread

    from brubeck.core.workers import LIFE_FD, descriptor

    life = descriptor(LIFE_FD)
    if life is None:
        return

    def watch() -> None:
        select.select([life], [], [])  # no read: the workers, who share it, have made it non-blocking
        os._exit(1)

    Thread(target=watch, daemon=True).start()


@mongrel2.command()
@click.argument("target", metavar="MODULE:APP | FILE.py[:APP]")
@config_option
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option("--workers", type=click.IntRange(1, 512), default=2, show_default=True)
def up(target: str, config: Path | None, host: str | None, port: int | None, workers: int) -> None:
    """Run Mongrel2, the balancer and workers; start again what dies; stop all at Ctrl-C or SIGTERM."""
    from brubeck.mongrel2.supervisor import Supervisor

    sys.exit(Supervisor(load(config, host=host, port=port), target, workers).run())


@mongrel2.command()
@config_option
def reload(config: Path | None) -> None:
    """Replace the workers of `up` one by one, losing nothing."""
    tell_supervisor(config, signal.SIGHUP)


@mongrel2.command()
@config_option
def stop(config: Path | None) -> None:
    """Stop what `up` runs, once what was taken is answered."""
    tell_supervisor(config, signal.SIGTERM)


def tell_supervisor(config: Path | None, number: int) -> None:
    """Send a signal to the process of `up`."""
    from brubeck.mongrel2.supervisor import find_supervisor

    pid = find_supervisor(load(config))
    if pid is None:
        raise ConfigurationError("`brubeck mongrel2 up` does not run here.")
    try:
        os.kill(pid, number)
    except OSError as exc:
        raise ConfigurationError(
            f"`brubeck mongrel2 up` (pid {pid}) cannot be told: {exc.strerror}."
        ) from None


@mongrel2.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, for programs.")
def status(config: Path | None, as_json: bool) -> None:
    """Show the balancer's counters, its workers, and Mongrel2's connections."""
    from brubeck.mongrel2.control import ask_balancer, ask_server

    settings = load(config)
    found: dict[str, Any] = {
        "mongrel2": ask_server(settings.control_spec),
        "balancer": ask_balancer(settings.balancer_spec),
    }
    further = {pair.name: ask_balancer(pair.balancer_spec) for pair in settings.further_handlers if pair.app}
    if further:
        found["balancers"] = further
    if as_json:
        click.echo(json.dumps(found, indent=2))
    else:
        click.echo("\n".join(describe(found)))
    if found["mongrel2"] is None and found["balancer"] is None:
        sys.exit(1)


def describe(found: dict[str, Any]) -> list[str]:
    """Return the lines that a person reads."""
    server = found["mongrel2"]
    lines = ["Mongrel2: no answer" if server is None else f"Mongrel2: {len(server)} connections"]
    lines += describe_balancer("Balancer", found["balancer"])
    for name, balancer in found.get("balancers", {}).items():
        lines += describe_balancer(f"Balancer of {name}", balancer)
    return lines


def describe_balancer(name: str, balancer: dict[str, Any] | None) -> list[str]:
    """Return the lines about one balancer and its workers."""
    if balancer is None:
        return [f"{name}: no answer"]
    totals = ", ".join(f"{what} {count}" for what, count in balancer["totals"].items())
    lines = [f"{name}: {totals}, waiting {balancer['waiting']}"]
    for worker in balancer["workers"]:
        state = "leaving" if worker["leaving"] else "taking"
        lines.append(
            f"  worker {worker['pid']} on {worker['host']}: {state}, {worker['unanswered']} unanswered, "
            f"{worker['held']} held"
        )
    return lines
