"""Tests of `otel_crumbs.export.sentry.remarks`: Sentry shows what was taken out, and where."""

from __future__ import annotations

import json
from typing import Any

from otel_crumbs import Breadcrumb
from otel_crumbs.base.plain import CUT, MAX_MESSAGE
from otel_crumbs.export.sentry.exporter import envelope_of
from otel_crumbs.export.sentry.remarks import MAX_REMARKS, add_remarks
from tests.export.events import NOW, event_of
from tests.export.schemas import assert_valid_envelope

TOKEN, CARD = "[scrubbed: token]", "[scrubbed: card]"


def payload_of_envelope(envelope: bytes) -> dict[str, Any]:
    """Return the event of an envelope."""
    payload: dict[str, Any] = json.loads(envelope.split(b"\n")[2])
    return payload


def test_each_mark_has_a_remark_with_its_place() -> None:
    """The tree is the event's own, and places are bytes of UTF-8, as relay cuts texts by them."""
    crumb = Breadcrumb(timestamp=NOW, type="default", category="log", level="info", message=f"größer {TOKEN} {CARD}")
    envelope = envelope_of(event_of(breadcrumbs=(crumb,), attributes={"shop.key": TOKEN}, scrubbed={"token": 2}))

    payload = payload_of_envelope(envelope)
    message = payload["breadcrumbs"]["values"][0]["message"].encode()
    remarks = payload["_meta"]["breadcrumbs"]["values"]["0"]["message"][""]["rem"]

    assert [(rule, kind, message[start:end].decode()) for rule, kind, start, end in remarks] == [
        ("otel_crumbs.token", "s", TOKEN),
        ("otel_crumbs.card", "s", CARD),
    ]
    assert payload["_meta"]["contexts"]["otel"]["attributes"]["shop.key"] == {
        "": {"rem": [["otel_crumbs.token", "s", 0, len(TOKEN)]]}
    }
    assert payload["contexts"]["otel_crumbs"]["scrubbed"] == {"token": 2}
    assert_valid_envelope(envelope)


def test_an_event_without_marks_has_no_remarks() -> None:
    """A word that looks like a mark is none."""
    crumb = Breadcrumb(timestamp=NOW, type="default", category="log", level="info", message="[scrubbed: floor]")

    assert "_meta" not in payload_of_envelope(envelope_of(event_of(breadcrumbs=(crumb,), dropped=0)))


def test_a_message_that_was_cut_keeps_its_remark() -> None:
    """That of one message does not become another's."""
    cut = f"{TOKEN} " + "x" * MAX_MESSAGE
    crumbs = tuple(
        Breadcrumb(timestamp=NOW, type="default", category="log", level="info", message=text[: MAX_MESSAGE - 1] + CUT)
        for text in (cut, "y" * MAX_MESSAGE)
    )

    meta = payload_of_envelope(envelope_of(event_of(breadcrumbs=crumbs)))["_meta"]["breadcrumbs"]["values"]

    limit = ["!limit", "s", MAX_MESSAGE - 1, MAX_MESSAGE]
    assert meta["0"]["message"][""]["rem"] == [limit, ["otel_crumbs.token", "s", 0, len(TOKEN)]]
    assert meta["1"]["message"][""]["rem"] == [limit]


def test_remarks_are_bounded() -> None:
    """Each makes the event heavier."""
    meta = add_remarks({"extra": {"stacktrace": TOKEN * (2 * MAX_REMARKS)}})["_meta"]

    assert len(meta["extra"]["stacktrace"][""]["rem"]) == MAX_REMARKS
