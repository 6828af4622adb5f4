"""
The part of a request that a receiver took, and the one that it rejected, which it never takes.

See `partial success <https://opentelemetry.io/docs/specs/otlp/#partial-success-1>`_.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from otel_crumbs.export.exporter import Outcome, Verdict

if TYPE_CHECKING:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsPartialSuccess

_REJECTED = "the receiver rejected the record"


def add_rejected(outcome: Outcome, partial: ExportLogsPartialSuccess) -> Outcome:
    """Return the outcome of a request whose response may say that some of its records were rejected."""
    if partial.rejected_log_records <= 0:
        return outcome
    return replace(outcome, rejected=partial.rejected_log_records, reason=partial.error_message or _REJECTED)


def judge_one(outcome: Outcome) -> Outcome:
    """Return the outcome for the only event of a request, which was refused if one was rejected."""
    return replace(outcome, verdict=Verdict.REFUSED) if outcome.rejected else outcome
