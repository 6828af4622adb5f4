"""Each secret of a corpus is gone from what leaves, by whatever way it came in, and each look-alike is whole."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import ErrorEvent
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.export.http.document import document_of
from otel_crumbs.testing import capture_events
from tests.application import raised

from .corpus import HARMLESS_DATA, HARMLESS_STATEMENTS, iterate_harmless, iterate_secret_data, iterate_secrets
from .spellings import LOOK_ALIKES, SPELLINGS

SECRETS = [*iterate_secrets()]
SECRET_DATA = [*iterate_secret_data()]
HARMLESS = [*iterate_harmless()]


def capture(text: str, data: dict[str, Any] | None = None) -> ErrorEvent:
    """Return an event with a text as a note, a value, a log line, an exception, and the name of the operation."""
    with capture_events() as events, otel_crumbs.operation(text):
        otel_crumbs.record(text, data={"said": text, "items": [{"said": text}], **(data or {})})
        logging.getLogger("shop").warning("%s", text)
        error = raised(ValueError(text))[1]
        error.__notes__ = [text]  # type: ignore[attr-defined]  # as add_note() of Python 3.11 does
        otel_crumbs.capture_exception(error)
        return events[0]


def texts_of(value: Any) -> list[str]:
    """Return all texts and keys of a document."""
    if isinstance(value, dict):
        return [*value, *(text for item in value.values() for text in texts_of(item))]
    if isinstance(value, list | tuple):
        return [text for item in value for text in texts_of(item)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize(("kind", "text", "secrets"), SECRETS, ids=range(len(SECRETS)))
def test_a_secret_leaves_in_no_text(kind: str, text: str, secrets: list[str]) -> None:
    """Messages, data, the exception, its notes, its stack and the operation are scrubbed."""
    left = texts_of(document_of(capture(text)))

    assert [(secret, kind) for secret in secrets if any(secret in each for each in left)] == []


@pytest.mark.parametrize(("data", "secret"), SECRET_DATA, ids=range(len(SECRET_DATA)))
def test_a_secret_leaves_in_no_data(data: dict[str, Any], secret: str) -> None:
    """It is known by its key, at any depth."""
    left = texts_of(document_of(capture("note", data)))

    assert [text for text in left if secret in text] == []


@pytest.mark.parametrize("text", HARMLESS)
def test_a_look_alike_is_whole(text: str) -> None:
    """What is no secret is worth reading."""
    event = capture(text)
    note, log = event.breadcrumbs

    assert (note.message, note.data["said"], note.data["items"]) == (text, text, [{"said": text}])
    assert (log.message, event.operation, event.exception.message, event.exception.notes) == (text, text, text, (text,))
    assert text in event.stacktrace


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_secret_is_found_however_it_is_spelled(text: str) -> None:
    """In files of all formats, on command lines, in headers, addresses and sentences."""
    password, token = "q7Rk2LxPw9Zd4T", "Zk4uWq8Lx2PfTn6Rb0Yc1Vm5Hs9Jd3Ge7Ao4Ki8Bz"
    line = text.replace("¤", password).replace("§", token).replace("⏎", "\n")

    scrubbed = Scrubber().scrub_text(line)

    assert (password not in scrubbed, token not in scrubbed) == (True, True)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_line_that_looks_alike_is_the_very_same(text: str) -> None:
    """Settings, flags, ids, errors and command lines have the words of secrets."""
    assert Scrubber().scrub_text(text) is text


@pytest.mark.parametrize("text", HARMLESS_STATEMENTS)
def test_a_statement_with_harmless_values_is_whole(text: str) -> None:
    """Where the user keeps the values of statements, only the secrets among them go."""
    assert Scrubber(with_literals=True).scrub_text(text) == text


@pytest.mark.parametrize("data", HARMLESS_DATA, ids=range(len(HARMLESS_DATA)))
def test_data_that_looks_alike_is_whole(data: dict[str, Any]) -> None:
    """Keys are judged by their words, and not by their letters."""
    note, _ = capture("note", data).breadcrumbs

    assert {key: note.data[key] for key in data} == data


def test_both_sides_are_large_enough() -> None:
    """A rule that knows a few lines by heart does not suffice."""
    assert len(SECRETS) + len(SECRET_DATA) >= 200
    assert len(HARMLESS) + len(HARMLESS_DATA) >= 200


def test_categories_and_the_names_of_threads_are_scrubbed() -> None:
    """They are texts of the application as all others are."""
    with capture_events() as events:
        otel_crumbs.record("note", category="sync token=hunter2")
        error = raised(ValueError("boom"))[1]
        thread = threading.Thread(target=lambda: otel_crumbs.capture_exception(error), name="sync token=hunter2")
        otel_crumbs.capture_exception(raised(ValueError("other"))[1])
        thread.start()
        thread.join()
        otel_crumbs.flush()

        assert [event for event in events if "hunter2" in str(document_of(event))] == []
        assert events[1].thread == "sync token=[scrubbed: token]"
