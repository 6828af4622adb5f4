"""The viewer's pages: each is a question to the store, and a template."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import queries
from .difference import compare_trails
from .error_view import make_error_view
from .filters import Filters
from .groups import list_groups
from .markdown import as_markdown
from .queries import StoredError
from .rendering import render, render_alone
from .store import Store
from .trail import Trail, iterate_breadcrumbs, keep_newest, make_trail, make_trail_of_trace

_PAGE_SIZE = 50
# A browser takes seconds for a table of ten thousand.
_MAX_ROWS = 2000
_HOURS = {"1h": 1, "24h": 24, "7d": 168, "30d": 720}
_TRACE_ID = re.compile(r"[0-9a-f]{32}")
HTML, MARKDOWN, JSON = "text/html; charset=utf-8", "text/markdown; charset=utf-8", "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An answer: what a browser or a program gets."""

    body: str
    status: int = 200
    kind: str = HTML
    headers: Mapping[str, str] = field(default_factory=dict)


class Pages:
    """Makes the pages of a store; each method takes a request of Starlette."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def show_list(self, request: Any) -> Page:
        """Show the failures that match, grouped."""
        asked = request.query_params
        filters = read_filters(asked)
        found = list_groups(self._store, filters)
        choices = {name: queries.list_choices(self._store, name) for name in ("service", "level", "mechanism")}
        body = render(
            "list.html",
            groups=found.groups,
            total=found.total,
            filters=filters,
            period=asked.get("period", ""),
            periods=[*_HOURS],
            choices=choices,
            is_open=filters.is_open,
            last=queries.find_last_number(self._store),
            endpoint=f"{request.url.scheme}://{request.headers.get('host', '127.0.0.1')}",
            next_offset=filters.offset + _PAGE_SIZE if found.total.groups > filters.offset + _PAGE_SIZE else None,
            query={name: value for name, value in asked.items() if name not in {"offset", "token"} and value},
        )
        return Page(body=body)

    def show_group(self, request: Any) -> Page:
        """Show the events of one failure."""
        asked = request.query_params
        filters = read_filters(asked, group=request.path_params["name"])
        groups = list_groups(self._store, filters).groups
        if not groups:
            return self.show_missing("failure")
        rows = queries.list_errors(self._store, filters)
        following = filters.offset + _PAGE_SIZE
        body = render(
            "group.html",
            group=groups[0],
            rows=rows,
            offset=filters.offset,
            next_offset=following if groups[0].count > following else None,
        )
        return Page(body=body)

    def show_error(self, request: Any) -> Page:
        """Show one error event: as a page, as Markdown, as JSON, or as one file that needs nothing."""
        event_id, _, kind = request.path_params["event_id"].partition(".")
        error = queries.get_error(self._store, event_id)
        if error is None:
            return self.show_missing("event")
        if kind == "md":
            return self._show_markdown(request, error)
        if kind == "json":
            return Page(body=json.dumps(error.document, indent=2), kind=JSON)
        trail = make_trail(self._store, error)
        if kind == "html":
            name = f'attachment; filename="{error.row.event_id}.html"'
            page, policy = render_alone(error=error, view=make_error_view(error), trail=trail)
            return Page(body=page, headers={"content-disposition": name, "content-security-policy": policy})
        return self.show_missing("page") if kind else self._show_event(error, _shorten(request, trail))

    def show_difference(self, request: Any) -> Page:
        """Show the trails of two events side by side."""
        ids = request.path_params["event_id"], request.path_params["other"]
        left, right = (queries.get_error(self._store, each) for each in ids)
        if left is None or right is None:
            return self.show_missing("event")
        rows = [[*iterate_breadcrumbs(each, each.row.timestamp)] for each in (left, right)]
        differences = compare_trails(*rows)
        only = [sum(row.sign == sign for row in differences) for sign in "-+="]
        return Page(body=render("difference.html", left=left, right=right, rows=differences, only=only))

    def show_trace(self, request: Any) -> Page:
        """Show all errors of one trace, with their trails, on one axis."""
        trace_id = request.path_params["trace_id"]
        trail = make_trail_of_trace(self._store, trace_id) if _TRACE_ID.fullmatch(trace_id) else None
        if trail is None:
            return self.show_missing("trace")
        errors = queries.errors_of_trace(self._store, trace_id)
        return Page(body=render("trace.html", trace_id=trace_id, trail=_shorten(request, trail), errors=errors))

    def show_missing(self, what: str) -> Page:
        """Show that there is no such thing, or no more."""
        days = self._store.max_age / 86400
        words = f"It was removed since, or never came: what is older than {days:g} days, or has no room, goes."
        return self.show_failure(404, f"There is no such {what}", words)

    def show_failure(self, status: int, title: str, words: str) -> Page:
        """Show that something does not work, and what to do."""
        return Page(body=render("failure.html", title=title, words=words), status=status)

    def _show_event(self, error: StoredError, trail: Trail) -> Page:
        before, after = queries.find_neighbours(self._store, error.row)
        siblings = queries.errors_of_trace(self._store, error.row.trace_id) if error.row.trace_id else []
        groups = list_groups(self._store, Filters(group=error.row.group)).groups
        body = render(
            "error.html",
            error=error,
            view=make_error_view(error),
            trail=trail,
            before=before,
            after=after,
            group=groups[0] if groups else None,
            siblings=[row for row in siblings if row.event_id != error.row.event_id],
        )
        return Page(body=body)

    def _show_markdown(self, request: Any, error: StoredError) -> Page:
        link = f"{request.url.scheme}://{request.headers.get('host', '')}/errors/{error.row.event_id}"
        wanted = None if "all" in request.query_params else 10
        return Page(body=as_markdown(error, breadcrumbs=wanted, link=link), kind=MARKDOWN)


def _shorten(request: Any, trail: Trail) -> Trail:
    """Return a trail as long as a browser shows at once, or all of it where the address asks for that."""
    return trail if "all" in request.query_params else keep_newest(trail, _MAX_ROWS)


def read_filters(asked: Mapping[str, str], group: str = "") -> Filters:
    """Return the filters that an address asks for."""
    offset = asked.get("offset", "")
    hours = _HOURS.get(asked.get("period", ""))
    return Filters(
        text=asked.get("text", "")[:500],
        service=asked.get("service", ""),
        level=asked.get("level", ""),
        mechanism=asked.get("mechanism", ""),
        group=group,
        since=None if hours is None else queries.find_period(hours),
        limit=_PAGE_SIZE,
        offset=int(offset) if offset.isdecimal() and len(offset) < 10 else 0,  # noqa: PLR2004 - more than can be stored
    )
