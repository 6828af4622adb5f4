"""The addresses at which senders post to the viewer, and the kinds of their bodies."""

from __future__ import annotations

PROTOBUF, JSON, LINES = "application/x-protobuf", "application/json", "application/x-ndjson"
LOGS, TRACES, METRICS, EVENTS = "/v1/logs", "/v1/traces", "/v1/metrics", "/v1/events"
PATHS = (LOGS, TRACES, METRICS, EVENTS)
