"""The application's source where it failed is in the event, in bounds and without secrets."""

from __future__ import annotations

import importlib.util
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_crumbs.event import Builder, ErrorEvent, capture_error, capture_recorded
from otel_crumbs.event.model import ExceptionInfo, Frame
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.source_lines import MAX_FRAMES, add_source_lines, format_source, read_lines
from otel_crumbs.export.http.document import document_of
from otel_crumbs.export.otlp.attributes import attributes_of
from otel_crumbs.trails import Branch

VIEWS = """\
RATES = {"EUR": 0}


def checkout(total):
    password = "hunter2"
    rate = RATES["EUR"]
    return divide(total, rate)


def divide(total, rate):
    return total / rate


def recurse(depth):
    return recurse(depth - 1) if depth else 1 / 0


def decode(text, loads):
    return loads(text)
"""


def load_views(folder: Path) -> dict[str, Callable[..., object]]:
    """Import the application."""
    file = folder / "views.py"
    file.write_text(VIEWS, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("views", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return vars(module)


def event_of(call: Callable[[], object]) -> ErrorEvent:
    """Return the event of what a call raises."""
    try:
        call()
    except (ArithmeticError, ValueError) as error:
        # The test's own frame is not the application's.
        traceback = error.__traceback__
        while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
            traceback = traceback.tb_next
        captured = capture_error(error.with_traceback(traceback), mechanism="test", handled=False)
        event = Builder(scrubber=Scrubber()).build(captured)
        assert event is not None
        return event
    raise AssertionError("it always fails")


def test_the_lines_around_the_innermost_frames_are_shown(tmp_path: Path) -> None:
    """The one that failed is marked, and secrets beside it are taken out."""
    views = load_views(tmp_path)

    event = event_of(lambda: views["checkout"](3))

    assert (
        event.source
        == """\
views.py, line 7, in checkout
     4  def checkout(total):
     5      password = [scrubbed: password]
     6      rate = RATES["EUR"]
>    7      return divide(total, rate)
     8
     9
    10  def divide(total, rate):

views.py, line 11, in divide
     8
     9
    10  def divide(total, rate):
>   11      return total / rate
    12
    13
    14  def recurse(depth):"""
    )


def test_a_recursion_is_shown_once(tmp_path: Path) -> None:
    """It is at the same line again and again."""
    views = load_views(tmp_path)

    assert event_of(lambda: views["recurse"](50)).source.count("in recurse") == 1


def test_the_source_of_a_library_is_left_out(tmp_path: Path) -> None:
    """The application's line that called it is."""
    views = load_views(tmp_path)

    source = event_of(lambda: views["decode"]("{", json.loads)).source

    assert "return loads(text)" in source
    assert "json" not in source


def test_it_is_bounded(tmp_path: Path) -> None:
    """Long lines are data."""
    file = tmp_path / "data.py"
    file.write_text("\n".join("x = " + "1" * 5000 for _ in range(50)), encoding="utf-8")
    frames = [Frame(path=str(file), line=number, function="f") for number in (10, 20, 30, 40)]

    text = format_source(frames)

    assert text.count(" in f") == MAX_FRAMES
    assert "line 10," not in text
    assert len(text) < 5000


def test_a_file_that_is_gone_is_left_out() -> None:
    """A line beyond the file as well."""
    assert format_source([Frame(path="/nowhere/x.py", line=1, function="f")]) == ""
    assert format_source([Frame(path=__file__, line=100_000, function="f")]) == ""


def test_of_a_recorded_exception_no_file_is_read() -> None:
    """Its text may come from another machine."""
    info = ExceptionInfo(type="ValueError", message="", frames=(Frame(path=__file__, line=1, function="f"),))
    captured = capture_recorded(info, "Traceback", branch=Branch(10), span_context=None, mechanism="test")  # type: ignore[arg-type]

    event = Builder().build(captured)

    assert event is not None
    assert event.source == ""


def test_exporters_send_it(tmp_path: Path) -> None:
    """As an attribute, and as a field of the document."""
    event = event_of(lambda: load_views(tmp_path)["checkout"](3))

    assert attributes_of(event)["otel_crumbs.source"] == event.source
    assert document_of(event)["source"] == event.source


@pytest.mark.parametrize("kind", ["pipe", "device", "endless"])
def test_what_is_no_source_file_is_not_opened(kind: str, tmp_path: Path) -> None:
    """Whoever reads a pipe waits for ever, and takes what others wait for; a device may have no end."""
    path = Path("/dev/zero") if kind == "device" else tmp_path / "template.py"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        with path.open("wb") as opened:
            opened.truncate(1024 * 1024 * 1024)
    try:
        exec(compile("1 / 0", str(path), "exec"), {"__name__": "template"})  # noqa: S102 - as template engines do
    except ZeroDivisionError as error:
        captured = capture_error(error, mechanism="test", handled=False)

    event = Builder(with_lines=True).build(captured)

    assert event is not None
    assert f'File "{path}", line 1' in event.stacktrace
    assert str(path) not in event.source
    assert event.exception.frames[-1].path == str(path)
    assert event.exception.frames[-1].lines == ()


def test_frames_have_the_lines_around_theirs(tmp_path: Path) -> None:
    """They are read when the event is built, so that a file of the spool names no path that is read later."""
    file = tmp_path / "shop.py"
    file.write_text("\n".join(f"line {number}" for number in range(1, 41)), encoding="utf-8")
    frames = tuple(Frame(path=str(file), line=number, function="f") for number in (1, 20, 40, 41))

    [info] = add_source_lines([ExceptionInfo(type="ValueError", message="", frames=frames)], str.upper)

    assert [(frame.first_line, len(frame.lines)) for frame in info.frames] == [(1, 6), (15, 11), (35, 6), (0, 0)]
    assert info.frames[1].lines[5] == "LINE 20"


def test_the_innermost_frames_have_lines_where_there_are_many(tmp_path: Path) -> None:
    """Source lines are most of what an event takes."""
    file = tmp_path / "shop.py"
    file.write_text("x = 1\n" * 10, encoding="utf-8")
    frames = tuple(Frame(path=str(file), line=5, function=str(number)) for number in range(150))
    info = ExceptionInfo(type="ValueError", message="", frames=frames)

    first, second = add_source_lines([info, info])

    assert [bool(frame.lines) for frame in first.frames] == [False] * 50 + [True] * 100
    assert not any(frame.lines for frame in second.frames)


@pytest.mark.skipif(not Path("/proc/version").exists(), reason="of Linux")
def test_a_file_that_the_kernel_makes_up_is_not_read() -> None:
    """It has no size, and one such as /proc/kmsg keeps its reader waiting."""
    assert Path("/proc/version").read_text(encoding="utf-8") != ""
    assert read_lines("/proc/version") == []
