"""The entry of a swallowed exception, and how it is rendered."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType
from typing import Any

from otel_crumbs.base.exceptions import EVENT_NAME, format_title
from otel_crumbs.base.plain import MAX_MESSAGE, name_class, to_text
from otel_crumbs.event.app_frames import shorten_path
from otel_crumbs.event.model import Frame
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind, entry_makers

from .handlers import find_line


class SwallowedEntry(list[Any]):
    """
    The references to a swallowed exception; the first five are those of every entry.

    It can change: until its handler has ended it may turn out that the exception
    is raised on, and the same handler may handle the next one.
    """

    __slots__ = ()


# The places of what follows the fields of every entry: how often it happened, 0 while its exception is raised on; the
# handler's function and its place there, the class and the text; where it was raised.
COUNT, KEY, ORIGIN = range(5, 8)
_GONE = -1

# The handler's function and the place in it, the class and the text of the exception.
Key = tuple[CodeType, int, type, str]


def settle(entry: Any) -> Entry | None:
    """Return an entry that stays in the trail; None for one whose exception was raised on, or is told elsewhere."""
    if entry[COUNT] > 0:
        return entry  # type: ignore[no-any-return]  # a list that stands for one
    # It is in no trail any more, and cannot be used again.
    entry[COUNT] = _GONE
    return None


def render_swallowed(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a swallowed exception."""
    if entry[COUNT] <= 0:
        return
    timestamp, _, branch = entry[:3]
    code, place, kind, text = entry[KEY]
    title = format_title(name_class(kind), text)
    handled = _describe_place(code, place)
    raised = _describe_place(*entry[ORIGIN])
    name = name_class(kind).removeprefix("builtins.")
    yield Breadcrumb(
        timestamp=timestamp,
        type="error",
        category=EVENT_NAME,
        level="info",
        message=to_text(f"{title} (swallowed in {handled})", MAX_MESSAGE),
        data={
            "type": to_text(name),
            "error": to_text(title),
            "handled": True,
            "raised_in": raised,
            "handled_in": handled,
        },
        branch=branch,
        repeated=entry[COUNT],
    )


SWALLOWED = EntryKind(render=render_swallowed)
entry_makers[SwallowedEntry] = settle


def _describe_place(code: CodeType, place: int) -> str:
    line = find_line(code, place)
    function = getattr(code, "co_qualname", code.co_name)
    path = shorten_path(Frame(path=code.co_filename, line=line, function=function))
    return to_text(f"{function}, {'/'.join(path.split('/')[-2:])}:{line}")
