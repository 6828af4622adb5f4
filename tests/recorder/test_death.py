"""Tests of what the stacks of a process that crashed tell."""

from __future__ import annotations

from otel_crumbs.event import Frame
from otel_crumbs.recorder.death import find_thread, read_frames

STACKS = """Fatal Python error: Segmentation fault

Thread 0x00007f29d4800b80 (most recent call first):
  <no Python frame>

Current thread 0x00007f29d4800b80 (most recent call first):
  File "/srv/shop.py", line 33 in die
  File "/srv/shop.py", line ??? in main
"""


def test_a_thread_that_is_about_to_begin_does_not_hide_the_one_that_crashed() -> None:
    """CPython shows it with the identity of the thread that started it, and without frames."""
    thread = find_thread(STACKS)

    assert thread == 0x7F29D4800B80
    assert read_frames(STACKS, thread) == (
        Frame(path="/srv/shop.py", line=0, function="main"),
        Frame(path="/srv/shop.py", line=33, function="die"),
    )
    assert read_frames(STACKS, 7) == ()
