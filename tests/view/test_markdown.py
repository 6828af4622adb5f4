"""An error as Markdown has what a ticket, a colleague or an agent needs, none of it the event's own markup."""

from __future__ import annotations

from otel_crumbs import Breadcrumb
from otel_crumbs.view.markdown import as_markdown
from otel_crumbs.view.printable_lines import to_printable_lines
from otel_crumbs.view.queries import StoredError, get_error
from otel_crumbs.view.store import Store

from .events import SECOND, ZERO, error_event, put


def stored(store: Store, **fields: object) -> StoredError:
    """Send an event, and return it as it is stored."""
    put(store, error_event(**fields))  # type: ignore[arg-type]
    found = get_error(store, "e" * 32)
    assert found is not None
    return found


def test_title_operation_frames_source_and_trail_are_there(store: Store) -> None:
    """In the order in which one asks."""
    text = as_markdown(stored(store), link="http://127.0.0.1:4318/errors/eee")

    expected = [
        "# TypeError: 'NoneType' object is not subscriptable",
        "- operation: `POST orders/<int:pk>/pay/`",
        "- url.path: `/orders/7/pay/`",
        "## Error",
        "  /srv/shop/checkout.py:29 in pay",
        "## Source",
        '>   29      order.receipt = charge["receipt"]',
        "## What happened before",
        "- `-3.00 s` shop.cart `cart has 3 items`",
        "- `-1.00 s` http **warning** `POST https://pay.example/charge -> 503 in 120 ms`",
        "- `-500 ms` query `SELECT ?` (x34)",
        "The whole event: http://127.0.0.1:4318/errors/eee",
    ]
    positions = [text.index(part) for part in expected]
    assert positions == sorted(positions)
    assert "site-packages" not in text


def test_the_last_ten_breadcrumbs_are_shown_and_the_rest_counted(store: Store) -> None:
    """Each at 500 characters, and 5000 in all."""
    trail = tuple(Breadcrumb(timestamp=ZERO - (30 - n) * SECOND, message=f"{n} " + "x" * 9000) for n in range(30))
    error = stored(store, breadcrumbs=trail)

    short, whole = as_markdown(error), as_markdown(error, breadcrumbs=None)

    assert "`29 xxx" in short
    assert "`19 xxx" not in short
    assert "more before: " + "e" * 32 in short
    assert len(short) < 8000
    assert all(f"`{n} xxx" in whole for n in range(30))
    assert "| time | category |" in whole


def test_nothing_that_an_event_says_is_markup(store: Store) -> None:
    """Backticks, pipes, links, HTML, terminal sequences and turned text stay text on their line."""
    hostile = "``` |x| [a](javascript:b) <script>\n# boo\x1b[31m \u202e"
    error = stored(
        store,
        breadcrumbs=(Breadcrumb(timestamp=ZERO, message=hostile, category=hostile),),
        operation=hostile,
        source=f"{hostile}\n{hostile}",
    )

    for text in (as_markdown(error), as_markdown(error, breadcrumbs=None)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert [line for line in text.splitlines() if line.startswith("# ")] == [
            "# TypeError: 'NoneType' object is not subscriptable",
            *(["# boo\\x1b[31m \\u202e"] * text.count("\n# boo")),
        ]
        assert "````text" in text


def test_spaces_of_source_stay() -> None:
    """Python is read by them."""
    assert to_printable_lines("a\n    b  c\td\x1b\u2028e") == "a\n    b  c    d\\x1b\ne"
