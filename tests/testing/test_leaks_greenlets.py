"""Greenlets of gevent are runners of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("gevent")

PROGRAM = """
from gevent import monkey

monkey.patch_all()

import sys
from contextvars import copy_context

import gevent

import otel_crumbs
from otel_crumbs.testing import capture_events


def piece(token):
    otel_crumbs.record(f"began {token}")
    with otel_crumbs.context(piece=token):
        work(token)


def work(token):
    gevent.sleep(0)
    otel_crumbs.record(f"went on with {token}")
    otel_crumbs.capture_exception(LookupError(token))


with capture_events() as events:
    with otel_crumbs.operation("parent"):
        otel_crumbs.record("of the parent")
        otel_crumbs.context(user_id=7)
        for number in range(5):
            how = (copy_context().run, piece) if "copied" in sys.argv else (piece,)
            gevent.spawn(*how, f"token-{number}")
        gevent.wait()
    for event in events:
        token = event.exception.message
        said = dict(event.attributes)
        assert said.pop("piece") == token
        print(token, said, [item.message for item in event.breadcrumbs])
"""


def events_of_greenlets(*arguments: str) -> list[str]:
    """Run the program; return a line for each event."""
    command = [sys.executable, "-c", PROGRAM, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return sorted(done.stdout.splitlines())


def test_greenlets_keep_apart() -> None:
    """Each sees its own breadcrumbs; gevent hands no context on, so its parent's are unknown."""
    assert events_of_greenlets() == [
        f"token-{number} {{}} ['began token-{number}', 'went on with token-{number}']" for number in range(5)
    ]


def test_greenlets_with_a_copied_context_see_their_parents_breadcrumbs() -> None:
    """With the parent's context its breadcrumbs are seen too, the siblings' still are not."""
    assert events_of_greenlets("copied") == [
        f"token-{number} {{'user.id': 7}} ['of the parent', 'began token-{number}', 'went on with token-{number}']"
        for number in range(5)
    ]
