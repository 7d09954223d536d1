"""Set Brubeck up from a clean checkout, then serve the first example or run the tests.

Needs Python 3.11 or newer with pip, and git. What it installs goes into `.venv` and `.nox` beside this
file; delete the two folders and nothing of it is left. The exception are the servers that the live tests
speak to: `test` asks apt-get for those, where apt-get is at hand and may be used without a password.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(f"dev.py needs Python 3.11 or newer, got {sys.version.split()[0]}.")

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import tomllib
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
URL = "http://localhost:6767"


class SetupError(Exception):
    """What stops the setup, in a sentence that says what to do."""


def say(line: str) -> None:
    """Print a line of progress, at once and before whatever a child process prints."""
    print(f"dev.py: {line}", flush=True)


def run(*command: str | Path, quiet: bool = False) -> bool:
    """Return whether *command* succeeded."""
    output = subprocess.DEVNULL if quiet else None
    return (
        subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output).returncode
        == 0
    )


def become(*command: str | Path) -> None:
    """Replace this process, so that Ctrl-C and the exit code are those of *command*."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(command[0], [str(part) for part in command])


def make_venv() -> None:
    """Make `.venv`, unless one that works is there."""
    if PYTHON.exists() and run(PYTHON, "-c", "", quiet=True):
        return
    say(f"making {VENV.name} with Python {sys.version.split()[0]}")
    # Debian keeps ensurepip in python3-venv. Without it, the pip that is there installs into it.
    venv.create(VENV, clear=True, symlinks=True, with_pip=bool(importlib.util.find_spec("ensurepip")))


def pip_command() -> list[str | Path]:
    """Return the pip that installs into `.venv`: its own, or else the one of this Python."""
    if run(PYTHON, "-m", "pip", "--version", quiet=True):
        return [PYTHON, "-m", "pip"]
    if run(sys.executable, "-m", "pip", "--version", quiet=True):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    raise SetupError(
        "This Python has neither ensurepip nor pip. On Debian: sudo apt-get install python3-venv"
    )


def install(purpose: str, *requirements: str) -> None:
    """Install *requirements* into `.venv`, unless done since a pyproject.toml last changed."""
    make_venv()
    stamp = VENV / f"installed-for-{purpose}"
    wanted = hashlib.sha256(repr(requirements).encode())
    for pyproject in [ROOT / "pyproject.toml", *sorted(ROOT.glob("brubeck-*/pyproject.toml"))]:
        wanted.update(pyproject.read_bytes())
    if stamp.exists() and stamp.read_text() == wanted.hexdigest():
        return
    say(f"installing {', '.join(part for part in requirements if part != '-e')}")
    os.environ["PIP_DISABLE_PIP_VERSION_CHECK"] = "1"
    if not run(*pip_command(), "install", "--quiet", *requirements):
        raise SetupError(
            "pip could not install that; its own words are above. Nothing outside .venv was changed."
        )
    stamp.write_text(wanted.hexdigest())


def missing_services() -> dict[str, str]:
    """Return what the live tests need and this machine lacks: Debian package by command."""
    services = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["brubeck"]["live-services"]
    return {command: package for command, package in services.items() if not shutil.which(command)}


def install_services() -> None:
    """Install the servers of the live tests with apt-get, where it may be used without asking anybody."""
    packages = sorted(set(missing_services().values()))
    if not packages or not shutil.which("apt-get"):
        return
    as_root: list[str] = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and not (shutil.which("sudo") and run(*as_root, "true", quiet=True)):
        return
    say(f"installing {', '.join(packages)} with apt-get, for the live tests")
    apt_get = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", "-o", "Dpkg::Use-Pty=0"]
    run(*apt_get, "update")
    for (
        package
    ) in packages:  # one by one: what this release of the system lacks must not keep the others away
        run(*apt_get, "install", "--yes", "--no-install-recommends", package)


def serve(options: argparse.Namespace) -> None:
    """Serve examples/hello.py."""
    install("serve", "-e", "./brubeck-core", "-e", "./brubeck-wsgi")
    say(f"serving examples/hello.py on {URL} (Ctrl-C stops it)")
    become(PYTHON, "examples/hello.py")


def test(options: argparse.Namespace) -> None:
    """Run nox, bringing what it needs."""
    install("test", "nox>=2025.10.14")
    if not options.no_apt:
        install_services()
    become(PYTHON, "-m", "nox", *options.nox)


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="dev.py", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    serve_command = commands.add_parser("serve", help=f"set up and serve examples/hello.py on {URL}")
    serve_command.set_defaults(function=serve)
    test_command = commands.add_parser(
        "test",
        help="set up and run all tests and checks with nox",
        description="Arguments that are not listed below go to nox: dev.py test -s tests -- -k cookies",
    )
    test_command.add_argument("--no-apt", action="store_true", help="install nothing outside this folder")
    test_command.set_defaults(function=test)
    options, options.nox = parser.parse_known_args(arguments)
    if options.nox and options.function is not test:
        parser.error(f"unrecognized arguments: {' '.join(options.nox)}")
    return options


def main() -> int:
    """Run the command; return the exit code when it could not be started."""
    options = parse(sys.argv[1:])
    try:
        options.function(options)
    except SetupError as error:
        print(f"dev.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndev.py: stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
