"""Notes that are finished only when an error needs them, by a function of the application's."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from threading import get_ident
from time import monotonic, time_ns
from typing import Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import guarded, warn
from otel_crumbs.base.plain import MAX_MESSAGE, to_plain, to_plain_mapping, to_text
from otel_crumbs.base.threads import is_own_thread, wait_until
from otel_crumbs.trails import LEVELS, NOTABLE_LEVELS, Breadcrumb, Entry, EntryKind, current

from .notes import MAX_NAME, parse_level_name, to_nanoseconds

Processor = Callable[[dict[str, Any]], Any]


# A thread of this package waits for so long until another thread has finished a note. The processor may wait for a lock
# whose holder waits for the thread.
_PATIENCE = 1.0


class LazyNote:
    """
    The fields of a note, and the function that finishes them once.

    Args:
        fields: As they were recorded.
        processor: Changes them in place; its result is ignored, as raven did.

    """

    def __init__(self, fields: dict[str, Any], processor: Processor) -> None:
        self._fields = fields
        # Whoever takes it out runs it. There is no lock: the processor may do anything, and even ask for the trail.
        self._processors = [processor]
        # The thread that runs the processor, 0 for none.
        self._runner = 0

    def finish(self) -> dict[str, Any]:
        """Return the fields; the first to ask has them finished."""
        try:
            processor = self._processors.pop()
        except IndexError:
            self._wait_for_runner()
            return self._fields
        self._runner = get_ident()
        try:
            self._fields = _run_processor(self._fields, processor)
        finally:
            self._runner = 0
        return self._fields

    def _wait_for_runner(self) -> None:
        """Wait in a thread of this package, while the application's threads get the fields as they are."""
        if self._runner not in {0, get_ident()} and is_own_thread():
            wait_until(lambda: not self._runner, monotonic() + _PATIENCE)


@guarded("a breadcrumb with a processor was recorded by hand")
def record_lazily(
    processor: Processor,
    *,
    message: str | None,
    category: str | None,
    level: str,
    type: str,  # noqa: A002 - the word of the wire format
    data: Mapping[str, Any] | None,
    timestamp: float | datetime | None,
) -> None:
    """Leave a breadcrumb that *processor* finishes; the rest as in `notes.record`."""
    if level not in LEVELS:
        level = parse_level_name(level)
    moment = time_ns() if timestamp is None else to_nanoseconds(timestamp)
    fields = {
        "timestamp": moment / 1e9,
        "type": type,
        "category": category,
        "level": level,
        "message": message,
        "data": to_plain_mapping(data) if data is not None else {},
    }
    branch = current.find_branch()
    branch.append((moment, level in NOTABLE_LEVELS, branch.name, LAZY_NOTE, "manual", LazyNote(fields, processor)))


def render_lazy_note(entry: Entry) -> Iterator[Breadcrumb]:
    """Render a note, finished."""
    moment, _, branch, _, _, note = entry
    fields = note.finish()
    data = to_plain(fields.get("data"))
    yield Breadcrumb(
        timestamp=moment,
        type=to_text(str(to_plain(fields.get("type")) or "default"), MAX_NAME),
        category=to_text(str(to_plain(fields.get("category")) or "manual"), MAX_NAME),
        level=parse_level_name(to_plain(fields.get("level")) or "info"),
        message=to_text(str(to_plain(fields.get("message")) or ""), MAX_MESSAGE),
        data=data if isinstance(data, dict) else {},
        branch=branch,
    )


LAZY_NOTE = EntryKind(render=render_lazy_note)


def _run_processor(fields: dict[str, Any], processor: Processor) -> dict[str, Any]:
    finished = {**fields, "data": dict(fields["data"])}
    try:
        processor(finished)
    except BaseException as error:
        # The application's own code runs here.
        if is_thrown_in(error):
            raise
        warn("processor", "The breadcrumb processor %r raised %r; its breadcrumb stays as it was.", processor, error)
        return fields
    return finished
