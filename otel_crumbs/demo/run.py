"""The demo from start to end: it opens the shop, lets customers in, and shows the events that a collector gets."""

from __future__ import annotations

import sys
from collections.abc import Callable
from time import monotonic

from rich.console import Console

from .narrator import Narrator
from .receiver import Receiver
from .shop import Shop, ShopFailedError
from .timeline import Timeline
from .visits import EXPECTED_EVENTS, make_visits


def run(*, timeout: float, as_json: bool = False, no_color: bool = False, view: bool = False) -> int:
    """
    Run the demo for at most about *timeout* seconds, and return the exit code.

    With *view* the events are shown in the viewer as well, which goes on until it is interrupted.
    """
    if not view:
        return show_shop(lambda *_: None, timeout=timeout, as_json=as_json, no_color=no_color)
    from .viewer import run_viewer, wait_for_end  # noqa: PLC0415 - needs the extra `view`

    with run_viewer() as forward:
        code = show_shop(forward, timeout=timeout, as_json=as_json, no_color=no_color)
        return code or wait_for_end(forward.page)


def show_shop(forward: Callable[[str, bytes], None], *, timeout: float, as_json: bool, no_color: bool) -> int:
    """Run the shop, show its events, and return the exit code; *forward* gets what it sends."""
    # With --json standard output has the events alone; lines for people go to standard error.
    console = Console(stderr=as_json, no_color=no_color or None, highlight=False, soft_wrap=False)
    narrator = Narrator(console)
    deadline = monotonic() + timeout
    with Receiver(forward) as receiver:
        complete = run_shop(receiver, narrator, deadline)
        events = receiver.list_events()
    narrator.print_events(len(events))
    for number, event in enumerate(events, 1):
        if as_json:
            sys.stdout.write(event.as_json() + "\n")
        else:
            console.print(Timeline(event=event, number=number, total=len(events)))
    if not complete:
        narrator.print_failure()
        return 1
    narrator.print_next_steps()
    return 0


def run_shop(receiver: Receiver, narrator: Narrator, deadline: float) -> bool:
    """Open the shop, make the visits, wait for the events; return whether all of it went well."""
    narrator.introduce()
    try:
        with Shop(receiver.endpoint) as shop, narrator:
            try:
                visit_shop(shop, receiver, narrator, deadline)
            except ShopFailedError as error:
                narrator.remember_failure(error, shop.read_last_lines())
                return False
    except (ShopFailedError, OSError) as error:
        narrator.remember_failure(error, [])
        return False
    return True


def visit_shop(shop: Shop, receiver: Receiver, narrator: Narrator, deadline: float) -> None:
    """Let the customers in and wait for the error events."""
    narrator.print_step("opening the shop")
    shop.wait_until_open(deadline)
    narrator.print_step("letting customers in")
    for response in make_visits(shop.port, deadline):
        narrator.print_response(response)
        shop.check()
    narrator.print_step("waiting for the error events")
    if not receiver.wait_for(EXPECTED_EVENTS, deadline):
        came = len(receiver.list_events())
        raise ShopFailedError(f"{came} of {EXPECTED_EVENTS} error events came in time")
