"""An error event is drawn as a timeline."""

from __future__ import annotations

import io

import pytest

from .events import crumb, error_event

pytest.importorskip("rich")

from rich.console import Console

from otel_crumbs.demo.timeline import Timeline
from otel_crumbs.view.received_event import ReceivedEvent


def draw(event: ReceivedEvent, width: int = 100, encoding: str = "utf-8") -> list[str]:
    """Return the timeline as a terminal without colours shows it."""
    written = io.BytesIO()
    stream = io.TextIOWrapper(written, encoding=encoding, errors="strict", write_through=True)
    Console(file=stream, width=width, color_system=None).print(Timeline(event=event, number=1, total=3))
    return [line.rstrip() for line in written.getvalue().decode(encoding).splitlines()]


def test_the_trail_comes_first_and_the_error_last() -> None:
    """The oldest breadcrumb on top, each with its time before the error at zero."""
    first = crumb("2 x Moka pot", "20:26:39.900000")
    second = crumb("no answer", "20:26:39.990000", level="warning")

    lines = draw(error_event(first, second))

    body = [" ".join(line.split()) for line in lines if line.strip()]
    assert body[0].startswith("1 of 3 TypeError in POST orders/<int:pk>/pay/ ─")
    assert body[1:6] == [
        "-100 ms ● shop.checkout 2 x Moka pot",
        "-10 ms ▲ shop.checkout no answer",
        "0 ✖ error TypeError: 'NoneType' object is not subscriptable",
        'order.receipt = charge["receipt"]',
        "at shop/checkout.py:29 in pay",
    ]


def test_the_end_has_what_is_needed_to_look_further() -> None:
    """The ids, whether it was handled, and how much of the trail was dropped."""
    text = "\n".join(draw(error_event(crumb("x"), **{"otel_crumbs.dropped": 7, "otel_crumbs.handled": True})))

    assert "1 breadcrumb, 7 dropped, handled, reported by operation" in text
    assert "7 earlier breadcrumbs had no room" in text
    assert f"event {'e' * 32}  trace {'t' * 32}" in text


@pytest.mark.parametrize("width", [40, 80, 120])
def test_every_line_fits(width: int) -> None:
    """Long messages wrap below themselves, and not for ever."""
    trail = [crumb("word " * 200, category="a.very.long.name.of.a.logger"), crumb("x" * 500, type="query")]

    lines = draw(error_event(*trail), width)

    assert max(map(len, lines)) <= width
    assert len(lines) < 40


def test_an_event_without_a_trail_is_drawn() -> None:
    """A first request may fail at once, and an exception may have no traceback."""
    text = "\n".join(draw(error_event(**{"exception.stacktrace": "", "otel_crumbs.operation": None})))

    assert "TypeError in no operation" in text
    assert "0 breadcrumbs" in text


def test_a_terminal_without_unicode_gets_plain_signs() -> None:
    """Encoding fails for nothing that is ours."""
    lines = draw(error_event(crumb("x", level="warning"), crumb("y")), encoding="ascii")

    assert any(" ! " in line for line in lines)
    assert any(" X " in line for line in lines)


def test_messages_are_no_markup() -> None:
    """What looks like rich's markup is the application's own words."""
    text = "\n".join(draw(error_event(crumb("[bold]loud[/bold] [link=x]"))))

    assert "[bold]loud[/bold] [link=x]" in text
