"""What is in a trail."""

from __future__ import annotations

import importlib
import logging
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from scenario import Outcome, scenario

if TYPE_CHECKING:
    from libraries import Library

ABOUT = "Content"


def instrument(library: Library, *names: str) -> None:
    """Instrument libraries for OpenTelemetry; sentry-sdk brings its own."""
    for name in names if library.name == "otel_crumbs" else ():
        module = importlib.import_module(f"opentelemetry.instrumentation.{name}")
        kind = next(value for key, value in vars(module).items() if key.lower() == f"{name}instrumentor")
        kind().instrument()


def closed_port() -> int:
    """Return a port of this machine at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetch(url: str) -> None:
    """Try to fetch a page."""
    import requests

    with suppress(requests.ConnectionError):
        requests.get(url, timeout=2)


@scenario(ABOUT, "A failed connection leaves a breadcrumb")
def failed_connection(library: Library) -> Outcome:
    """Ask where nobody answers."""
    library.start()
    instrument(library, "requests")
    with library.request("ada"):
        fetch(f"http://127.0.0.1:{closed_port()}/stock")
        library.capture(ValueError("ada"))
    [event] = library.seen()
    found = event.of_type("http", "httplib")
    return Outcome(good=bool(found), words=f"`{found[0]['message']}`" if found else "")


@scenario(ABOUT, "A SQL breadcrumb says how long the query took and whether it failed")
def sql(library: Library) -> Outcome:
    """Let Django's ORM ask SQLite well and badly."""
    library.start()
    instrument(library, "sqlite3")
    connection = _django()
    with library.request("ada"):
        _ask(connection, "SELECT 1 AS one")
        _ask(connection, "SELECT * FROM nowhere")
        library.capture(ValueError("ada"))
    [event] = library.seen()
    queries = [one for one in event.of_type("query") if "SELECT" in str(one.get("message"))]
    timed = [one for one in queries if "duration_ms" in one or "duration" in str(one.get("data"))]
    failed = [one for one in queries if "no such table" in str(one)]
    lacking = [name for name, found in (("duration", len(timed) == len(queries)), ("outcome", failed)) if not found]
    if not queries:
        return Outcome(good=False, words="no breadcrumb")
    return Outcome(good=not lacking, words=f"no {' and no '.join(lacking)}" if lacking else "")


@scenario(ABOUT, "Secrets in messages and in data are scrubbed")
def secrets(library: Library) -> Outcome:
    """Log some."""
    library.start()
    with library.request("ada"):
        library.note("connecting to postgres://shop?password=hunter2-note")
        logging.getLogger("shop").warning("login with token=%s", "hunter2-line")
        logging.getLogger("shop").warning("login", extra={"details": {"password": "hunter2-extra"}})
        library.capture(ValueError("ada"))
    [event] = library.seen()
    reported = [where for where in ("note", "line", "extra") if event.reports(f"hunter2-{where}")]
    return Outcome(good=not reported, words=f"told in: {', '.join(reported)}" if reported else "")


@scenario(ABOUT, "The INFO line that the logger's own level kept off the output is in the trail")
def unprinted_line(library: Library) -> Outcome:
    """Log below a logger's level."""
    library.start()
    logger = logging.getLogger("shop")
    logger.setLevel(logging.WARNING)
    with library.request("ada"):
        logger.info("not printed")
        library.capture(ValueError("ada"))
    [event] = library.seen()
    return Outcome(good=event.reports("not printed"))


@scenario(ABOUT, "The trail is the same where the trace is sampled out")
def sampled_out(library: Library) -> Outcome:
    """Sample nothing."""
    library.start(sampled=False)
    instrument(library, "requests", "sqlite3")
    connection = _django()
    with library.request("ada"):
        _ask(connection, "SELECT 1 AS one")
        library.note("note of ada")
        library.capture(ValueError("ada"))
    [event] = library.seen()
    return Outcome(good=event.reports("note of ada") and event.reports("AS one"))


@scenario(ABOUT, "Ten thousand notes do not push out the warning that came before them")
def warning_stays(library: Library) -> Outcome:
    """Make noise after a warning."""
    library.start()
    with library.request("ada"):
        logging.getLogger("shop").warning("disk nearly full")
        for number in range(10_000):
            library.note(f"step {number}")
        library.capture(ValueError("ada"))
    [event] = library.seen()
    return Outcome(good=event.reports("disk nearly full"))


def _django() -> Any:
    import django
    from django.conf import settings

    databases = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
    settings.configure(DATABASES=databases, USE_TZ=True)
    django.setup()
    from django.db import connection

    return connection


def _ask(connection: Any, statement: str) -> None:
    from django.db import DatabaseError

    with connection.cursor() as cursor, suppress(DatabaseError):
        cursor.execute(statement)
