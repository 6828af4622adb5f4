"""A worker that works long lets the other threads go on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence

import pytest

from otel_crumbs.base import interpreter_lock
from otel_crumbs.base.interpreter_lock import iterate_releasing
from otel_crumbs.base.memo import map_shared
from otel_crumbs.base.threads import start_thread


@pytest.fixture
def endless_interval() -> Iterator[None]:
    """Have the interpreter switch threads only where one gives its lock back."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    yield
    sys.setswitchinterval(before)


done: list[int] = []


def work(numbers: Sequence[int]) -> list[int]:
    """Do a bit of work."""
    done.extend(numbers)
    return [sum(range(1000)) for _ in numbers]


@pytest.mark.usefixtures("endless_interval")
@pytest.mark.parametrize("own", [True, False])
def test_other_threads_run_in_between(*, own: bool) -> None:
    """The lock is given back in the midst of the work, and not only when it is done."""
    done.clear()
    started, ended = threading.Event(), threading.Event()
    seen: list[int] = []

    def run() -> None:
        started.set()
        map_shared(work, range(500))
        ended.set()

    if own:
        assert start_thread(run)
    else:
        threading.Thread(target=run).start()
    started.wait()
    while not ended.wait(0.001):
        seen.append(len(done))

    assert len(done) == 500
    assert any(0 < number < 500 for number in seen) is own


def test_the_applications_own_threads_do_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it asks for a trail itself, it waits for nobody."""
    waits: list[object] = []
    monkeypatch.setattr(interpreter_lock, "allocate_native_lock", lambda: waits.append(1))

    assert [number for some in iterate_releasing(range(100)) for number in some] == [*range(100)]
    assert waits == []
