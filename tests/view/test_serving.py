"""The viewer's server, from its socket to its first page."""

from __future__ import annotations

import subprocess
import sys
import time
from http.client import HTTPConnection

import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store
from otel_crumbs.view.store import Store

from .events import error_event, put

FIRST_PAGE = """
import sys
from http.client import HTTPConnection
from otel_crumbs.cli import make_parser
from otel_crumbs.view.run import Options, greet, open_store
from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store

make_parser().parse_args(["view", "--memory"])
listener = open_socket(LOOPBACK, 0)
address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
with open_store(Options(memory=True)) as store, serve_store(store, address, listener, print) as serving:
    greet(store, address)
    assert not serving.wait_for_page(0)
    connection = HTTPConnection(LOOPBACK, address.port, timeout=60)
    connection.request("GET", "/")
    assert b"Nothing has failed yet" in connection.getresponse().read()
    connection.close()
    assert serving.wait_for_page(0)
    print(*sys.modules, sep="\\n")
"""
# Each takes longer to import than the page to show.
LATE = ("google.protobuf", "grpc", "mcp", "opentelemetry.proto", "opentelemetry.sdk", "requests", "rich")
# Each is imported by an option alone.
OPTIONAL = ("textual", "webbrowser")


def test_the_first_page_waits_for_nothing_that_it_does_not_show() -> None:
    """Receiving is imported with the first request of a sender, gRPC once the page is there."""
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAGE], capture_output=True, check=False, encoding="utf-8", timeout=60
    )

    assert done.returncode == 0, done.stderr
    imported = set(done.stdout.split())
    assert "otel_crumbs.view.pages" in imported
    assert imported.isdisjoint({*LATE, *OPTIONAL})
    assert "otel_crumbs.view.receiving" not in imported


def test_who_asks_before_the_server_is_there_is_answered() -> None:
    """The socket is open first; no module of the server is imported for that."""
    program = "import sys; from otel_crumbs.view.serving import open_socket; open_socket('', 0); print(*sys.modules)"

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=60)
    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    early = HTTPConnection(LOOPBACK, address.port, timeout=60)
    early.request("GET", "/health")
    with Store() as store, serve_store(store, address, listener, print):
        answer = early.getresponse().read()
    early.close()

    assert {"uvicorn", "starlette", "jinja2"}.isdisjoint(done.stdout.split())
    assert answer == b"ok\n"


def test_what_becomes_too_old_goes_by_itself() -> None:
    """Also where nothing new comes."""
    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    with Store(max_age=0.1) as store:
        put(store, error_event())
        assert list_errors(store)
        with serve_store(store, address, listener, print):
            end = time.monotonic() + 60
            while list_errors(store):
                assert time.monotonic() < end
                time.sleep(0.05)
