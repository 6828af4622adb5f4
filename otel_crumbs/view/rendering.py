"""The templates of the viewer's pages, in which nothing that an event says is markup."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from otel_crumbs.base.identity import VERSION

from .axis import make_axis
from .breadcrumb_line import shorten_sql
from .printable_lines import to_printable_lines
from .summary import shorten_path
from .trail import format_duration, format_offset

_FOLDER = Path(__file__).parent
_NANOSECONDS = 1_000_000_000
# Categories that have a colour of their own; the others share some, each always the same.
_KNOWN = ("http", "query", "rpc", "messaging", "redis", "exception", "error", "span", "log", "payment")
_OTHER_HUES = 6


def render(name: str, **values: Any) -> str:
    """Return a page."""
    return make_environment().get_template(name).render(alone=None, **values)


def render_alone(**values: Any) -> tuple[str, str]:
    """Return an error's page as one file that needs nothing, and the policy that lets its own style and script run."""
    style, script = (Markup((_FOLDER / "static" / name).read_text("utf-8")) for name in ("view.css", "view.js"))  # noqa: S704 - our own files
    hashes = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    policy = f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; img-src data:"
    alone = {"style": style, "script": script, "policy": policy}
    template = make_environment().get_template("error.html")
    return template.render(alone=alone, before=None, after=None, group=None, siblings=[], **values), policy


@cache
def make_environment() -> Environment:
    """Return the environment of the templates: everything is escaped, and harmless characters are left alone."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=make_harmless,
    )
    environment.filters |= {
        "axis": make_axis,
        "clock": format_clock,
        "duration": format_duration,
        "hue": find_hue,
        "iso": format_iso,
        "offset": format_offset,
        "plain": format_value,
        "short": shorten_path,
        "sql": shorten_sql,
    }
    environment.globals |= {"version": VERSION, "counted": count_values}
    return environment


def make_harmless(value: Any) -> Any:
    """Return a text without characters that colour, move or turn around what is read."""
    return to_printable_lines(value) if type(value) is str else value


def find_hue(category: str) -> str:
    """Return the name of the colour that a category has, always the same."""
    first = category.split(".", 1)[0].lower()
    if first in _KNOWN:
        return first
    return f"other{sum(category.encode('utf-8', 'replace')) % _OTHER_HUES}"


def format_clock(nanoseconds: int) -> str:
    """Return a moment for people, in UTC; the script shows it in their own time."""
    return f"{read_moment(nanoseconds):%Y-%m-%d %H:%M:%S} UTC"


def format_iso(nanoseconds: int) -> str:
    """Return a moment for programs."""
    return read_moment(nanoseconds).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_moment(nanoseconds: int) -> datetime:
    """Return a moment of the store, the nearest that can be written."""
    return datetime.fromtimestamp(min(nanoseconds // _NANOSECONDS, 253_402_300_799), timezone.utc).replace(
        microsecond=nanoseconds % _NANOSECONDS // 1000
    )


def format_value(value: Any) -> str:
    """Return an attribute or an item of data."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def count_values(rows: Sequence[Any], name: str) -> dict[str, int]:
    """Return how many rows have each value of a field, in the order in which they first come."""
    counts: dict[str, int] = {}
    for row in rows:
        if row.kind != "gap":
            value = getattr(row, name)
            counts[value] = counts.get(value, 0) + row.repeated
    return counts
