"""The command `otel-crumbs view`, as one types it."""

from __future__ import annotations

import argparse
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from otel_crumbs.cli import main
from otel_crumbs.view.command import parse_port, parse_size, parse_time
from otel_crumbs.view.program import find_interpreter
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.serving import Address, AddressError, make_token, open_socket
from otel_crumbs.view.store import Store

from .events import body_of, error_event

SENDERS = 8
PROGRAM = """
import otel_crumbs
with otel_crumbs.operation("job"):
    otel_crumbs.record("a note")
    raise LookupError("lost")
"""


@contextmanager
def view(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the viewer on a free port with its store in a folder; give its process and its port."""
    command = [
        sys.executable,
        "-m",
        "otel_crumbs",
        "view",
        "--port",
        "0",
        "--file",
        str(folder / "view.sqlite3"),
        *options,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        try:
            assert process.stderr is not None
            yield process, find_port(process.stderr)
        finally:
            process.kill()


def find_port(lines: IO[str]) -> int:
    """Return the port that the viewer says it listens on."""
    for line in lines:
        found = re.search(r"send to .*:(\d+) \(OTLP over HTTP\)", line)
        if found:
            return int(found[1])
    raise AssertionError("it never listened")


def post_all(port: int, numbers: Sequence[int]) -> Iterator[int]:
    """Send events one after the other, and iterate over the numbers of those that were acknowledged."""
    connection = HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        for number in numbers:
            connection.request(
                "POST", "/v1/logs", body_of(error_event(f"{number:032x}")), {"Content-Type": "application/x-protobuf"}
            )
            response = connection.getresponse()
            response.read()
            if response.status == 200:
                yield number
    except (OSError, HTTPException):
        pass
    finally:
        connection.close()


@pytest.mark.e2e
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """SIGKILL in the middle of 1,000 arriving events; those whose answer came are there at the next start."""
    acknowledged: list[int] = []
    with view(tmp_path) as (process, port), ThreadPoolExecutor(SENDERS) as senders:

        def send(first: int) -> None:
            for number in post_all(port, range(first, 1000, SENDERS)):
                acknowledged.append(number)
                if len(acknowledged) == 500:
                    process.send_signal(signal.SIGKILL)

        assert all(sent.exception() is None for sent in [senders.submit(send, first) for first in range(SENDERS)])

    with Store(tmp_path / "view.sqlite3") as store:
        [[kept]] = store.select("SELECT count(*) FROM errors")
        assert store.select("PRAGMA integrity_check")[0][0] == "ok"
        assert 500 <= len(acknowledged) <= kept <= len(acknowledged) + SENDERS
        assert len(acknowledged) < 1000
        assert all(store.select("SELECT 1 FROM errors WHERE event_id = ?", (f"{n:032x}",)) for n in acknowledged)


@pytest.mark.e2e
def test_a_program_behind_the_dashes_sends_here(tmp_path: Path) -> None:
    """Started under opentelemetry-instrument; its exit code is the command's."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    environment = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    command = [sys.executable, "-m", "otel_crumbs", "view", "--port", "0", "--file", str(tmp_path / "view.sqlite3")]

    done = subprocess.run(
        [*command, "--", "python", str(program)],
        env=environment,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1, done.stderr
    with Store(tmp_path / "view.sqlite3", read_only=True) as store:
        [row] = list_errors(store)
    assert (row.title, row.operation, row.last_message) == ("LookupError: lost", "job", "a note")


@pytest.mark.e2e
def test_it_ends_by_a_signal(tmp_path: Path) -> None:
    """With a page open that waits for news; nothing is printed but that it can be ended."""
    with view(tmp_path) as (process, port):
        waiting = socket.create_connection(("127.0.0.1", port))
        waiting.sendall(b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        waiting.recv(100)
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
        waiting.close()
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def write_browser(folder: Path, then: str) -> str:
    """Return a program that writes down what it shall show."""
    program = folder / "browser"
    program.write_text(f'#!/bin/sh\necho "$1" > {folder}/shown.new && mv {folder}/shown.new {folder}/shown\n{then}\n')
    program.chmod(0o755)
    return str(program)


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_a_browser_that_stays_open_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As those in a terminal, and those that BROWSER names, which Python waits for."""
    monkeypatch.setenv("BROWSER", write_browser(tmp_path, "exec sleep 300"))

    with view(tmp_path, "--open") as (process, port):
        while not (tmp_path / "shown").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)

        assert process.wait(30) == 0
        os.killpg(process.pid, signal.SIGKILL)
    assert (tmp_path / "shown").read_text() == f"http://127.0.0.1:{port}/\n"


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_a_browser_that_cannot_be_opened_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The viewer runs on."""
    monkeypatch.setenv("BROWSER", write_browser(tmp_path, "exit 1"))
    monkeypatch.setenv("PATH", "")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    with view(tmp_path, "--open") as (process, _):
        assert process.stderr is not None
        line = next(line for line in process.stderr if "no browser" in line)

        assert "BROWSER" in line
        assert process.poll() is None


def test_all_addresses_of_a_machine_are_reached_by_loopback() -> None:
    """Nobody can connect to 0.0.0.0 everywhere."""
    addresses = [Address(host=host, port=1, token="t") for host in ("0.0.0.0", "::", "10.0.0.1", "::1")]  # noqa: S104, S106 - as users ask for it

    assert [address.url for address in addresses] == [
        "http://127.0.0.1:1",
        "http://[::1]:1",
        "http://10.0.0.1:1",
        "http://[::1]:1",
    ]
    assert addresses[1].bracketed == "[::]"
    assert addresses[0].dsn == "http://t@127.0.0.1:1/1"


def test_a_port_in_use_is_named_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    """Nobody has to know what EADDRINUSE is."""
    with open_socket("127.0.0.1", 0) as listener:
        port = str(listener.getsockname()[1])
        before = signal.getsignal(signal.SIGTERM)

        code = main(["view", "--port", port, "--memory"])

        signal.signal(signal.SIGTERM, before)

    assert code == 1
    assert "end what listens there, or name another --port" in capsys.readouterr().err


def test_a_broken_store_is_named_with_the_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And not overwritten."""
    file = tmp_path / "view.sqlite3"
    file.write_text("something else" * 100)
    before = signal.getsignal(signal.SIGTERM)

    code = main(["view", "--port", "0", "--file", str(file)])

    signal.signal(signal.SIGTERM, before)
    assert code == 1
    assert "no database: move it away" in capsys.readouterr().err


def test_options_are_checked() -> None:
    """A typing mistake is no surprise later."""
    assert (parse_time("12h"), parse_time("2w"), parse_size("200MB"), parse_size("1GiB")) == (
        43200,
        14 * 86400,
        200_000_000,
        2**30,
    )
    for parse, text in [
        (parse_time, "0d"),
        (parse_time, "5"),
        (parse_size, "0MB"),
        (parse_size, "x"),
        (parse_port, "65536"),
    ]:
        with pytest.raises(argparse.ArgumentTypeError, match="expected"):
            parse(text)


def test_a_token_is_made_where_others_can_ask() -> None:
    """Loopback needs none; one that is given is used."""
    assert make_token("127.0.0.1") is None
    assert make_token("127.0.0.1", "given") == "given"
    made = make_token("0.0.0.0")  # noqa: S104 - asked for by the user
    assert made is not None
    assert len(made) >= 32
    assert made != make_token("0.0.0.0")  # noqa: S104 - likewise


def test_an_address_that_is_none_is_named() -> None:
    """Of this machine."""
    with pytest.raises(AddressError, match=r"cannot listen on 203\.0\.113\.7:0"):
        open_socket("203.0.113.7", 0)


def test_python_is_the_one_that_has_otel_crumbs() -> None:
    """Without an activated environment, too."""
    assert find_interpreter(["python", "app.py"]) == [sys.executable, "app.py"]
    assert find_interpreter(["gunicorn", "app"]) == ["gunicorn", "app"]
