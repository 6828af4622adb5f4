"""
Remarks on what was taken out of an event, which Sentry shows beside the mark in its place.

They are in `_meta`, a tree like the event's own, as relay writes them: the rule, `s` for
"substituted", and where the mark begins and ends, in bytes of UTF-8. See
`chunks of relay <https://github.com/getsentry/relay/blob/master/relay-event-schema/src/processor/chunks.rs>`_.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from otel_crumbs.event.scrubbing.marks import find_marks

# Each takes some eighty bytes of an event.
MAX_REMARKS = 500
_META = "_meta"

Path = tuple[str, ...]


def has_marks(encoded: bytes) -> bool:
    """Return whether a payload as JSON has marks, a look that costs next to nothing."""
    return b"[scrubbed" in encoded


def add_remarks(payload: dict[str, Any]) -> dict[str, Any]:
    """
    Return a payload whose `_meta` has a remark for each mark in it.

    Args:
        payload: An event as Sentry's JSON; remarks that it has already stay.

    """
    tree: dict[str, Any] = _copy_tree(payload.get(_META, {}))
    rest = {key: value for key, value in payload.items() if key != _META}
    for path, remark in islice(_iterate_remarks(rest, ()), MAX_REMARKS):
        node = tree
        for name in path:
            node = node.setdefault(name, {})
        node.setdefault("", {}).setdefault("rem", []).append(remark)
    return {**rest, _META: tree} if tree else rest


def _iterate_remarks(value: Any, path: Path) -> Iterator[tuple[Path, list[Any]]]:
    if isinstance(value, str):
        for kind, start, end in find_marks(value):
            yield path, [f"otel_crumbs.{kind or 'secret'}", "s", _count_bytes(value, start), _count_bytes(value, end)]
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _iterate_remarks(item, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for number, item in enumerate(value):
            yield from _iterate_remarks(item, (*path, str(number)))


def _count_bytes(text: str, length: int) -> int:
    return length if text.isascii() else len(text[:length].encode(errors="replace"))


def _copy_tree(tree: Any) -> Any:
    # The remark of a cut message is one object for all.
    if isinstance(tree, dict):
        return {key: _copy_tree(item) for key, item in tree.items()}
    return [*tree] if isinstance(tree, list) else tree
