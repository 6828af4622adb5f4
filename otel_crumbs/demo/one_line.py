"""A breadcrumb in one line: its time before the error, its message, the data worth a glance."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

NANOSECONDS = 1_000_000_000

# A list of columns longer than this hides the table and the condition behind it.
MAX_COLUMNS_TEXT = 30
# Below this, in seconds, a tenth of a millisecond is worth showing.
MOMENT = 0.01

# What took less is not why anybody waited.
SLOW_MS = 1

MAX_DATA_ITEMS = 3
MAX_DATA_TEXT = 32

# Said by the message, the category or another field already.
SAID_ELSEWHERE = re.compile(
    r"^(method|url|status_code|reason|library|duration_ms|status|span|span_id|type|handled|logger|exception"
    r"|db\..*|code\..*|http\..*|thread\..*|exception\..*|otel\..*)$"
)


def format_relative_time(timestamp: str, zero: int) -> str:
    """Return when something happened, seen from the error: ``-1.24 s``."""
    seconds = (to_nanoseconds(timestamp) - zero) / NANOSECONDS
    if abs(seconds) >= 1:
        return f"{seconds:+.2f} s"
    if abs(seconds) >= MOMENT:
        return f"{seconds * 1000:+.0f} ms"
    return f"{seconds * 1000:+.1f} ms"


def to_nanoseconds(timestamp: str) -> int:
    """Read RFC 3339 in UTC with microseconds, without losing any of them."""
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * NANOSECONDS + moment.microsecond * 1000


def format_message(crumb: Mapping[str, Any]) -> str:
    """Return the message on one line; SQL without quotes and long lists of columns."""
    text = " ".join(str(crumb.get("message") or "").split())
    return shorten_sql(text) if crumb.get("type") == "query" else text


def shorten_sql(statement: str) -> str:
    """Return a statement as one would say it to a colleague."""
    plain = statement.replace('"', "")
    selected = re.match(r"SELECT (.+?) FROM ", plain)
    if selected and len(selected[1]) > MAX_COLUMNS_TEXT:
        plain = plain.replace(selected[1], "…", 1)
    tables = set(re.findall(r"(?:FROM|JOIN|INTO|UPDATE) (\w+)", plain))
    if len(tables) == 1:
        plain = plain.replace(f"{tables.pop()}.", "")
    plain = re.sub(r"( JOIN \S+) ON \([^()]*\)", r"\1", plain)
    return re.sub(r"(INSERT INTO \S+) \([^()]{30,}\)", r"\1 (…)", plain)


def format_data(crumb: Mapping[str, Any]) -> str:
    """Return the few items of data that the message lacks, of plain values only."""
    items = ((key, str(item)) for key, item in (crumb.get("data") or {}).items())
    reported = str(crumb.get("message") or "")
    shown = [f"{key}={cut(text, MAX_DATA_TEXT)}" for key, text in items if not is_reported(key, text, reported)]
    return "  ".join(shown[:MAX_DATA_ITEMS])


def is_reported(key: str, text: str, format_message: str) -> bool:
    """Return whether the message has what an item of data says."""
    if SAID_ELSEWHERE.match(key) or text.startswith("<"):
        return True
    # An error's own words stand in the last line, where it is the one that is reported.
    return text in format_message or (key == "error" and text.partition(":")[0] in format_message)


def format_marks(crumb: Mapping[str, Any]) -> str:
    """Return the marks of a breadcrumb: repeated, still open, from another branch."""
    found = []
    if crumb.get("repeated", 1) > 1:
        found.append(f"x{crumb['repeated']}")
    if crumb.get("in_flight") and "in flight" not in str(crumb.get("message")):
        found.append("in flight")
    if crumb.get("branch"):
        found.append(f"in {crumb['branch']}")
    return ", ".join(found)


def format_duration(crumb: Mapping[str, Any]) -> str:
    """Return how long it took, if that was long and the message does not say so."""
    milliseconds = crumb.get("duration_ms") or 0
    reported = crumb.get("type") == "http" or crumb.get("in_flight")
    return "" if reported or milliseconds < SLOW_MS else f"{milliseconds:.1f} ms"


def cut(text: str, limit: int) -> str:
    """Return a text of at most *limit* characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
