"""Programs that live for a moment, as a cron job does, deliver what an earlier run left."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.export.receiver import Reply, receiving
from tests.loopback import nobody_listens

from .running import SECONDS_TO_RUN, arrived, each_exactly_once, environment, port_of, waiting

pytestmark = pytest.mark.e2e

FAILING = "import otel_crumbs; otel_crumbs.install(); otel_crumbs.capture_exception(LookupError('lost'))"
PASSING = "import otel_crumbs; otel_crumbs.install()"


def run(program: str, home: Path, endpoint: str, **variables: str) -> float:
    """Run a program to its end, and return how many seconds it took."""
    began = time.monotonic()
    subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        env=environment(home, endpoint, **variables),
        timeout=SECONDS_TO_RUN,
    )
    return time.monotonic() - began


def test_a_run_delivers_what_an_earlier_one_left(tmp_path: Path) -> None:
    """It has no error of its own, and ends long before it would have looked for others."""
    away = nobody_listens()
    for _ in range(3):
        run(FAILING, tmp_path, away)
    left = len(waiting(tmp_path))

    with receiving(port=port_of(away)) as receiver:
        run(PASSING, tmp_path, receiver.url, OTEL_CRUMBS_FLUSH_TIMEOUT="40")

        assert arrived(receiver) == each_exactly_once("lost", "lost", "lost")
    assert (left, waiting(tmp_path)) == (3, [])


def test_a_receiver_that_is_still_away_does_not_hold_up_the_run(tmp_path: Path) -> None:
    """The time for the end of a process is the limit, whatever is left; nothing is lost."""
    away = nobody_listens()
    run(FAILING, tmp_path, away)
    with receiving(port=port_of(away)) as silent:
        silent.reply = Reply(raw=lambda connection: connection.recv(1))

        took = run(PASSING, tmp_path, silent.url, OTEL_CRUMBS_FLUSH_TIMEOUT="1")

    # Between this and the flush timeout lies a busy machine.
    assert took < 30
    assert len(waiting(tmp_path)) == 1


def test_a_forked_child_leaves_it_to_its_parent(tmp_path: Path) -> None:
    """A program may fork many, and each of them would try a receiver that is away."""
    away = nobody_listens()
    run(FAILING, tmp_path, away)
    program = f"{PASSING}\nimport os\nif not os.fork(): os._exit(0)\nos.wait()\nos.kill(os.getpid(), 9)"

    with receiving(port=port_of(away)) as receiver, pytest.raises(subprocess.CalledProcessError):
        run(program, tmp_path, receiver.url, OTEL_CRUMBS_FLUSH_TIMEOUT="40")

    assert (len(receiver.requests), len(waiting(tmp_path))) == (0, 1)


def test_what_was_captured_for_one_receiver_is_sent_to_no_other(tmp_path: Path) -> None:
    """It waits until the endpoint is that one again."""
    away = nobody_listens()
    run(FAILING, tmp_path, away)

    with receiving() as other:
        run(PASSING, tmp_path, other.url, OTEL_CRUMBS_FLUSH_TIMEOUT="4")
    left = len(waiting(tmp_path))
    with receiving(port=port_of(away)) as receiver:
        run(PASSING, tmp_path, receiver.url, OTEL_CRUMBS_FLUSH_TIMEOUT="40")

    assert (len(other.requests), left) == (0, 1)
    assert arrived(receiver) == each_exactly_once("lost")
