"""The project's verbs: `nox` runs what CI runs, `nox -s tests -- -k cookies` one of them with arguments.

`python3 dev.py test` brings nox and runs this file.
"""

from pathlib import Path

import nox

nox.needs_version = ">=2025.10.14"
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "typing", "packaging", "docs", "tests"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
DISTRIBUTIONS = sorted(path.parent.name for path in Path().glob("brubeck-*/pyproject.toml"))
EXTRAS = {"brubeck-auth": "[bcrypt,redis]", "brubeck-templates": "[jinja2,mako,pystache,tornado]"}


def install_group(session: nox.Session, group: str) -> None:
    """Install a dependency group of the root pyproject.toml."""
    session.install("--quiet", *nox.project.dependency_groups(PYPROJECT, group))


def install_everything(session: nox.Session, *groups: str) -> None:
    """Install all distributions editable, and *groups*."""
    install_group(session, "build")
    for group in groups:
        install_group(session, group)
    editables = [part for name in DISTRIBUTIONS for part in ("-e", f"./{name}{EXTRAS.get(name, '')}")]
    session.install("--quiet", "--no-build-isolation", *editables)


@nox.session
def lint(session: nox.Session) -> None:
    """Ruff: the rules and the format."""
    install_group(session, "lint")
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check", "--diff")


@nox.session
def typing(session: nox.Session) -> None:
    """Mypy in strict mode over the sources, and over what plugin authors write."""
    install_everything(session, "typing")
    session.run("mypy", *session.posargs)
    session.run("pytest", "-m", "typing", "brubeck-core/tests", "brubeck-dictshield/tests")


@nox.session
def packaging(session: nox.Session) -> None:
    """Build the wheels; install each alone and mixed with editable ones."""
    install_group(session, "packaging")
    session.run("pytest", "-m", "packaging", "tests/packaging", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Run every block of code in the manual and the READMEs."""
    install_everything(session, "tests")
    session.run("pytest", "tests/docs", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """All tests but those of packaging and docs, live ones included."""
    install_everything(session, "tests")
    if session.posargs:
        chosen = "not packaging and not typing and not soak and not fuzz"
        session.run("pytest", "-m", chosen, "--ignore=tests/docs", *session.posargs)
        return
    session.run("pytest", "--ignore=tests/docs")  # in processes that would disturb the live ones
    session.run("pytest", "-m", "live and not soak and not fuzz", "tests/live")


@nox.session
def bench(session: nox.Session) -> None:
    """Run benchmarks/, or the one script given after --."""
    install_everything(session, "benchmarks")
    scripts = session.posargs or sorted(
        str(path) for path in Path("benchmarks").glob("*.py") if not path.stem.endswith("_arms")
    )
    for script in scripts:
        session.run("python", script)


@nox.session
def fuzz(session: nox.Session) -> None:
    """Ask every property test 20,000 times."""
    install_everything(session, "tests")
    session.run(
        "pytest", "-m", "(hypothesis or fuzz) and not live", "--hypothesis-profile=fuzz", *session.posargs
    )


@nox.session
def soak(session: nox.Session) -> None:
    """Keep servers under load for minutes and look for what grows."""
    install_everything(session, "tests")
    session.run("pytest", "-m", "soak", *session.posargs)


@nox.session
def app(session: nox.Session) -> None:
    """Run an app with everything installed: nox -s app -- nojs, or -- examples/hello.py --port 8000."""
    install_everything(session, "examples")
    target, *options = session.posargs or ["examples/hello.py"]
    if Path("examples", target, "app.py").is_file():
        session.chdir("examples")
        target = f"{target}.app:app"
    session.run("brubeck", "run", target, *options)
