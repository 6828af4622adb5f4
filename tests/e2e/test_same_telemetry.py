"""What an application exports of its own accord is the same with and without us."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from typing import Any

import pytest

from tests.collector.received import Received

from .applications import WITHOUT_US, Launcher, StartWebsite
from .website import Website

pytestmark = pytest.mark.e2e

# What differs from process to process.
OF_THE_PROCESS = {"service.name", "service.instance.id", "process.pid"}

PAGES = ("/orders/1", "/checkout/7", "/missing/3", "/nowhere", "/excused/5", "/checkout/8")


def comparable(received: Received, port: int | None = None) -> dict[str, list[Any]]:
    """Return spans and logs in the order of time, with names in the place of ids and without the times."""
    spans = sorted(received.spans, key=lambda span: (span.start, span.end))
    logs = sorted(received.application_logs, key=lambda log: log.time)
    traces = numbered([*(span.trace_id for span in spans), *(log.trace_id for log in logs)])
    # Of an unsampled trace there are only the ids in its logs.
    names = numbered(log.span_id for log in logs) | {span.span_id: span.name for span in spans} | {"": ""}
    return {
        "spans": [
            {
                "name": span.name,
                "scope": span.scope,
                "kind": span.kind,
                "trace": traces[span.trace_id],
                "parent": names[span.parent_span_id],
                "trace_state": span.trace_state,
                "flags": span.flags,
                "attributes": plain(span.attributes, port),
                "events": [(event["name"], plain(event["attributes"], port)) for event in span.events],
                "status": plain(span.status, port),
                "resource": plain(span.resource, port),
            }
            for span in spans
        ],
        "logs": [
            {
                "scope": log.scope,
                "body": log.body,
                "severity": (log.severity_number, log.severity_text),
                "event_name": log.event_name,
                "attributes": plain(log.attributes, port),
                "trace": traces[log.trace_id],
                "span": names[log.span_id],
                "flags": log.flags,
                "resource": plain(log.resource, port),
            }
            for log in logs
        ],
    }


def numbered(ids: Iterable[str]) -> dict[str, Any]:
    """Return a number for each id, in the order of their coming; no id has none."""
    numbers: dict[str, Any] = {each: number for number, each in enumerate(dict.fromkeys(ids))}
    return {**numbers, "": None}


def plain(attributes: dict[str, Any], port: int | None) -> dict[str, Any]:
    """Return attributes without what is of this process alone."""
    return {name: portless(value, port) for name, value in attributes.items() if name not in OF_THE_PROCESS}


def portless(value: Any, port: int | None) -> Any:
    """Return a value without the website's port and without places in memory."""
    if value == port:
        return "port"
    return re.sub(rf":{port}\b|0x[0-9a-f]+", "", value) if isinstance(value, str) else value


def visit(website: Website) -> list[tuple[int, bytes]]:
    """Return all pages, after the server has stopped and sent all that it had."""
    pages = [website.get(path) for path in PAGES]
    website.stop()
    return pages


@pytest.mark.parametrize("sampler", ["always_on", "always_off"])
@pytest.mark.parametrize("conventions", ["", "http,database"])
def test_a_website_exports_and_answers_the_same(
    start_website: StartWebsite, launcher: Launcher, sampler: str, conventions: str
) -> None:
    """Every span, every log record and every page is the same, attribute by attribute."""
    variables = {
        "OTEL_TRACES_SAMPLER": sampler,
        "OTEL_SEMCONV_STABILITY_OPT_IN": conventions,
        "OTEL_PYTHON_LOG_CODE_ATTRIBUTES": "true",
    }
    ours = start_website(**variables)
    our_pages = visit(ours)
    others = start_website(**variables, **WITHOUT_US, OTEL_SERVICE_NAME=launcher.service_without_us)
    other_pages = visit(others)

    received, received_without_us = launcher.received(), launcher.received_without_us()
    expected = comparable(received_without_us, others.port)
    assert len(received.events) == 3
    assert received_without_us.events == []
    assert (len(expected["spans"]) > len(PAGES)) is (sampler == "always_on")
    assert len(expected["logs"]) >= len(PAGES)
    assert comparable(received, ours.port) == expected
    assert our_pages == other_pages


@pytest.mark.parametrize(
    "command",
    [
        ("nightly_job.py",),
        ("leaves_a_span.py", "INTERNAL"),
        ("leaves_a_span.py", "CONSUMER"),
        ("ways_to_fail.py", "logged"),
        pytest.param(
            ("ways_to_fail.py", "unreachable"),
            marks=pytest.mark.xfail(
                sys.version_info < (3, 11), reason="Python 3.10 shows the frame of whoever raises an exception again"
            ),
        ),
    ],
    ids=" ".join,
)
def test_a_script_exports_the_same(launcher: Launcher, command: tuple[str, ...]) -> None:
    """A script's spans and log records are the same, attribute by attribute."""
    launcher.run(*command, OTEL_PYTHON_LOG_CODE_ATTRIBUTES="true")
    launcher.run_without_us(*command, OTEL_PYTHON_LOG_CODE_ATTRIBUTES="true")

    received = launcher.received()
    expected = comparable(launcher.received_without_us())
    assert len(received.events) == 1
    assert expected["spans"] or expected["logs"]
    assert comparable(received) == expected
