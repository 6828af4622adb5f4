"""The trail as text: a line for each breadcrumb, the newest last, with its time before the error."""

from __future__ import annotations

from otel_crumbs.base.plain import to_text
from otel_crumbs.base.printable import to_printable
from otel_crumbs.trails import NOTABLE_LEVELS, Breadcrumb

from .model import ErrorEvent

# New Relic keeps 4,095 characters of an attribute.
MAX_TIMELINE = 4000
# So that one long statement does not push all others out.
_MAX_LINE = 400
_NS = 1e9


def format_timeline(event: ErrorEvent, limit: int = MAX_TIMELINE) -> str:
    """
    Return as many of the newest breadcrumbs as fit.

    Args:
        event: The event.
        limit: The most characters.

    Returns:
        Lines such as ``-1.24 s  query  SELECT ...``, before them how many are left out.

    """
    lines: list[str] = []
    # For the line that tells of those that are left out.
    room = limit - len(_format_earlier(event.dropped + len(event.breadcrumbs)))
    for breadcrumb in reversed(event.breadcrumbs):
        line = _format_line(breadcrumb, event.timestamp)
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    earlier = event.dropped + len(event.breadcrumbs) - len(lines)
    return "\n".join([*([_format_earlier(earlier)] if earlier else []), *reversed(lines)])


def _format_earlier(count: int) -> str:
    return f"({count} earlier)"


def _format_line(breadcrumb: Breadcrumb, zero: int) -> str:
    seconds = (breadcrumb.timestamp - zero) / _NS
    level = f"{breadcrumb.level.upper()} " if breadcrumb.level in NOTABLE_LEVELS else ""
    repeated = f" (x{breadcrumb.repeated})" if breadcrumb.repeated > 1 else ""
    in_flight = " (in flight)" if breadcrumb.in_flight else ""
    message = to_text(to_printable(breadcrumb.message).strip(), _MAX_LINE)
    return f"{seconds:+.2f} s  {to_printable(breadcrumb.category)}  {level}{message}{repeated}{in_flight}"
