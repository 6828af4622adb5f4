"""The tools that an agent may call: questions to the viewer's store, which change nothing."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

from otel_crumbs.view import queries
from otel_crumbs.view.filters import Filters
from otel_crumbs.view.groups import count_errors
from otel_crumbs.view.store import Store
from otel_crumbs.view.trail import TrailFilters, read_trail

from . import answers

MAX_ERRORS, MAX_ROWS = 50, 200
MAX_WAIT = 300.0
_SECONDS_BETWEEN_LOOKS = 0.2


class Tools:
    """
    The tools over one store.

    Args:
        store: What the viewer received.
        links: Where the viewer shows it.

    """

    def __init__(self, store: Store, links: answers.Links) -> None:
        self._store = store
        self._links = links

    def list_errors(
        self,
        since_hours: Annotated[float | None, "only errors of the last so many hours"] = None,
        service: Annotated[str, "only of this service"] = "",
        text: Annotated[str, "words that all stand in messages, breadcrumbs or attributes"] = "",
        level: Annotated[str, "only of this level: error or fatal"] = "",
        limit: Annotated[int, "how many at the most, up to 50"] = 10,
    ) -> str:
        """List errors that applications reported, the newest first, each with the last breadcrumb before it."""
        filters = Filters(
            since=None if since_hours is None else queries.find_period(max(0.0, since_hours)),
            service=service,
            text=text,
            level=level,
            limit=min(max(1, limit), MAX_ERRORS),
        )
        total = count_errors(self._store, filters)
        return answers.answer_list(queries.list_errors(self._store, filters), total, self._links)

    def get_error(self, event_id: Annotated[str, "the id, or its first characters, six at least"]) -> str:
        """Show one error: exception, the application's frames with source, and the last ten breadcrumbs before it."""
        error = queries.get_error(self._store, event_id)
        return explain_missing(event_id) if error is None else answers.answer_error(error, self._links)

    def get_trail(
        self,
        event_id: Annotated[str, "the id, or its first characters, six at least"],
        category: Annotated[str, "only of this category: http, query, a logger's name, ..."] = "",
        level: Annotated[str, "only of this level: debug, info, warning, error, fatal"] = "",
        text: Annotated[str, "only rows with this in message, category or data"] = "",
        before_s: Annotated[float | None, "only the last so many seconds before the error"] = None,
        limit: Annotated[int, "how many at the most, up to 200, the newest"] = 50,
    ) -> str:
        """Show what happened before an error, other services' spans and log records of its trace included."""
        wanted = TrailFilters(
            categories=(category,) if category else (), levels=(level,) if level else (), text=text, before_s=before_s
        )
        error = queries.get_error(self._store, event_id)
        trail = None if error is None else read_trail(self._store, error.row.event_id, wanted)
        if error is None or trail is None:
            return explain_missing(event_id)
        return answers.answer_trail(error, trail, min(max(1, limit), MAX_ROWS), self._links)

    def errors_of_trace(self, trace_id: Annotated[str, "32 hexadecimal digits"]) -> str:
        """List all errors of one trace, across services, the oldest first: the first is often the cause."""
        rows = queries.errors_of_trace(self._store, trace_id.lower(), limit=MAX_ERRORS)
        return answers.answer_trace(rows, trace_id.lower(), self._links)

    async def wait_for_error(
        self,
        timeout_s: Annotated[float, "how long to wait, at most 300 seconds"] = 60.0,
        service: Annotated[str, "only of this service"] = "",
    ) -> str:
        """Wait for the next error that arrives from now on, and show it: call it, then make the application fail."""
        number = await asyncio.to_thread(queries.find_last_number, self._store)
        deadline = time.monotonic() + min(max(0.0, timeout_s), MAX_WAIT)
        while True:
            for row in await asyncio.to_thread(queries.find_newer, self._store, number):
                number = row.number
                if service in {"", row.service}:
                    return await asyncio.to_thread(self.get_error, row.event_id)
            if time.monotonic() >= deadline:
                return "No error arrived in that time."
            await asyncio.sleep(_SECONDS_BETWEEN_LOOKS)


def explain_missing(event_id: str) -> str:
    """Return a sentence on an id that leads to no error."""
    return (
        f"There is no error whose id begins with {answers.quote(event_id, 40)}, or more than one, or it was removed "
        "to make room: list_errors says which there are."
    )
