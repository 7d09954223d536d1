"""Every ```python block of the manual and the READMEs runs.

The blocks of a page run from top to bottom as one program, so a block sees what those above it defined; the
prose is blanked out, and a traceback names the line of the page. A block that starts a server (`app.run()`)
is the end of a program of its own: it is started on a free port in the place of 6767, asked one request,
and stopped.

Comments on the line before a block say more:

    <!-- ask: GET /brubeck 200 Take five! -->   what to ask a server, and what its answer holds
                                                (without it: GET /, and any answer but a 5xx)
    <!-- no-run: needs Mongrel2 -->             the block is compiled only, and this is why

A block of any language whose first line is ```html file=templates/hello.html is written to that file first.
"""

import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from nursery import Forked, Nursery, Order

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page
    for pattern in ("*.md", "docs/**/*.md", "brubeck-*/*.md", "examples/**/*.md")
    for page in ROOT.glob(pattern)
)
DEADLINE_S = 20
Process = Forked | subprocess.Popen

BLOCK = re.compile(
    r"(?:^<!--\s*(?P<comment>.*?)\s*-->\n+)?"
    r"^```(?P<language>\w+)(?:[ ]+file=(?P<file>\S+))?[^\n]*\n(?P<code>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
ASK = re.compile(r"ask: (?P<method>[A-Z]+) (?P<path>\S+)(?: (?P<status>\d{3})(?: (?P<text>.+))?)?")


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int
    language: str
    file: str | None
    comment: str
    code: str

    @property
    def padded(self) -> str:
        """The code at the line that it has on its page."""
        return "\n" * self.line + self.code

    @property
    def is_server(self) -> bool:
        return self.runs and re.search(r"^(app\.run\(|serve\()", self.code, re.MULTILINE) is not None

    @property
    def runs(self) -> bool:
        return self.language == "python" and self.file is None and not self.comment.startswith("no-run:")


def blocks_of(page: Path) -> list[Block]:
    text = page.read_text()
    return [
        Block(
            page,
            line=text.count("\n", 0, match.start("code")),
            language=match["language"],
            file=match["file"],
            comment=match["comment"] or "",
            code=match["code"],
        )
        for match in BLOCK.finditer(text)
    ]


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def name_of(value: Block | Path) -> str:
    if isinstance(value, Block):
        return f"{value.page.relative_to(ROOT)}:{value.line}"
    return str(value.relative_to(ROOT))


def program_of(blocks: list[Block]) -> str:
    """Return *blocks* as one program in which each line has its number on the page."""
    lines: list[str] = []
    for block in blocks:
        lines += [""] * (block.line - len(lines)) + block.code.splitlines()
    return "\n".join(lines) + "\n"


def write_files(page: Path, directory: Path) -> None:
    for block in blocks_of(page):
        if block.file:
            path = directory / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.code)


@contextmanager
def started(nursery: Nursery, page: Path, program: str, folder: Path) -> Iterator[tuple[Process, Path]]:
    """Run *program* so that its tracebacks show *page*, beside its log; end it with the block."""
    write_files(page, folder)
    log = folder / "output.log"
    process = nursery.start(Order(program, str(page), str(folder), str(log)))
    try:
        yield process, log
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=DEADLINE_S)


@pytest.mark.parametrize(
    "page", [page for page in PAGES if any(b.runs and not b.is_server for b in blocks_of(page))], ids=name_of
)
def test_the_blocks_of_a_page_run_as_one_program(nursery: Nursery, page: Path, tmp_path: Path) -> None:
    program = program_of([block for block in blocks_of(page) if block.runs and not block.is_server])

    with started(nursery, page, program, tmp_path) as (process, log):
        assert process.wait(timeout=DEADLINE_S) == 0, log.read_text()


@pytest.mark.parametrize("block", [block for block in BLOCKS if block.is_server], ids=name_of)
def test_a_server_answers(nursery: Nursery, block: Block, tmp_path: Path) -> None:
    before = [
        other
        for other in blocks_of(block.page)
        if other.runs and not other.is_server and other.line < block.line
    ]
    asked = ASK.fullmatch(block.comment or "ask: GET /")
    assert asked, f"{block.comment!r} is no ask: METHOD PATH STATUS TEXT"
    port = free_port()
    program = program_of([*before, block]).replace("6767", str(port))

    with started(nursery, block.page, program, tmp_path) as (process, log):
        wait_for(port, process, log)
        status, text = ask(asked["method"], f"http://127.0.0.1:{port}{asked['path']}")

    assert status == int(asked["status"]) if asked["status"] else status < 500
    assert (asked["text"] or "") in text


@pytest.mark.parametrize("block", [b for b in BLOCKS if b.comment.startswith("no-run:")], ids=name_of)
def test_what_does_not_run_compiles_at_least(block: Block) -> None:
    compile(block.padded, str(block.page), "exec")


def test_no_python_hides_from_this_test() -> None:
    """Only ```python runs, so ```py or ```pycon would be examples that nobody checks."""
    assert [
        name_of(block) for block in BLOCKS if block.language in {"py", "py3", "python3", "pycon", "Python"}
    ] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    targets = re.findall(
        r"\]\((?!https?:|mailto:|#)([^)#\s]+)", re.sub(r"```.*?```", "", page.read_text(), flags=re.DOTALL)
    )

    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_the_index_leads_to_every_page_of_the_manual() -> None:
    index = (ROOT / "docs" / "index.md").read_text()
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in PAGES if ROOT / "docs" in page.parents]

    assert [page for page in pages if page != "index.md" and f"({page})" not in index] == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for(port: int, server: Process, log: Path) -> None:
    """Return when *port* is open; fail with the server's own words when it never is."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline and server.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.01)
    pytest.fail(
        f"The server did not listen within {DEADLINE_S} s (exit code {server.poll()}):\n{log.read_text()}"
    )


def ask(method: str, url: str) -> tuple[int, str]:
    request = urllib.request.Request(url, method=method)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(
            request, timeout=DEADLINE_S
        ) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
