"""The addresses at which senders post to the viewer, and the kinds of their bodies."""

from __future__ import annotations

import re

PROTOBUF, JSON, LINES = "application/x-protobuf", "application/json", "application/x-ndjson"
LOGS, TRACES, METRICS, EVENTS = "/v1/logs", "/v1/traces", "/v1/metrics", "/v1/events"
PATHS = (LOGS, TRACES, METRICS, EVENTS)
# Those of Sentry's protocol, each after the name of a project.
ENVELOPE, STORE = "/envelope/", "/store/"
SENTRY = re.compile(rf"/api/(?P<project>[^/]+)(?P<kind>{ENVELOPE}|{STORE})")
