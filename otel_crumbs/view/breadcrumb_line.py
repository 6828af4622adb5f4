"""The line of a breadcrumb in a timeline: its time before the error, its message, and a few items of its data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

NANOSECONDS = 1_000_000_000

# In SQL, a list of columns that is longer than this hides the table and the condition behind it.
MAX_COLUMNS_TEXT = 30
# Below this, in seconds, a tenth of a millisecond is worth showing.
MOMENT = 0.01

# A duration below this is not shown: nobody waited for it.
SLOW_MS = 1

MAX_DATA_ITEMS = 3
MAX_DATA_TEXT = 32

# Keys whose values the message, the category or another field has already.
SHOWN_ELSEWHERE = re.compile(
    r"^(method|url|status_code|reason|library|duration_ms|status|span|span_id|type|handled|logger|exception"
    r"|db\..*|code\..*|http\..*|thread\..*|exception\..*|otel\..*)$"
)


def format_relative_time(timestamp: str, zero: int) -> str:
    """Return a time as its distance from the error: ``-1.24 s``."""
    seconds = (parse_timestamp(timestamp) - zero) / NANOSECONDS
    if abs(seconds) >= 1:
        return f"{seconds:+.2f} s"
    if abs(seconds) >= MOMENT:
        return f"{seconds * 1000:+.0f} ms"
    return f"{seconds * 1000:+.1f} ms"


def parse_timestamp(timestamp: str) -> int:
    """Return RFC 3339 in UTC with microseconds as nanoseconds since the epoch, exactly."""
    moment = datetime.fromisoformat(timestamp.replace("Z", "+00:00"))
    whole = int(moment.replace(microsecond=0).timestamp())
    return whole * NANOSECONDS + moment.microsecond * 1000


def format_message(crumb: Mapping[str, Any]) -> str:
    """Return the message on one line; SQL without quotes and long lists of columns."""
    text = " ".join(str(crumb.get("message") or "").split())
    return shorten_sql(text) if crumb.get("type") == "query" else text


def shorten_sql(statement: str) -> str:
    """Return a statement without quotes, names of its only table, conditions of joins, and long lists of columns."""
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
    message = str(crumb.get("message") or "")
    shown = [f"{key}={cut(text, MAX_DATA_TEXT)}" for key, text in items if not is_shown_elsewhere(key, text, message)]
    return "  ".join(shown[:MAX_DATA_ITEMS])


def is_shown_elsewhere(key: str, text: str, message: str) -> bool:
    """Return whether an item of data says no more than the message and the other fields, or is no plain value."""
    if SHOWN_ELSEWHERE.match(key) or text.startswith("<"):
        return True
    # The message of the error that is reported stands in the timeline's last line.
    return text in message or (key == "error" and text.partition(":")[0] in message)


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
    """Return the duration, empty if it was short or the message has it."""
    milliseconds = crumb.get("duration_ms") or 0
    in_message = crumb.get("type") == "http" or crumb.get("in_flight")
    return "" if in_message or milliseconds < SLOW_MS else f"{milliseconds:.1f} ms"


def cut(text: str, limit: int) -> str:
    """Return a text of at most *limit* characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
