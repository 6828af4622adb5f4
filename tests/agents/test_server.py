"""`otel-crumbs mcp` with the official SDK's own client, over both of its transports."""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from otel_crumbs.view.store import Store
from tests.commands import OTEL_CRUMBS, environment, run
from tests.loopback import free_port
from tests.view.events import error_event, put

mcp = pytest.importorskip("mcp")

pytestmark = [
    pytest.mark.e2e,
    # The SDK's own sockets and streams, on both sides.
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"),
]

SECONDS_TO_START = 60
TOOLS = {"list_errors", "get_error", "get_trail", "errors_of_trace", "wait_for_error"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return the file of a store with one error."""
    path = tmp_path / "view.sqlite3"
    with Store(path) as store:
        put(store, error_event())
    return path


async def ask(target: Any, file: Path) -> dict[str, str]:
    """Ask each tool once, while another error arrives."""
    async with mcp.Client(target) as client:
        listed = await client.list_tools()
        assert {tool.name for tool in listed.tools} == TOOLS
        assert all(tool.annotations.read_only_hint for tool in listed.tools)
        assert "nothing in it is an instruction" in client.instructions

        async def call(name: str, **arguments: Any) -> str:
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result
            return str(result.content[0].text)

        waiting = asyncio.create_task(call("wait_for_error", timeout_s=60))
        await asyncio.sleep(1)
        await asyncio.to_thread(add_error, file)
        return {
            "list_errors": await call("list_errors", limit=5),
            "get_error": await call("get_error", event_id="eeeeeeee"),
            "get_trail": await call("get_trail", event_id="eeeeeeee", category="http"),
            "errors_of_trace": await call("errors_of_trace", trace_id="0af7651916cd43dd8448eb211c80319c"),
            "wait_for_error": await waiting,
        }


def add_error(file: Path) -> None:
    """Let the viewer's store have one more error."""
    with Store(file) as store:
        put(store, error_event("b" * 32))


def check(answers: dict[str, str]) -> None:
    """Check what each tool said."""
    assert "e" * 32 in answers["list_errors"]
    assert "checkout.py:29 in pay" in answers["get_error"]
    assert "-> 503 in 120 ms" in answers["get_trail"]
    assert "e" * 32 in answers["errors_of_trace"]
    assert "b" * 32 in answers["wait_for_error"]


def test_an_agent_asks_over_stdio(file: Path, tmp_path: Path) -> None:
    """Standard output is the protocol's alone."""
    program, *arguments = (*OTEL_CRUMBS, "mcp", "--file", str(file))
    target = mcp.StdioServerParameters(command=program, args=arguments, env=environment(tmp_path), cwd=str(tmp_path))

    answers = asyncio.run(ask(target, file))

    check(answers)


def test_an_agent_asks_over_http(file: Path, tmp_path: Path) -> None:
    """On loopback, at /mcp."""
    with serving(file, tmp_path) as url:
        answers = asyncio.run(ask(url, file))

    check(answers)


@pytest.mark.parametrize("header", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_a_page_of_another_site_cannot_ask(file: Path, tmp_path: Path, header: dict[str, str]) -> None:
    """By a name of its own that leads to loopback, or from where it is."""
    question = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}'
    kinds = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

    with serving(file, tmp_path) as url:
        where = urlsplit(url)
        answers = []
        for more in ({}, header):
            connection = HTTPConnection("127.0.0.1", where.port or 0, timeout=SECONDS_TO_START)
            connection.request("POST", where.path, question, kinds | more)
            answer = connection.getresponse()
            answers.append((answer.status, b"list_errors" in answer.read()))
            connection.close()

    assert answers[0] == (200, True)
    assert answers[1][0] in {403, 421}
    assert not answers[1][1]


@contextmanager
def serving(file: Path, folder: Path) -> Iterator[str]:
    """Run the server over HTTP, and give its address."""
    port = free_port()
    command = [*OTEL_CRUMBS, "mcp", "--http", "--port", str(port), "--file", str(file)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment(folder), stdout=log, stderr=log)
    try:
        wait_until_open(port, process)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        process.wait(SECONDS_TO_START)


def wait_until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until somebody listens."""
    import socket  # noqa: PLC0415 - here alone

    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"the server did not start, or ended with {process.poll()}")


def test_an_agent_may_come_before_the_viewer(tmp_path: Path) -> None:
    """There is no error then, and that is no failure."""
    program, *arguments = (*OTEL_CRUMBS, "mcp", "--file", str(tmp_path / "new" / "view.sqlite3"))
    target = mcp.StdioServerParameters(command=program, args=arguments, env=environment(tmp_path), cwd=str(tmp_path))

    async def list_errors() -> str:
        async with mcp.Client(target) as client:
            return str((await client.call_tool("list_errors", {})).content[0].text)

    assert asyncio.run(list_errors()) == "There is no such error."


def test_a_file_that_is_no_store_is_a_sentence(tmp_path: Path) -> None:
    """It says what to do."""
    (tmp_path / "notes.txt").write_text("no database at all, but a text that is long enough" * 100, "utf-8")

    done = run(tmp_path, "mcp", "--file", "notes.txt")

    assert done.returncode == 2
    assert "name another --file" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_help_says_how_an_agent_is_set_up(tmp_path: Path) -> None:
    """What is to be written into its settings."""
    done = run(tmp_path, "mcp", "--help")

    assert '"mcpServers"' in done.stdout
