"""
Capture errors in greenlets, while another greenlet goes on.

Called as ``greenlets.py gevent|eventlet WHEN``: the library patches the process before otel_crumbs is imported, between
that and `install()`, after it, or late, after the first event.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module
from typing import Any

warnings.simplefilter("ignore")

MANY = 20
SECONDS = 300


def patch(name: str) -> Any:
    """Let the library patch the process, and return it."""
    library = import_module(name)
    if name == "gevent":
        import_module("gevent.monkey").patch_all()
    else:
        library.monkey_patch()
    return library


def main(name: str, when: str) -> None:
    """Capture the errors, flush, and print what became of the other greenlet."""
    greenlets = patch(name) if when == "before" else None
    import otel_crumbs  # noqa: PLC0415 - the library may patch the process before this

    def fail(number: int) -> None:
        before = len(beats)
        otel_crumbs.capture_exception(ValueError(f"job {number}"))
        switched.append(len(beats) > before)

    beats: list[int] = []
    switched: list[bool] = []
    greenlets = patch(name) if when == "between" else greenlets
    otel_crumbs.install()
    greenlets = patch(name) if when == "after" else greenlets
    first = 1 if when == "late" else 0
    if first:
        fail(0)
        greenlets = patch(name)
    assert greenlets is not None

    def beat() -> None:
        while True:
            beats.append(1)
            greenlets.sleep(0.01)

    greenlets.spawn(beat)
    for number in range(first, MANY):
        greenlets.spawn(fail, number)
    greenlets.sleep(0.2)
    seen = len(beats)
    flushed = otel_crumbs.flush(SECONDS)
    went_on = seen > 1 and len(beats) > seen
    sys.stdout.write(f"flushed {flushed}, others went on {went_on}, switched in a capture {any(switched)}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
