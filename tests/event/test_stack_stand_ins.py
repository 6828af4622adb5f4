"""The functions that we put around others' calls are in nobody's way."""

from __future__ import annotations

import asyncio
import http.client
import socket
import sqlite3
import subprocess
import sys
import traceback
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests

import otel_crumbs
from otel_crumbs.testing import capture_events

dbapi = pytest.importorskip("opentelemetry.instrumentation.dbapi")


def refused() -> None:
    """Connect where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        http.client.HTTPConnection(*unused.getsockname()).request("GET", "/")


def called_wrongly() -> None:
    """Call a method without its arguments."""
    http.client.HTTPConnection("localhost").putrequest()  # type: ignore[call-arg]


def connection() -> Any:
    """Return a connection as the instrumentation gives it out."""
    integration = dbapi.DatabaseApiIntegration("shop", "sqlite")
    return dbapi.get_traced_connection_proxy(sqlite3.connect(":memory:"), integration)


def wrong_sql() -> None:
    """Run a statement that SQLite does not know."""
    with closing(connection()) as opened:
        opened.execute("SELEC 1")


def closed_connection() -> None:
    """Use a connection after its end."""
    opened = connection()
    opened.close()
    opened.commit()


def redirected_nowhere() -> None:
    """Follow a redirect that urllib refuses."""
    request = urllib.request.Request("http://localhost/", method="PUT", data=b"")
    urllib.request.HTTPRedirectHandler().redirect_request(request, None, 301, "moved", {}, "/new")  # type: ignore[arg-type]


def redirected_too_often() -> None:
    """Follow more redirects than one wants to."""
    session = requests.Session()
    session.max_redirects = 0
    response = requests.Response()
    response.status_code, response.headers["location"] = 302, "/"
    response.url, response.raw = "http://localhost/", None
    response._content = b""
    prepared = requests.Request("GET", "http://localhost/").prepare()
    next(session.resolve_redirects(response, prepared, allow_redirects=True))  # type: ignore[call-arg]


def no_program() -> None:
    """Start a program that there is not."""
    subprocess.run(["/no/such/program"], check=False)


def impatient() -> None:
    """Wait for a program, too shortly."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            child.wait(timeout=0.01)
        finally:
            child.kill()


def no_coroutine() -> None:
    """Make a task of something else."""

    async def work() -> None:
        asyncio.get_running_loop().create_task(7)  # type: ignore[arg-type]

    asyncio.run(work())


CALLS = [
    refused,
    called_wrongly,
    wrong_sql,
    closed_connection,
    redirected_nowhere,
    redirected_too_often,
    no_program,
    impatient,
    no_coroutine,
]


def text_of(call: Callable[[], None]) -> list[str]:
    """Return the frames of what a call raises, as Python prints them."""
    try:
        call()
    except Exception as error:  # noqa: BLE001 - of any class
        return [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    raise AssertionError


@contextmanager
def uninstalled_below() -> Iterator[None]:
    """Uninstall where somebody else hooked in later, so that our stand-ins stay below, with nothing to do."""
    owners: list[tuple[Any, str]] = [
        (http.client.HTTPConnection, "putrequest"),
        (subprocess.Popen, "_execute_child"),
        (subprocess.Popen, "wait"),
        (asyncio.BaseEventLoop, "create_task"),
    ]
    with pytest.MonkeyPatch.context() as patch:
        with capture_events():
            for owner, name in owners:
                found = vars(owner)[name]
                patch.setattr(owner, name, lambda *args, _found=found, **kwargs: _found(*args, **kwargs))
        yield


@pytest.mark.parametrize("call", CALLS)
def test_a_traceback_is_as_without_us(call: Callable[[], None]) -> None:
    """An error shows the application's lines and those of its libraries, wherever it came from."""
    without = text_of(call)

    with capture_events():
        assert text_of(call) == without
    assert text_of(call) == without


@pytest.mark.parametrize("call", [called_wrongly, no_program, impatient, no_coroutine])
def test_a_traceback_has_no_frame_of_an_inactive_stand_in(call: Callable[[], None]) -> None:
    """After uninstalling, stand-ins may lie below others' hooks."""
    with uninstalled_below():
        found = text_of(call)

    assert [line for line in found if "otel_crumbs/" in line.replace("\\", "/") and "tests" not in line] == []


def test_our_frames_are_not_in_the_stacktrace() -> None:
    """A failed http.client call shows the application and http.client, and nothing of ours between them."""
    with capture_events() as events:
        with pytest.raises(ConnectionRefusedError) as caught:
            refused()
        otel_crumbs.capture_exception(caught.value)

        (event,) = events
        assert "http/client.py" in event.stacktrace
        assert "otel_crumbs/sources" not in event.stacktrace
        assert [frame for frame in event.exception.frames if "otel_crumbs/sources" in frame.path] == []
        assert event.exception.frames[0].path == __file__
