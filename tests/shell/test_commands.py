"""`otel-crumbs errors`, `show` and `tail`, as people run them."""

from __future__ import annotations

import json
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from otel_crumbs.view.store import Store
from tests.commands import OTEL_CRUMBS, environment, run
from tests.loopback import free_port
from tests.view.events import body_of, error_event, put

pytestmark = pytest.mark.e2e

PROTOBUF = {"Content-Type": "application/x-protobuf"}
HOSTILE = "first\x1b[2Jsecond\u202e"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a store with two errors, of which one is hostile."""
    path = tmp_path_factory.mktemp("store") / "view.sqlite3"
    with Store(path) as store:
        put(store, error_event(), error_event("b" * 32, seconds=5, operation=HOSTILE))
    return path


def test_errors_are_listed(file: Path, tmp_path: Path) -> None:
    """The newest first, each with the last breadcrumb before it."""
    done = run(tmp_path, "errors", "--file", str(file))

    lines = done.stdout.splitlines()
    assert [line[:8] for line in lines[::2]] == ["bbbbbbbb", "eeeeeeee", "2 of 2 e"]
    assert "POST orders/<int:pk>/pay/, 3 breadcrumbs, the last: SELECT ?" in lines[3]
    assert "\x1b" not in done.stdout
    assert "\u202e" not in done.stdout


def test_errors_are_found_and_printed_as_json(file: Path, tmp_path: Path) -> None:
    """A line for each, for jq."""
    done = run(tmp_path, "errors", "--file", str(file), "--json", "--limit", "1", "--search", "503 charge")

    [line] = done.stdout.splitlines()
    assert json.loads(line)["event_id"] == "b" * 32


def test_an_error_is_shown_as_the_demo_does(file: Path, tmp_path: Path) -> None:
    """With its trail, its source line, and nothing that a terminal would obey."""
    pytest.importorskip("rich")
    done = run(tmp_path, "show", "bbbbbb", "--file", str(file))

    assert done.returncode == 0, done.stderr
    assert "POST https://pay.example/charge -> 503 in 120 ms" in done.stdout
    assert "at shop/checkout.py:29 in pay" in done.stdout
    assert "\x1b" not in done.stdout


def test_an_error_is_shown_as_markdown_and_as_json(file: Path, tmp_path: Path) -> None:
    """For a ticket or an agent, and for programs."""
    markdown = run(tmp_path, "show", "eeeeee", "--file", str(file), "--format", "md").stdout
    document = json.loads(run(tmp_path, "show", "eeeeee", "--file", str(file), "--format", "json").stdout)

    assert markdown.startswith("# TypeError: 'NoneType' object is not subscriptable\n")
    assert document["breadcrumbs"][0]["message"] == "cart has 3 items"


@pytest.mark.parametrize(
    ("arguments", "code", "remedy"),
    [
        (("show", "abcdef"), 1, "otel-crumbs errors"),
        (("errors", "--since", "yesterday"), 2, "such as 20m"),
        (("errors", "--file", "nothing.sqlite3"), 2, "otel-crumbs view"),
        (("tail", "--port", "70000"), 2, "from 0 to 65535"),
    ],
)
def test_a_mistake_is_one_sentence(
    file: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, remedy: str
) -> None:
    """It says what to do, and is no traceback."""
    with_file = () if "--file" in arguments or arguments[0] == "tail" else ("--file", str(file))

    done = run(tmp_path, *arguments, *with_file)

    assert done.returncode == code
    assert remedy in done.stderr
    assert "Traceback" not in done.stderr


def test_tail_prints_what_arrives(tmp_path: Path) -> None:
    """Each event once, also where the sender sends it again; garbage gets a line and ends nothing."""
    pytest.importorskip("rich")
    port = free_port()
    command = [*OTEL_CRUMBS, "tail", "--port", str(port), "--count", "2"]
    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    ) as process:
        assert process.stderr
        assert f"127.0.0.1:{port}" in process.stderr.readline()

        assert post(port, body_of(error_event())) == 200
        assert post(port, body_of(error_event())) == 200
        assert post(port, b"\xff\xff garbage") == 400
        assert post(port, body_of(error_event("b" * 32)), Host="evil.example") == 403
        assert post(port, body_of(error_event("c" * 32, operation=HOSTILE))) == 200
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 0
    assert output.count("TypeError in ") == 2
    assert "POST https://pay.example/charge -> 503 in 120 ms" in output
    assert "\x1b" not in output


def test_tail_says_who_else_may_listen(tmp_path: Path) -> None:
    """A port in use has a remedy."""
    with Listening() as port:
        done = run(tmp_path, "tail", "--json", "--port", str(port))

    assert done.returncode == 2
    assert "--port" in done.stderr
    assert done.stderr.count("\n") == 1


class Listening:
    """A port that somebody listens on."""

    def __enter__(self) -> int:
        import socket  # noqa: PLC0415 - here alone

        self._socket = socket.create_server(("127.0.0.1", 0))
        port: int = self._socket.getsockname()[1]
        return port

    def __exit__(self, *_: object) -> None:
        self._socket.close()


def post(port: int, body: bytes, **headers: str) -> int:
    """Post a request of an exporter, and return the status."""
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/logs", body, PROTOBUF | headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
