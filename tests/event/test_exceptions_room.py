"""Tests of `otel_crumbs.event.exceptions_room`: which exceptions and frames stay where there is no room for all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.event.exceptions_room import ExceptionsRoom, weigh_exception

FRAMES = st.builds(
    Frame,
    path=st.text(max_size=300),
    line=st.integers(0, 10**6),
    function=st.text(max_size=50),
    module=st.none() | st.text(max_size=50),
    source=st.none() | st.text(max_size=100),
)
INFOS = st.builds(
    ExceptionInfo,
    type=st.text(max_size=100),
    message=st.text(max_size=500),
    frames=st.lists(FRAMES, max_size=8).map(tuple),
    notes=st.lists(st.text(max_size=300), max_size=4).map(tuple),
)


def shrink(infos: list[ExceptionInfo], room: int, *, extra: int = 0) -> tuple[ExceptionInfo, ...]:
    """Return the exceptions that have room."""
    return ExceptionsRoom(infos).make(room, variables=extra, lines=extra)


def info_of(name: str, *, frames: int = 100, size: int = 20) -> ExceptionInfo:
    """Return an exception with frames of a size."""
    made = tuple(Frame(path=f"{number}/" + "x" * size, line=1, function="f") for number in range(frames))
    return ExceptionInfo(type="ValueError", message=name + "y" * size, frames=made, notes=("n" * size,))


def test_both_ends_of_the_frames_stay() -> None:
    """The innermost frame comes first, and then the outermost."""
    [info] = shrink([info_of("one")], 2000)

    numbers = [int(frame.path.partition("/")[0]) for frame in info.frames]
    assert numbers == sorted(numbers)
    assert {0, 1, 98, 99} <= set(numbers)
    assert len(numbers) < 50


def test_the_exception_itself_and_its_newest_cause_stay() -> None:
    """Causes that are further away go, and are counted."""
    kept = shrink([info_of(name) for name in ("real", "newest", *("older" * 20))], 1500)

    assert [info.message[:6] for info in kept][:2] == ["realyy", "newest"]
    assert len(kept) < 10
    assert kept[0].notes[-1] == f"… and {102 - len(kept)} more exceptions"


def test_a_long_path_does_not_push_the_others_out() -> None:
    """Both ends of each are left."""
    [info] = shrink([info_of("one", frames=3, size=4000)], 1200)

    assert len(info.frames) == 3
    assert all("…" in frame.path for frame in info.frames)


def test_variables_and_lines_stay_where_the_error_was() -> None:
    """Those of the innermost frames, as far as there is room."""
    frames = tuple(
        Frame(path="x.py", line=1, function="f", locals={"order": "x" * 30}, lines=("y" * 30,)) for _ in range(9)
    )

    [info] = shrink([ExceptionInfo(type="ValueError", message="", frames=frames)], 5000, extra=100)

    assert [bool(frame.locals) for frame in info.frames] == [False] * 7 + [True] * 2
    assert [bool(frame.lines) for frame in info.frames] == [False] * 7 + [True] * 2


@given(st.lists(INFOS, min_size=1, max_size=6), st.integers(0, 5000))
def test_they_fit(infos: list[ExceptionInfo], room: int) -> None:
    """Whatever is in them, but for what an exception needs to be one."""
    kept = shrink(infos, room)

    assert sum(map(weigh_exception, kept)) <= room + 300
    assert kept[0].parent is None
