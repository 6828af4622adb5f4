"""Evaluations of feature flags, as span events and log records, are breadcrumbs of their own category."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry._logs import LogRecord

import otel_crumbs
from otel_crumbs.sources.rules.feature_flags import describe_evaluation
from otel_crumbs.testing import CapturedEvents
from tests.application import Application

EVALUATION = {
    "feature_flag.key": "new-checkout",
    "feature_flag.result.variant": "on",
    "feature_flag.result.reason": "targeting_match",
    "feature_flag.provider.name": "flagd",
}


@pytest.mark.parametrize(
    ("name", "attributes", "words"),
    [
        ("feature_flag.evaluation", EVALUATION, "new-checkout -> on (targeting_match)"),
        ("feature_flag", {"feature_flag.key": "a", "feature_flag.variant": "red"}, "a -> red"),
        ("feature_flag.evaluation", {"feature_flag.key": "a", "feature_flag.result.value": True}, "a -> true"),
        ("feature_flag.evaluation", {"feature_flag.key": "a", "feature_flag.result.value": [1]}, "a -> [1]"),
        (
            "feature_flag.evaluation",
            {"feature_flag.key": "a", "feature_flag.result.variant": "off", "error.type": "flag_not_found"},
            "a -> failed (flag_not_found)",
        ),
        ("feature_flag.evaluation", {"feature_flag.key": "a"}, "a"),
        ("feature_flag.evaluation", {}, None),
        ("retry", EVALUATION, None),
    ],
)
def test_an_evaluation_is_described(name: str, attributes: dict[str, Any], words: str | None) -> None:
    """By the names of today and of before."""
    assert describe_evaluation(name, attributes) == words


def test_a_span_event_is_a_breadcrumb_of_that_category(app: Application, events: CapturedEvents) -> None:
    """In the order in which it happened, with its attributes."""
    with app.request() as span:
        span.add_event("feature_flag.evaluation", EVALUATION)
        otel_crumbs.capture_exception(LookupError("boom"))

    [crumb] = events[0].breadcrumbs
    assert (crumb.category, crumb.message) == ("feature_flag", "new-checkout -> on (targeting_match)")
    assert crumb.data == EVALUATION


def test_a_log_record_is_a_breadcrumb_of_that_category(app: Application, events: CapturedEvents) -> None:
    """Emitted as an event by the Logs API."""
    app.logger_provider.get_logger("flags").emit(LogRecord(event_name="feature_flag.evaluation", attributes=EVALUATION))
    otel_crumbs.capture_exception(LookupError("boom"))

    [crumb] = events[0].breadcrumbs
    assert (crumb.category, crumb.message) == ("feature_flag", "new-checkout -> on (targeting_match)")
