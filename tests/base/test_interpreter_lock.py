"""A worker that works long lets the other threads go on."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest

from otel_crumbs.base.interpreter_lock import iterate_releasing, release_often
from otel_crumbs.base.memo import map_shared


@pytest.fixture
def endless_interval() -> Iterator[None]:
    """Have the interpreter switch threads only where one gives its lock back."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(3600)
    yield
    sys.setswitchinterval(before)


done: list[int] = []


def work(number: int) -> int:
    """Do a bit of work."""
    done.append(number)
    return sum(range(1000))


@pytest.mark.usefixtures("endless_interval")
@pytest.mark.parametrize("releases", [True, False])
def test_other_threads_run_in_between(*, releases: bool) -> None:
    """The lock is given back in the midst of the work, and not only when it is done."""
    done.clear()
    started, seen = threading.Event(), []

    def run() -> None:
        started.set()
        if releases:
            with release_often():
                map_shared(work, range(500))
        else:
            map_shared(work, range(500))

    worker = threading.Thread(target=run)
    worker.start()
    started.wait()
    while worker.is_alive():
        seen.append(len(done))
        worker.join(0.001)

    assert len(done) == 500
    assert any(0 < number < 500 for number in seen) is releases


def test_the_applications_own_threads_do_not_wait() -> None:
    """Where it asks for a trail itself, it waits for nobody."""
    things = [1, 2, 3]

    with release_often():
        assert iterate_releasing(things) is not things
    assert iterate_releasing(things) is things
