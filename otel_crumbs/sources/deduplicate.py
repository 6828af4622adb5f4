"""
The removal of duplicates: one thing that two instrumentations record is one breadcrumb.

Libraries lie on each other: SQLAlchemy on a driver, boto3's SQS client on
botocore, Celery on its broker's client. Each has spans of its own, and which of
them are there is known only when the trail is rendered.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from otel_crumbs.base.exceptions import format_title
from otel_crumbs.base.guard import guarded
from otel_crumbs.trails import Breadcrumb

from .rules.database_errors import remove_values

# Clocks of spans are read one after the other; durations are rounded to microseconds.
_ROUNDING = 2_000

_COMMENT = re.compile(r"\s*/\*.*?\*/")
# A result, after a look whether it is there; a message that a worker has, and has done.
_STORED = "SETEX ? ? ?; PUBLISH ? ?"
_COMMANDS_OF_CELERY = frozenset({_STORED, "ZADD ? ? ?; HSET ? ? ?", "ZREM ? ?; HDEL ? ?"})
_URLLIB3_LOGGER = "urllib3.connectionpool"
_STAMINA_LINE = "stamina.retry_scheduled"
_HTTPX_LINE, _HTTPX_URL = re.compile(r"HTTP Request: (\S+) (\S+)"), "<httpx.URL>"


@guarded("duplicate breadcrumbs were removed")
def deduplicate(breadcrumbs: Sequence[Breadcrumb]) -> list[Breadcrumb]:
    """Return breadcrumbs, oldest first, with only one of those that describe the same thing."""
    if not any(map(_has_layers, breadcrumbs)):
        return list(breadcrumbs)
    left_out = {
        *_find_inner_duplicates(breadcrumbs),
        *_find_duplicate_exceptions(breadcrumbs),
        *_find_lines_of_httpx(breadcrumbs),
        *_find_commands_of_celery(breadcrumbs),
        *_find_lines_of_attempts(breadcrumbs),
        *_find_lines_of_urllib3(breadcrumbs),
        *_find_reported_exceptions(breadcrumbs),
    }
    return [breadcrumb for index, breadcrumb in enumerate(breadcrumbs) if index not in left_out]


def _has_layers(breadcrumb: Breadcrumb) -> bool:
    """Return whether another breadcrumb may describe the same thing: one of the two is a span's, or an exception."""
    return breadcrumb.duration_ms is not None or bool(breadcrumb.span_id) or _is_swallowed(breadcrumb)


class Layers(NamedTuple):
    """
    Two layers whose breadcrumbs, one within the other, describe one thing, and which of them goes.

    Args:
        word: The category or the library of the outer one.
        outer: Whether a breadcrumb of that is one.
        inner: Whether a breadcrumb describes the same thing as the outer one.
        leave_out_outer: Whether it is the outer one that goes.

    """

    word: str
    outer: Callable[[Breadcrumb], bool]
    inner: Callable[[Breadcrumb, Breadcrumb], bool]
    leave_out_outer: bool


def _library_of(breadcrumb: Breadcrumb) -> object:
    return breadcrumb.data.get("library")


def _is_orm_query(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.type == "query" and _library_of(breadcrumb) == "sqlalchemy"


def _is_same_query(outer: Breadcrumb, inner: Breadcrumb) -> bool:
    return inner.type == "query" and _library_of(inner) != "sqlalchemy" and _statement_of(outer) == _statement_of(inner)


def _statement_of(breadcrumb: Breadcrumb) -> str:
    """Return a query without its outcome and without the comments that tracing adds to it."""
    whole = breadcrumb.data.get("statement")
    return _COMMENT.sub("", whole if isinstance(whole, str) else breadcrumb.message.partition(" -> ")[0])


def _is_sqs(breadcrumb: Breadcrumb) -> bool:
    return _library_of(breadcrumb) == "boto3sqs"


def _is_sqs_call(_: Breadcrumb, inner: Breadcrumb) -> bool:
    return inner.message.startswith("SQS.") and inner.category in {"aws", "messaging"}


def _is_celery_sending(breadcrumb: Breadcrumb) -> bool:
    return _library_of(breadcrumb) == "celery" and " send " in breadcrumb.message


def _is_broker_command(_: Breadcrumb, inner: Breadcrumb) -> bool:
    return inner.category in {"redis", "aws"} and inner.level == "info"


def _is_failed_load(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.category == "template" and breadcrumb.message.startswith("load ")


def _is_failed_compilation(outer: Breadcrumb, inner: Breadcrumb) -> bool:
    return inner.message.startswith("compile ") and inner.data.get("template") == outer.data.get("template")


def _is_attempt(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.category == "retry" and "error" in breadcrumb.data


def _is_cause_of_attempt(outer: Breadcrumb, inner: Breadcrumb) -> bool:
    return bool(inner.data.get("error") == outer.data["error"])


_LAYERS = (
    # The call that failed within a function that is run again tells more.
    Layers("retry", _is_attempt, _is_cause_of_attempt, leave_out_outer=True),
    # What cannot be compiled cannot be loaded either.
    Layers("template", _is_failed_load, _is_failed_compilation, leave_out_outer=True),
    # The driver's span has the database and the exception.
    Layers("sqlalchemy", _is_orm_query, _is_same_query, leave_out_outer=True),
    # The span of the queue's client has the queue.
    Layers("boto3sqs", _is_sqs, _is_sqs_call, leave_out_outer=False),
    # How a task reaches the broker matters only where it does not.
    Layers("celery", _is_celery_sending, _is_broker_command, leave_out_outer=False),
)


_LAYERS_BY_WORD = {layers.word: layers for layers in _LAYERS}


def _find_inner_duplicates(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    for index, outer in enumerate(breadcrumbs):
        for word in (outer.category, str(_library_of(outer))):
            layers = _LAYERS_BY_WORD.get(word)
            if layers is not None and layers.outer(outer):
                duplicates = [
                    other for other in _iterate_within(breadcrumbs, index) if layers.inner(outer, breadcrumbs[other])
                ]
                yield from (duplicates[:1] and [index]) if layers.leave_out_outer else duplicates


def _iterate_within(breadcrumbs: Sequence[Breadcrumb], index: int) -> Iterator[int]:
    """Iterate over the indices of the breadcrumbs that happened during one, as part of the same work."""
    outer = breadcrumbs[index]
    end = outer.timestamp + int((outer.duration_ms or 0) * 1e6) + _ROUNDING
    for other in range(index + 1, len(breadcrumbs)):
        inner = breadcrumbs[other]
        if inner.timestamp > end:
            return
        ended = inner.timestamp + int((inner.duration_ms or 0) * 1e6)
        if inner.duration_ms is not None and ended <= end and _is_of_same_work(outer, inner):
            yield other


def _is_of_same_work(outer: Breadcrumb, inner: Breadcrumb) -> bool:
    """Return whether one is of the other's branch, or of the thread that aiosqlite has for each connection."""
    return inner.branch == outer.branch or (_library_of(inner) == "sqlite3" and _is_orm_query(outer))


def _find_duplicate_exceptions(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over the log records of exceptions that a span has recorded as well, one for one."""
    described = Counter(_iterate_span_exceptions(breadcrumbs))
    for index, breadcrumb in enumerate(breadcrumbs):
        said = _read_exception(breadcrumb)
        # Spans of databases have the message without its values.
        for words in (said, remove_values(said)):
            if words is not None and described[words] > 0:
                described[words] -= 1
                yield index
                break


def _iterate_span_exceptions(breadcrumbs: Iterable[Breadcrumb]) -> Iterator[str]:
    for breadcrumb in breadcrumbs:
        if breadcrumb.category == "exception" and "span" in breadcrumb.data:
            yield breadcrumb.message
        elif breadcrumb.category != "span" and breadcrumb.duration_ms is not None and "error" in breadcrumb.data:
            yield str(breadcrumb.data["error"])


def _read_exception(breadcrumb: Breadcrumb) -> str | None:
    """Return the title of a recorded exception; None for a record that has a message of its own."""
    kind = breadcrumb.data.get("exception.type")
    if not kind:
        return None
    message = str(breadcrumb.data.get("exception.message") or "")
    said = format_title(str(kind), message)
    has_own_words = breadcrumb.type != "error" and breadcrumb.message not in {said, message}
    return None if has_own_words else said


def _find_lines_of_httpx(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over httpx's own log lines of requests that its instrumentation made spans of."""
    requests: Counter[tuple[object, str]] = Counter()
    for index, breadcrumb in enumerate(breadcrumbs):
        if _library_of(breadcrumb) == "httpx" and breadcrumb.type == "http":
            method, url = breadcrumb.data.get("method"), _remove_query(str(breadcrumb.data.get("url")))
            # The name of the URL's class stands in lines that nobody prints.
            requests.update([(method, url), (method, _HTTPX_URL)])
        elif breadcrumb.category == "httpx" and (line := _HTTPX_LINE.match(breadcrumb.message)):
            request = line[1], _remove_query(line[2])
            if requests[request] > 0:
                requests[request] -= 1
                yield index


def _find_commands_of_celery(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over the commands by which Celery keeps results and unfinished messages in Redis, while all is well."""
    if "kombu" not in sys.modules:
        return
    newest: dict[str | None, int] = {}
    for index, breadcrumb in enumerate(breadcrumbs):
        if breadcrumb.category == "redis" and breadcrumb.level == "info" and breadcrumb.message in _COMMANDS_OF_CELERY:
            yield index
            before = newest.get(breadcrumb.branch)
            if breadcrumb.message == _STORED and before is not None and breadcrumbs[before].message == "GET ?":
                yield before
        newest[breadcrumb.branch] = index


def _find_lines_of_attempts(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over what tells of an attempt that a log line tells of, too: the line stays, but for stamina's own."""
    for index, breadcrumb in enumerate(breadcrumbs):
        if not _is_attempt(breadcrumb):
            continue
        end = breadcrumb.timestamp + int((breadcrumb.duration_ms or 0) * 1e6) - _ROUNDING
        is_next = partial(_is_line_after, end, breadcrumb.branch)
        line = next((other for other in range(index + 1, len(breadcrumbs)) if is_next(breadcrumbs[other])), None)
        if line is None:
            continue
        if breadcrumbs[line].message == _STAMINA_LINE:
            yield line
        elif breadcrumb.data["error"] in breadcrumbs[line].message:
            yield index


def _find_lines_of_urllib3(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over urllib3's own log lines of attempts that failed, which are breadcrumbs themselves."""
    failed: dict[str | None, bool] = {}
    for index, breadcrumb in enumerate(breadcrumbs):
        if _library_of(breadcrumb) in {"urllib3", "http.client"} and breadcrumb.type == "http":
            failed[breadcrumb.branch] = "error" in breadcrumb.data
        elif _is_line_of_urllib3(breadcrumb) and failed.pop(breadcrumb.branch, False):
            yield index


def _is_swallowed(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.category == "exception" and "handled_in" in breadcrumb.data


def _find_reported_exceptions(breadcrumbs: Sequence[Breadcrumb]) -> Iterator[int]:
    """Iterate over swallowed exceptions that the breadcrumb before tells of, or the one after: none was swallowed."""
    newest: dict[str | None, tuple[int, Breadcrumb]] = {}
    for index, breadcrumb in enumerate(breadcrumbs):
        before = newest.get(breadcrumb.branch)
        newest[breadcrumb.branch] = index, breadcrumb
        if before is None:
            continue
        if _is_swallowed(breadcrumb) and _is_error_of(before[1], breadcrumb):
            newest[breadcrumb.branch] = before
            yield index
        elif _is_swallowed(before[1]) and _is_word_about(before[1], breadcrumb):
            yield before[0]


def _is_error_of(call: Breadcrumb, swallowed: Breadcrumb) -> bool:
    return not _is_swallowed(call) and swallowed.data["error"] in {call.data.get("error"), call.message}


def _is_word_about(swallowed: Breadcrumb, line: Breadcrumb) -> bool:
    """Return whether a log line or note says what an exception said."""
    title = str(swallowed.data["error"])
    if line.data.get("exception") == title:
        return True
    said = title.partition(": ")[2] or title
    return line.duration_ms is None and line.span_id is None and line.type != "error" and said in line.message


def _is_line_of_urllib3(breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.category == _URLLIB3_LOGGER and breadcrumb.message.startswith("Retrying (")


def _is_line_after(end: int, branch: str | None, breadcrumb: Breadcrumb) -> bool:
    return breadcrumb.timestamp >= end and breadcrumb.branch == branch and breadcrumb.duration_ms is None


def _remove_query(url: str) -> str:
    return url.partition("?")[0]
