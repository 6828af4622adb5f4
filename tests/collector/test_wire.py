"""The error event on the wire, as a real Collector understands it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from .otelcol import Collector
from .programs.nested_data import CART
from .received import LogRecord, Received
from .running import PROTOCOLS, run_program

pytestmark = pytest.mark.collector

RFC_3339_WITH_MICROSECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
LEVELS = {"debug", "info", "warning", "error", "fatal"}

over_both_protocols = pytest.mark.parametrize("protocol", PROTOCOLS)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """What one run of the program printed, and what arrived of it."""

    printed: dict[str, Any]
    received: Received

    @property
    def event(self) -> LogRecord:
        """The one event of the run."""
        [event] = self.received.events
        return event


Send = Callable[..., Sent]


@pytest.fixture(scope="module")
def send(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Send:
    """Return a function that runs a program over one protocol, each distinct run only once."""

    @cache
    def run(protocol: str, program: str = "nested_data.py", **variables: str) -> Sent:
        service = f"wire-{uuid4().hex[:8]}"
        printed = run_program(
            program,
            tmp_path_factory.mktemp("home"),
            OTEL_SERVICE_NAME=service,
            OTEL_RESOURCE_ATTRIBUTES="deployment.environment.name=test,team=shop",
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint(protocol),
            OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
            **variables,
        )
        return Sent(printed=printed, received=collector.received(service))

    return run


@over_both_protocols
def test_nested_breadcrumbs_arrive_intact(send: Send, protocol: str) -> None:
    """Lists, maps, numbers, booleans and nulls in a breadcrumb's data are at the Collector what they were before."""
    event = send(protocol).event

    _, cart, card = event.trail
    assert isinstance(event.attributes["otel_crumbs.breadcrumbs"], list)
    assert cart["data"] == CART
    assert card["data"] == {"code": 402}
    plain = [(crumb["message"], crumb["category"], crumb["level"], crumb["type"]) for crumb in (cart, card)]
    assert plain == [
        ("cart priced", "shop.cart", "info", "default"),
        ("card refused", "shop.card", "warning", "http"),
    ]


@over_both_protocols
def test_the_event_belongs_to_the_span_that_failed(send: Send, protocol: str) -> None:
    """Trace id and span id are those of the span that was open."""
    sent = send(protocol)

    event, printed = sent.event, sent.printed
    assert (event.trace_id, event.span_id) == (printed["trace_id"], printed["span_id"])


@over_both_protocols
def test_the_span_that_is_still_open_is_in_the_trail(send: Send, protocol: str) -> None:
    """A span that has not ended yet is marked as in flight, with its id and how long it has been open."""
    sent = send(protocol)

    still_open = sent.event.trail[0]
    assert still_open["in_flight"] is True
    assert still_open["message"].startswith("checkout")
    assert still_open["span_id"] == sent.printed["span_id"]
    assert still_open["duration_ms"] >= 0


@over_both_protocols
def test_the_event_carries_the_resource_of_the_application(send: Send, protocol: str) -> None:
    """The service's name and the attributes of its resource are those of the standard variables."""
    event = send(protocol).event

    assert event.resource["service.name"].startswith("wire-")
    assert event.resource["deployment.environment.name"] == "test"
    assert event.resource["team"] == "shop"
    assert event.resource["telemetry.sdk.language"] == "python"


@over_both_protocols
def test_the_event_describes_the_exception(send: Send, protocol: str) -> None:
    """Event name, severity, body and the attributes of the exception say what was raised."""
    event = send(protocol).event

    assert event.event_name == "exception"
    assert (event.severity_number, event.severity_text) == (17, "ERROR")
    assert "ValueError" in event.body
    assert "\n" not in event.body
    assert event.attributes["exception.type"] == "ValueError"
    assert event.attributes["exception.message"] == "cannot pay 42"
    assert 'raise ValueError("cannot pay 42")' in event.attributes["exception.stacktrace"]
    assert event.time > 0


@over_both_protocols
def test_flat_attributes_stand_beside_the_trail(send: Send, protocol: str) -> None:
    """What people search and group by needs no look into the array."""
    sent = send(protocol)

    flat = {
        name.removeprefix("otel_crumbs."): value
        for name, value in sent.event.attributes.items()
        if name.startswith("otel_crumbs.") and name != "otel_crumbs.breadcrumbs"
    }
    assert flat["event_id"] == sent.printed["event_id"]
    assert flat["count"] == len(sent.event.trail) == 3
    assert flat["dropped"] == 0
    assert flat["handled"] is True
    assert isinstance(flat["mechanism"], str)
    assert flat["last.category"] == "shop.card"
    assert flat["last.message"] == "card refused"


@over_both_protocols
def test_each_breadcrumb_has_the_shape_of_the_documentation(send: Send, protocol: str) -> None:
    """A time in microseconds and UTC, and a level out of five, are there in each, oldest first."""
    event = send(protocol).event

    times = [crumb["timestamp"] for crumb in event.trail]
    assert all(RFC_3339_WITH_MICROSECONDS.fullmatch(each) for each in times), times
    assert times == sorted(times)
    assert {crumb["level"] for crumb in event.trail} <= LEVELS
    # Python 3.10 does not know the Z.
    newest = datetime.fromisoformat(times[-1].replace("Z", "+00:00")).timestamp()
    assert newest <= event.time / 1e9


@over_both_protocols
def test_the_json_format_makes_one_string_of_the_trail(send: Send, protocol: str) -> None:
    """For back ends that keep no arrays of maps the same trail is one attribute of JSON text."""
    event = send(protocol, OTEL_CRUMBS_OTLP_FORMAT="json").event

    text = event.attributes["otel_crumbs.breadcrumbs"]
    assert isinstance(text, str)
    _, cart, card = json.loads(text)
    assert cart["data"] == CART
    assert card["message"] == "card refused"


@over_both_protocols
def test_the_program_knows_that_its_event_was_taken(send: Send, protocol: str) -> None:
    """The answer of `flush` is yes once the Collector has acknowledged the event."""
    printed = send(protocol).printed

    assert printed["flushed"] is True


@over_both_protocols
def test_values_that_otlp_cannot_carry_cost_nothing_else(send: Send, protocol: str) -> None:
    """Surrogates, huge numbers, cycles and hostile objects are cleaned, and every breadcrumb arrives."""
    event = send(protocol, "hostile_data.py").event

    messages = [crumb["message"] for crumb in event.trail]
    assert len(messages) == 13
    assert messages[0] == "before"
    assert messages[-1] == "after"
    assert event.trail[0]["data"] == {"plain": 1}
    assert event.trail[-1]["data"] == {"plain": 2}
    assert all(crumb["data"] for crumb in event.trail)


@over_both_protocols
def test_a_trail_that_is_too_heavy_is_made_to_fit(send: Send, protocol: str) -> None:
    """Megabytes of breadcrumbs are cut until the Collector takes them; the newest stay, and a count of the rest."""
    event = send(protocol, "heavy_data.py").event

    assert event.attributes["exception.type"] == "ValueError"
    assert event.trail[-1]["data"]["number"] == 199
    assert event.attributes["otel_crumbs.count"] == len(event.trail)
    assert event.attributes["otel_crumbs.dropped"] == 200 - len(event.trail)
    assert len(str(event)) < 512 * 1024


@over_both_protocols
def test_an_sdk_that_comes_after_us_gives_spans_and_resource(
    collector: Collector, service: str, tmp_path: Path, protocol: str
) -> None:
    """Spans of a tracer that is older than the SDK are in the trail, under the resource that the code set up."""
    run_program(
        "late_sdk.py",
        tmp_path,
        SERVICE_IN_CODE=service,
        OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint(protocol),
        OTEL_EXPORTER_OTLP_PROTOCOL=protocol,
    )

    [event] = collector.received(service).events
    assert event.resource["shop.region"] == "north"
    assert [crumb["data"].get("total") for crumb in event.trail] == [None, 42]
    assert int(event.trace_id, 16) != 0
