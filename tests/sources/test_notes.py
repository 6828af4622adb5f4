"""Notes by hand: never an exception, always in bounds."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import otel_crumbs
from otel_crumbs import Breadcrumb, breadcrumbs
from otel_crumbs.trails import LEVELS, current
from tests.application import messages


class Hostile:
    """Raises whatever one asks it."""

    def __str__(self) -> str:
        raise RuntimeError("no str")

    __repr__ = __str__


def the_only() -> Breadcrumb:
    """Return the only breadcrumb."""
    [breadcrumb] = otel_crumbs.trail()
    return breadcrumb


def test_a_note_is_a_breadcrumb() -> None:
    """Each argument is a field."""
    otel_crumbs.record("cart opened", category="shop", level="warning", type="user", data={"items": 3}, timestamp=1.5)

    assert the_only() == Breadcrumb(
        timestamp=1_500_000_000,
        type="user",
        category="shop",
        level="warning",
        message="cart opened",
        data={"items": 3},
    )


def test_the_defaults() -> None:
    """They apply where nobody sets anything."""
    otel_crumbs.record("cart opened")

    breadcrumb = the_only()
    assert (breadcrumb.type, breadcrumb.category, breadcrumb.level) == ("default", "manual", "info")
    assert dict(breadcrumb.data) == {}


def test_it_works_where_nothing_is_installed() -> None:
    """Libraries may call it whether the application uses us or not."""
    otel_crumbs.record("before install")

    assert messages() == ["before install"]


def test_data_alone_makes_the_message() -> None:
    """The message is like `rpc=ship order=7`."""
    otel_crumbs.record(data={"rpc": "ship", "order": 7})

    assert messages() == ["rpc=ship order=7"]


def test_later_changes_are_not_seen() -> None:
    """Data is copied, at any depth."""
    flat: dict[str, Any] = {"items": 1}
    deep: dict[str, Any] = {"items": [1]}
    otel_crumbs.record("flat", data=flat)
    otel_crumbs.record("deep", data=deep)

    flat["items"] = 2
    deep["items"].append(2)

    assert [dict(crumb.data) for crumb in otel_crumbs.trail()] == [{"items": 1}, {"items": [1]}]


@pytest.mark.parametrize(
    ("timestamp", "nanoseconds"),
    [
        (2, 2_000_000_000),
        (2.5, 2_500_000_000),
        (datetime(1970, 1, 1, 0, 0, 2, tzinfo=timezone.utc), 2_000_000_000),
        (datetime(1970, 1, 1, 2, 0, 2, tzinfo=timezone(timedelta(hours=2))), 2_000_000_000),
        (datetime(1970, 1, 1, 0, 0, 2), 2_000_000_000),  # noqa: DTZ001 - what is tested
    ],
)
def test_a_time_of_ones_own(timestamp: Any, nanoseconds: int) -> None:
    """Seconds or a datetime, UTC where it has no zone."""
    otel_crumbs.record("note", timestamp=timestamp)

    assert the_only().timestamp == nanoseconds


@pytest.mark.parametrize(
    ("level", "expected"),
    [*((level, level) for level in LEVELS), ("warn", "warning"), ("CRITICAL", "fatal"), ("Exception", "error")],
)
def test_a_level_by_any_name(level: str, expected: str) -> None:
    """The words of `logging` are understood."""
    otel_crumbs.record("note", level=level)

    assert the_only().level == expected


@pytest.mark.parametrize("level", ["loud", "", 7, None, [], Hostile()])
def test_an_unknown_level_is_info(level: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The note is kept, and the log says what is known."""
    otel_crumbs.record("note", level=level)

    assert the_only().level == "info"
    assert "otel_crumbs" in caplog.text


@pytest.mark.parametrize("data", [7, "text", ["a"], object(), Hostile()])
def test_data_that_is_no_mapping_is_kept_and_said(data: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The value is kept, with a warning that names what was expected."""
    otel_crumbs.record("note", data=data)

    assert set(the_only().data) == {"value"}
    assert "needs a mapping" in caplog.text


def test_nothing_to_say_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """A note needs a message or data."""
    otel_crumbs.record()
    otel_crumbs.record(data={})

    assert messages() == []
    assert "needs a message or data" in caplog.text


@pytest.mark.parametrize("timestamp", ["soon", [], float("nan"), float("inf"), 1e300, 1e15, -1e15, -1, Hostile()])
def test_a_time_that_is_none_does_not_lose_the_note(timestamp: Any) -> None:
    """It is told as of now, and never raises."""
    otel_crumbs.record("note", timestamp=timestamp)

    assert messages() == ["note"]
    assert otel_crumbs.trail()[0].as_dict()["timestamp"]


ODD = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary()
    | st.builds(Hostile)
    | st.lists(st.integers())
)


@given(
    message=ODD,
    category=ODD,
    kind=ODD,
    level=ODD,
    data=ODD | st.dictionaries(ODD.filter(lambda key: not isinstance(key, list)), ODD),
)
def test_whatever_it_is_given_it_does_not_raise(message: Any, category: Any, kind: Any, level: Any, data: Any) -> None:
    """The note can be rendered and encoded."""
    current.reset()

    otel_crumbs.record(message, category=category, type=kind, level=level, data=data)

    for breadcrumb in otel_crumbs.trail():
        str(breadcrumb.as_dict()).encode()
        assert breadcrumb.level in LEVELS


@pytest.mark.parametrize("wrong", [7, b"bytes", ["a"], Hostile()])
def test_names_that_are_no_texts_are_made_some(wrong: Any) -> None:
    """Category and type are told in words."""
    otel_crumbs.record("note", category=wrong, type=wrong)

    assert type(the_only().category) is type(the_only().type) is str


def test_long_words_are_cut() -> None:
    """A message is a line, not a dump."""
    otel_crumbs.record("m" * 100_000, category="c" * 1000, type="t" * 1000)

    breadcrumb = the_only()
    assert (len(breadcrumb.message), len(breadcrumb.category), len(breadcrumb.type)) == (8192, 128, 128)


def test_ravens_module_takes_ravens_arguments() -> None:
    """They have raven's order and raven's defaults."""
    breadcrumbs.record("opened", 2.0, "warning", "shop", {"items": 3}, "user")
    breadcrumbs.record(data={"rpc": "ship"}, category="rpc")

    first, second = otel_crumbs.trail()
    assert (first.message, first.timestamp, first.level, first.category, first.type) == (
        "opened",
        2_000_000_000,
        "warning",
        "shop",
        "user",
    )
    assert (second.message, second.category, second.level) == ("rpc=ship", "rpc", "info")
