"""Tests of `otel_crumbs.export.otlp.partial_success`: what a receiver rejected is lost, and the rest is not."""

from __future__ import annotations

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess

from otel_crumbs.export import DELIVERED, Verdict
from otel_crumbs.export.otlp.partial_success import add_rejected, judge_one


def test_some_of_many_are_rejected() -> None:
    """The others are delivered, and nothing is sent again."""
    partial = ExportLogsPartialSuccess(rejected_log_records=2, error_message="too many attributes")

    outcome = add_rejected(DELIVERED, partial)

    assert (outcome.verdict, outcome.rejected, outcome.reason) == (Verdict.DELIVERED, 2, "too many attributes")


def test_the_only_one_is_refused() -> None:
    """A request of one event has nothing else."""
    outcome = judge_one(add_rejected(DELIVERED, ExportLogsPartialSuccess(rejected_log_records=1)))

    assert (outcome.verdict, outcome.reason) == (Verdict.REFUSED, "the receiver rejected the record")


def test_a_warning_is_no_rejection() -> None:
    """Receivers may say something about records that they took."""
    assert judge_one(add_rejected(DELIVERED, ExportLogsPartialSuccess(error_message="use fewer"))) is DELIVERED
