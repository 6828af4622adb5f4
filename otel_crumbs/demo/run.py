"""The demo from start to end: open the shop, let customers in, show what a collector gets."""

from __future__ import annotations

import sys
from time import monotonic

from rich.console import Console

from .narrator import Telling
from .receiver import Receiver
from .shop import Shop, ShopFailedError
from .timeline import Timeline
from .visits import EXPECTED_EVENTS, make_visits


def run(*, timeout: float, as_json: bool = False, no_color: bool = False) -> int:
    """Run the demo for at most about *timeout* seconds, and return the exit code."""
    # JSON has standard output for itself: what is for people goes to standard error.
    console = Console(stderr=as_json, no_color=no_color or None, highlight=False, soft_wrap=False)
    telling = Telling(console)
    deadline = monotonic() + timeout
    with Receiver() as receiver:
        complete = go_through_the_day(receiver, telling, deadline)
        events = receiver.events()
    telling.harvest(len(events))
    for number, event in enumerate(events, 1):
        if as_json:
            sys.stdout.write(event.as_json() + "\n")
        else:
            console.print(Timeline(event=event, number=number, total=len(events)))
    if not complete:
        telling.failure()
        return 1
    telling.ending()
    return 0


def go_through_the_day(receiver: Receiver, telling: Telling, deadline: float) -> bool:
    """Open the shop, make the visits, wait for the events; tell whether all of it went well."""
    telling.introduction()
    try:
        with Shop(receiver.endpoint) as shop, telling:
            try:
                have_a_day(shop, receiver, telling, deadline)
            except ShopFailedError as error:
                telling.remember_failure(error, shop.last_lines())
                return False
    except (ShopFailedError, OSError) as error:
        telling.remember_failure(error, [])
        return False
    return True


def have_a_day(shop: Shop, receiver: Receiver, telling: Telling, deadline: float) -> None:
    """Let the customers in and wait for what they leave behind."""
    telling.step("opening the shop")
    shop.wait_until_open(deadline)
    telling.step("letting customers in")
    for answer in make_visits(shop.port, deadline):
        telling.answer(answer)
        shop.check()
    telling.step("waiting for the error events")
    if not receiver.wait_for(EXPECTED_EVENTS, deadline):
        came = len(receiver.events())
        raise ShopFailedError(f"{came} of {EXPECTED_EVENTS} error events came in time")
