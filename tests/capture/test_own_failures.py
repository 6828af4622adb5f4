"""What hooks, processors and values do to an event: at worst they cost it, and they make no events of their own."""

from __future__ import annotations

import logging
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import breadcrumbs
from otel_crumbs.testing import capture_events
from tests.conftest import GuardedFailures

logger = logging.getLogger("tests.hooks")


class OwnError(BaseException):
    """An exception that is no `Exception`."""


RAISED = (SystemExit, KeyboardInterrupt, GeneratorExit, OwnError)


def test_what_a_hook_reports_is_no_event(guarded_failures: GuardedFailures) -> None:
    """Or each of these events would make the next ones."""

    def before_send(event: otel_crumbs.ErrorEvent) -> otel_crumbs.ErrorEvent:
        logger.error("no tenant for this event", exc_info=LookupError("no tenant"))
        ids.append(otel_crumbs.capture_exception(LookupError("no tenant")))
        return event

    ids: list[str | None] = []
    with capture_events(before_send=before_send) as events:
        otel_crumbs.capture_exception(ValueError("boom"))

        assert [event.title for event in events] == ["ValueError: boom"]
    assert ids == [None]
    assert guarded_failures == []


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize("hook", ["before_send", "before_breadcrumb"])
def test_a_hook_may_raise_anything(hook: str, raised: type[BaseException]) -> None:
    """What it was given is sent as it was."""

    def fail(_: Any) -> Any:
        raise raised

    with capture_events(**{hook: fail}) as events:
        otel_crumbs.record("note")
        otel_crumbs.capture_exception(ValueError("boom"))

        assert [[breadcrumb.message for breadcrumb in event.breadcrumbs] for event in events] == [["note"]]


@pytest.mark.parametrize("raised", RAISED)
def test_a_poisoned_breadcrumb_costs_itself(raised: type[BaseException], guarded_failures: GuardedFailures) -> None:
    """Its processor leaves a value that cannot be read, in the worker."""

    class Poison(str):
        __slots__ = ()

        def __len__(self) -> int:
            raise raised

        def __str__(self) -> str:
            raise raised

    def poison(fields: dict[str, Any]) -> None:
        fields["data"] = {Poison("key"): Poison("value")}
        fields["message"] = Poison("message")
        fields["level"] = Poison("level")

    with capture_events() as events:
        otel_crumbs.record("before")
        breadcrumbs.record("poisoned", processor=poison)
        otel_crumbs.record("after")
        otel_crumbs.capture_exception(ValueError("boom"))

        [event] = events
    messages = [breadcrumb.message for breadcrumb in event.breadcrumbs]
    assert (messages[0], messages[-1]) == ("before", "after")
    guarded_failures.clear()


@pytest.mark.parametrize("raised", RAISED)
def test_the_name_of_an_operation_may_raise_anything(raised: type[BaseException]) -> None:
    """It costs itself, and no event."""

    class Name(str):
        __slots__ = ()

        def __str__(self) -> str:
            raise raised

        def __len__(self) -> int:
            raise raised

        def encode(self, *_: Any) -> bytes:
            raise raised

    class Other:
        def __repr__(self) -> str:
            raise raised

        @property
        def __class__(self) -> Any:
            raise raised

    with capture_events() as events:
        for name in (Name("job"), Other()):
            with otel_crumbs.operation(name):  # type: ignore[arg-type]  # whatever the application gives
                otel_crumbs.capture_exception(ValueError("boom"))

        assert len(events) == 2
        assert otel_crumbs.flush(10)
