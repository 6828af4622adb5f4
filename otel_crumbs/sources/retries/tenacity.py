"""Attempts of functions and blocks that tenacity, or stamina on it, has run again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from otel_crumbs.base.exceptions import format_title, read_message
from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, on_import, replace
from otel_crumbs.base.plain import MAX_MESSAGE, to_text
from otel_crumbs.sources.spans.entry import format_duration
from otel_crumbs.trails import Breadcrumb, Entry, EntryKind, current

_MS, _NS = 1e6, 1e9
_LONGEST_NAME = 120
# The name of a block, which has none.
_BLOCK = "block"


class RunEntry(NamedTuple):
    """The references to an attempt; the first five are those of every entry."""

    timestamp: int
    notable: bool
    branch: str | None
    kind: EntryKind
    category: str
    name: str
    number: int
    error: str | None
    wait: float
    took_ms: float


def install() -> Undo:
    """Record what is run again; return the function that undoes it."""
    return on_import("tenacity", _hook)


def _hook(tenacity: Any) -> Undo:
    return replace(tenacity.RetryCallState, "prepare_for_next_attempt", _make_prepare_for_next_attempt)


def _make_prepare_for_next_attempt(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    guarded_record = guarded("an attempt of tenacity was recorded")(_record)

    def prepare_for_next_attempt(*args: Any, **kwargs: Any) -> Any:
        if patch.active and args:
            guarded_record(args[0])
        try:
            return original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise

    return prepare_for_next_attempt


def _record(state: Any) -> None:
    outcome, ended = state.outcome, state.outcome_timestamp
    if outcome is None or ended is None:
        return
    error = outcome.exception() if outcome.failed else None
    took, since = max(ended - _find_start(state), 0.0), max(time.monotonic() - ended, 0.0)
    # The next attempt begins when the pause is over.
    vars(state)[_BEGAN] = time.monotonic() + state.upcoming_sleep
    branch = current.find_branch()
    branch.append(
        RunEntry(
            timestamp=time.time_ns() - int((took + since) * _NS),
            notable=True,
            branch=branch.name,
            kind=RUN,
            category="retry",
            name=_find_name(state),
            number=state.attempt_number,
            error=None if error is None else _name_error(error),
            wait=float(state.upcoming_sleep),
            took_ms=round(took * _NS / _MS, 3),
        )
    )


def _name_error(error: BaseException) -> str:
    """Return the title of an exception on one line, since its time stands behind it."""
    return format_title(type(error).__name__, " ".join(read_message(error).split()))


# The attribute in which a call keeps when its newest attempt began: what it has itself is the start of the first.
_BEGAN = "_otel_crumbs_began"


def _find_start(state: Any) -> float:
    start: float = vars(state).get(_BEGAN, state.start_time)
    return start


def _find_name(state: Any) -> str:
    """Return the name of a function that is run again; stamina, which runs blocks alone, has it in a closure."""
    function = state.fn
    if function is None:
        before_sleep = state.retry_object.before_sleep
        names = getattr(getattr(before_sleep, "__code__", None), "co_freevars", ())
        cells = dict(zip(names, getattr(before_sleep, "__closure__", None) or (), strict=False))
        name = cells["name"].cell_contents if "name" in cells else getattr(state.retry_object, "_name", None)
    else:
        name = f"{function.__module__}.{function.__qualname__}" if hasattr(function, "__qualname__") else None
    return to_text(name, _LONGEST_NAME) if isinstance(name, str) and name else _BLOCK


def render_run(entry: Entry) -> Iterator[Breadcrumb]:
    """Render an attempt."""
    kept = RunEntry._make(entry)
    took = format_duration(kept.took_ms)
    outcome = kept.error or "result not accepted"
    data = {
        "function": kept.name,
        "attempt": kept.number,
        "error": kept.error,
        "wait_s": round(kept.wait, 3),
        "library": "tenacity",
        "duration_ms": kept.took_ms,
    }
    yield Breadcrumb(
        timestamp=kept.timestamp,
        category="retry",
        level="warning",
        message=to_text(f"{kept.name} -> {outcome} after {took} (attempt {kept.number})", MAX_MESSAGE),
        data={key: value for key, value in data.items() if value is not None},
        duration_ms=kept.took_ms,
        branch=kept.branch,
    )


RUN = EntryKind(render=render_run)
