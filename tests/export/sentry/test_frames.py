"""Tests of `otel_crumbs.export.sentry.frames`: source lines."""

from __future__ import annotations

from otel_crumbs.export.sentry.payload import payload_of
from tests.export.events import event_of, raised


def test_frames_have_the_source_around_their_line() -> None:
    """The innermost frame comes last, with the lines before and after its own."""
    error = payload_of(event_of())["exception"]["values"][-1]

    frame = error["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail"
    assert frame["context_line"].strip() == 'raise OutOfStockError("no lamps left") from error'
    assert [line.strip() for line in frame["pre_context"]][-1] == "except KeyError as error:"
    assert len(frame["post_context"]) == 5
    assert frame["filename"] == "tests/export/events.py"
    assert frame["abs_path"].endswith("tests/export/events.py")
    assert frame["in_app"] is True
    assert "vars" not in frame


def careless() -> None:
    """Fail near a password."""
    password = "hunter2"  # noqa: S105 - the secret of the test
    raise ValueError(password[:0])


def test_secrets_in_source_lines_are_scrubbed() -> None:
    """They are lines of the application's files, and part of the event."""
    payload = payload_of(event_of(raised(careless)))

    assert "hunter2" not in str(payload)
    assert "[scrubbed: password]" in str(payload["exception"]["values"][-1]["stacktrace"]["frames"][-1])
