"""The viewer in a terminal: real events, and keys as one presses them."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import pytest

pytest.importorskip("textual")
pytest.importorskip("starlette")

from textual.pilot import Pilot
from textual.widgets import DataTable, Input, Static

from otel_crumbs import Breadcrumb
from otel_crumbs.cli import main
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.view.addresses import PROTOBUF
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store
from otel_crumbs.view.terminal import TerminalApp

from .events import OTHER, SECOND, ZERO, error_event, put, spans_of
from .running import Viewer, viewing

HOSTILE = "\x1b[31mred \x9b2J \u202eevil [bold]x[/bold] \x07"
TRAIL = (
    Breadcrumb(timestamp=ZERO - 4 * SECOND, message="cart has 3 items", category="shop.cart", data={"cart": "blue"}),
    Breadcrumb(timestamp=ZERO - SECOND, message="GET /x -> 503", type="http", category="http", level="warning"),
    Breadcrumb(timestamp=ZERO - SECOND // 2, message="SELECT ?", category="query", repeated=34, duration_ms=120.0),
)
Act = Callable[[Pilot[None]], Awaitable[None]]


@pytest.fixture
def viewer() -> Iterator[Viewer]:
    """Serve an empty store."""
    with Store() as store, viewing(store) as running:
        yield running


def look(viewer: Viewer, act: Act, *, notes: deque[str] | None = None, width: int = 140) -> TerminalApp:
    """Open the terminal, act in it, and return its application."""
    app = TerminalApp(viewer.store, viewer.address, deque() if notes is None else notes, lambda: False)

    async def run() -> None:
        async with app.run_test(size=(width, 40), notifications=True) as pilot:
            await pilot.pause()
            await act(pilot)

    asyncio.run(run())
    return app


def rows(pilot: Pilot[None]) -> list[list[str]]:
    """Return the words of each row of the screen's table."""
    table = pilot.app.screen.query_one(DataTable)
    return [[cell.plain for cell in table.get_row_at(number)] for number in range(table.row_count)]


def words(pilot: Pilot[None], name: str) -> str:
    """Return the words of a part of the screen."""
    return str(pilot.app.screen.query_one(f"#{name}", Static).render())


async def wait_for(pilot: Pilot[None], number: int) -> None:
    """Wait until the table has so many rows."""
    end = time.monotonic() + 60
    while len(rows(pilot)) != number:
        assert time.monotonic() < end, rows(pilot)
        await pilot.pause(0.1)


def test_failures_appear_by_themselves_and_open(viewer: Viewer) -> None:
    """The cursor stays at its failure when others come."""

    async def act(pilot: Pilot[None]) -> None:
        assert viewer.address.url in words(pilot, "empty")
        await asyncio.to_thread(viewer.send, error_event("a" * 32, breadcrumbs=TRAIL))
        await wait_for(pilot, 1)
        await asyncio.to_thread(viewer.send, error_event("b" * 32, seconds=30, trace_id=7, **OTHER))
        await wait_for(pilot, 2)
        listed = rows(pilot)
        assert [row[3] for row in listed] == ["GET /", "POST orders/<int:pk>/pay/"]
        assert pilot.app.screen.query_one(DataTable).cursor_row == 1
        assert "2 events of 2 failures" in words(pilot, "head")

        await pilot.press("enter")
        assert [row[0::3] for row in rows(pilot)] == [
            ["-4.00 s", "cart has 3 items"],
            ["", "3.00 s nothing"],
            ["-1.00 s", "GET /x -> 503"],
            ["", "500 ms nothing"],
            ["-500 ms", "SELECT ? x34"],
            ["", "380 ms nothing"],
            ["0", "TypeError: 'NoneType' object is not subscriptable"],
        ]
        assert rows(pilot)[4][1:3] == ["120 ms", "● query"]
        assert "shop/checkout.py:29 in pay" in words(pilot, "frames")
        assert '  >   29  order.receipt = charge["receipt"]' in words(pilot, "frames").splitlines()
        await pilot.press("escape")
        assert len(rows(pilot)) == 2

    look(viewer, act)


def test_a_trail_is_filtered_and_searched(viewer: Viewer) -> None:
    """By category, level and words; the error stays, and Escape takes filters away before it leaves."""
    put(viewer.store, error_event(breadcrumbs=TRAIL))

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        everything = rows(pilot)
        await pilot.press("c", "c")
        by_category = [row[2] for row in rows(pilot)]
        await pilot.press("escape", "l", "l")
        by_level = [row[2] for row in rows(pilot)]
        await pilot.press("escape", "slash", *"blue", "enter")
        by_words = [row[3] for row in rows(pilot)]
        await pilot.press("k")
        detail = words(pilot, "detail")
        await pilot.press("escape")

        assert by_category == ["▲ http", "✖ error"]
        assert by_level == ["▲ http", "✖ error"]
        assert by_words == ["cart has 3 items", "TypeError: 'NoneType' object is not subscriptable"]
        assert detail == "cart has 3 items\ncart: blue"
        assert rows(pilot) == everything

    look(viewer, act)


def test_one_walks_through_the_events_of_a_failure(viewer: Viewer) -> None:
    """To the next and the previous; the ends are said, and filters stay."""
    put(viewer.store, *(error_event(name * 32, seconds=number * 10) for number, name in enumerate("abc")))

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "c")
        titles = [words(pilot, "title").splitlines()[1]]
        for key in ("p", "p", "p", "n"):
            await pilot.press(key)
            titles.append(words(pilot, "title").splitlines()[1])
        assert [title[-12:-4] for title in titles] == ["20:27:00", "20:26:50", "20:26:40", "20:26:40", "20:26:50"]
        assert [note.message for note in pilot.app._notifications] == ["it is the first of its group"]
        assert [row[2] for row in rows(pilot)][:1] == ["● shop.cart"]

    look(viewer, act)


def test_the_list_is_searched_as_the_pages_are(viewer: Viewer) -> None:
    """In messages, breadcrumbs and attributes."""
    put(viewer.store, error_event("a" * 32, breadcrumbs=TRAIL), error_event("d" * 32, **OTHER))

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"items blue")
        await wait_for(pilot, 1)
        await pilot.press("enter", "enter")
        assert "POST orders" in words(pilot, "title")
        await pilot.press("escape", "escape")
        await wait_for(pilot, 2)
        assert pilot.app.screen.query_one(Input).value == ""

    look(viewer, act)


def test_other_services_and_other_errors_are_in_the_trail(viewer: Viewer) -> None:
    """As on the pages: it is the same question to the store."""
    put(viewer.store, error_event("a" * 32, breadcrumbs=TRAIL), error_event("d" * 32, seconds=-2, **OTHER))
    receive(viewer.store, "/v1/traces", spans_of("payments", "charge"), content_type=PROTOBUF)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        messages = [row[3] for row in rows(pilot)]
        assert "charge [payments]" in messages
        assert sum("TypeError" in message for message in messages) == 2

    look(viewer, act)


@pytest.mark.parametrize(("width", "is_beside"), [(60, False), (119, False), (120, True)])
def test_the_frames_are_beside_the_trail_where_there_is_room(viewer: Viewer, width: int, is_beside: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """Else below it; nothing is wider than the terminal."""
    put(viewer.store, error_event(breadcrumbs=TRAIL))

    async def act(pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        trail, frames = (pilot.app.screen.query_one(f"#{name}").region for name in ("trail", "exception"))
        assert (frames.x > trail.x, frames.y > trail.y) == (is_beside, not is_beside)
        assert max(trail.right, frames.right) <= width
        assert min(trail.height, frames.height) > 5

    look(viewer, act, width=width)


@pytest.mark.parametrize("width", [50, 100, 160])
def test_nothing_that_an_event_says_moves_the_cursor_or_colours(viewer: Viewer, width: int) -> None:
    """Control characters, those that turn around what is read, and textual's own markup are shown as they are."""
    crumb = Breadcrumb(timestamp=ZERO, message=HOSTILE, category=HOSTILE, branch=HOSTILE, data={HOSTILE: HOSTILE})
    failure = ExceptionInfo(type=f"Bad{HOSTILE}", message=f"{HOSTILE}\n{HOSTILE}", notes=(HOSTILE,))
    event = error_event(
        exceptions=(failure,),
        breadcrumbs=(crumb,),
        operation=HOSTILE,
        resource={"service.name": HOSTILE},
        attributes={HOSTILE: HOSTILE},
        source=f"a.py, line 29, in pay\n>   29  {HOSTILE}",
    )
    put(viewer.store, event)

    async def act(pilot: Pilot[None]) -> None:
        await pilot.pause(0.6)
        seen = [pilot.app.export_screenshot(), *(cell for row in rows(pilot) for cell in row)]
        await pilot.press("enter", "k")
        seen += [pilot.app.export_screenshot(), *(cell for row in rows(pilot) for cell in row)]
        parts = [words(pilot, name) for name in ("title", "category", "level", "detail", "frames")]
        assert all("[bold]x[/bold]" in part for part in (parts[0], parts[3], parts[4]))
        assert [each for text in (*seen, *parts) for each in text if not each.isprintable() and each != "\n"] == []

    look(viewer, act, notes=deque([HOSTILE]), width=width)


def test_what_a_receiver_says_is_a_note_on_the_screen(viewer: Viewer) -> None:
    """Printed it would be in the middle of the picture."""
    notes = deque(["the disk is full: [red]make room"])

    async def act(pilot: Pilot[None]) -> None:
        await pilot.pause(0.8)
        assert [note.message for note in pilot.app._notifications] == ["the disk is full: [red]make room"]

    look(viewer, act, notes=notes)

    assert not notes


def test_an_event_that_was_removed_meanwhile_is_said(viewer: Viewer) -> None:
    """A failure of the list may be gone when it is opened."""
    put(viewer.store, error_event())

    async def act(pilot: Pilot[None]) -> None:
        viewer.store.clear()
        await pilot.press("enter")
        assert any("it was removed" in note.message for note in pilot.app._notifications)
        assert rows(pilot) == []

    look(viewer, act)


def test_q_leaves_from_everywhere_and_so_does_a_signal(viewer: Viewer) -> None:
    """The list and an error."""
    put(viewer.store, error_event())
    left = []

    async def leave(pilot: Pilot[None]) -> None:
        await pilot.press("enter", "q")
        left.append(pilot.app._exit)

    async def wait(pilot: Pilot[None]) -> None:
        pilot.app._ended = lambda: True  # type: ignore[attr-defined]  # as the command's, when a signal came
        await pilot.pause(1)
        left.append(pilot.app._exit)

    look(viewer, leave)
    look(viewer, wait)

    assert left == [True, True]


def test_without_textual_one_learns_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is an extra of its own."""
    monkeypatch.setitem(sys.modules, "textual", None)

    code = main(["view", "--tui", "--memory"])

    assert (code, capsys.readouterr().err) == (2, "otel-crumbs: --tui needs textual: pip install 'otel-crumbs[tui]'\n")


@pytest.mark.parametrize(("more", "reason"), [([], "needs a terminal"), (["--", "python"], "for itself")])
def test_without_a_terminal_of_its_own_there_is_none(
    more: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A pipe shows nothing, and a program would write over it."""
    code = main(["view", "--tui", "--memory", *more])

    assert code == 2
    assert reason in capsys.readouterr().err


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_in_a_real_terminal_it_shows_and_leaves() -> None:
    """With its receiver beside it; the terminal is as it was."""
    import pty  # noqa: PLC0415 - Windows has none

    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "otel_crumbs", "view", "--tui", "--memory", "--port", "0"]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True
    ) as process:
        os.close(theirs)
        shown = b""
        while b"Nothing is here yet" not in shown:
            shown += os.read(ours, 65536)
        os.write(ours, b"q")
        shown += b"".join(read_all(ours))
        code = process.wait(60)
    os.close(ours)

    assert code == 0
    assert b"\x1b[?1049h" in shown
    assert shown.rindex(b"\x1b[?1049l") > shown.rindex(b"\x1b[?1049h")
    assert b"Traceback" not in shown


def read_all(terminal: int) -> Iterator[bytes]:
    """Read until the other end is closed, which Linux has as an error."""
    try:
        while part := os.read(terminal, 65536):
            yield part
    except OSError:
        return
