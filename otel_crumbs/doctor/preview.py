"""A sample event as each exporter would send it, byte by byte; nothing is sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, NoReturn, TextIO

from otel_crumbs.event import CapturedError, capture_error
from otel_crumbs.export import Exporter
from otel_crumbs.export.exporter import find_destination, show_event
from otel_crumbs.install import get_installation, install
from otel_crumbs.setup.installation import Installation
from otel_crumbs.sources.notes import record

from .exporters import MECHANISM, DoctorTest
from .logged_warnings import collect_warnings

# Nobody's secret, and nobody's address.
_SECRET = "correct-horse-battery-staple"  # noqa: S105
_CUSTOMER = "ada@shop.example"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPreview:
    """
    An event as one exporter would send it.

    Args:
        exporter: The name of the exporter.
        destination: The address that it would go to, empty where it goes to none.
        body: The event, as text; None if the exporter does not show it.

    """

    exporter: str
    destination: str
    body: str | None


def show_preview(*, as_json: bool = False) -> int:
    """Print a sample event as each exporter would send it, and return the exit code: 1 if there is none to show."""
    with collect_warnings() as lines:
        installation = get_installation() or install()
        shown = list(iterate_previews(installation))
    if as_json:
        documents = [{**asdict(each), "body": _parse(each.body)} for each in shown]
        sys.stdout.write(json.dumps({"exporters": documents, "warnings": list(lines)}, indent=2) + "\n")
    else:
        for each in shown:
            write_event(each, sys.stdout)
        for line in lines:
            sys.stdout.write(f"warning: {line}\n")
    if not shown:
        sys.stderr.write("otel-crumbs: no event would leave: there is no exporter, or before_send drops it\n")
    return 0 if shown else 1


def iterate_previews(installation: Installation) -> Iterator[EventPreview]:
    """Iterate over the sample event as each exporter would send it."""
    event = installation.builder.build(capture_sample())
    if event is None or not installation.active:
        return
    for worker in installation.delivery.workers:
        exporter: Exporter = worker.exporter
        yield EventPreview(
            exporter=exporter.name, destination=find_destination(exporter), body=show_event(exporter, event)
        )


def capture_sample() -> CapturedError:
    """Return a captured exception with what may be secret or personal in its trail."""
    record("a customer signs in", category="shop", data={"password": _SECRET, "email": _CUSTOMER, "attempt": 2})
    record(f"GET https://shop.example/orders?page=2&token={_SECRET} -> 200", category="http", type="http")
    record("UPDATE customer SET email = 'ada@shop.example' WHERE id = 7", category="query", type="query")
    try:
        fail(_SECRET)
    except DoctorTest as error:
        return capture_error(error, mechanism=MECHANISM, handled=True)


def fail(password: str) -> NoReturn:
    """Raise the exception, in a function with a secret among its variables."""
    raise DoctorTest(f"cannot sign in {_CUSTOMER} with password={password}")


def write_event(shown: EventPreview, stream: TextIO) -> None:
    """Write an event below a line that says which exporter sends it, and where to."""
    where = f" to {shown.destination}" if shown.destination else ""
    if shown.body is None:
        stream.write(f"# {shown.exporter}{where}: its package does not show what it sends\n\n")
        return
    size = len(shown.body.encode("utf-8", "replace"))
    stream.write(f"# {shown.exporter}{where}, {size} bytes as text\n{shown.body}\n\n")


def _parse(body: str | None) -> Any:
    """Return the value of a text in JSON, or the text itself if it is none."""
    try:
        return None if body is None else json.loads(body)
    except ValueError:
        return body
