"""Both ends of a traceback are read, and its text counts what is between as Python does."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from otel_crumbs.event import Builder, capture_error, traceback_reader
from otel_crumbs.event.traceback_reader import find_frames, find_innermost
from tests.application import fail

# Python 3.10 needs the C stack for every call.
DEEP = 20_000 if sys.version_info >= (3, 11) else 5_000


def recurse(depth: int) -> int:
    """Call itself."""
    return recurse(depth - 1) if depth else 1 // 0


def alternate(depth: int) -> int:
    """Call another function that calls this one."""
    return answer(depth - 1) if depth else 1 // 0


def answer(depth: int) -> int:
    """Call back."""
    return alternate(depth)


def raised_by(call: Callable[[], object]) -> BaseException:
    """Return what a call raises, with all the stack that it needs."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            call()
        except ZeroDivisionError as error:
            caught.append(error)

    before = sys.getrecursionlimit(), threading.stack_size(256 * 1024 * 1024)
    sys.setrecursionlimit(3 * DEEP)
    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    sys.setrecursionlimit(before[0])
    threading.stack_size(before[1])
    return caught[0]


def count_frames(error: BaseException) -> int:
    """Return how many frames a traceback has."""
    return sum(1 for _ in traceback.walk_tb(error.__traceback__))


@pytest.mark.parametrize("depth", [0, 1, 2, 50, 98, 99, 100, 101, 150, 198, 199, 200, 201, 300, 1000, DEEP])
@pytest.mark.parametrize("limit", [1, 3, 100, 200])
def test_the_innermost_frames_are_found(depth: int, limit: int) -> None:
    """Wherever the hundreds end."""
    error = raised_by(lambda: recurse(depth))
    assert error.__traceback__ is not None
    wanted = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]

    count, entries = find_innermost(error.__traceback__, limit)

    assert count == len(wanted)
    assert [entry.tb_frame for entry in entries] == wanted[-limit:]


@pytest.mark.parametrize("depth", [0, 10, 90, 110, 1000, DEEP])
def test_both_ends_are_kept(depth: int) -> None:
    """And it is known how many are between."""
    error = raised_by(lambda: recurse(depth))
    wanted = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]

    frames = find_frames(error.__traceback__, 100)

    kept = [entry.tb_frame for entry in (*frames.outer, *frames.inner)]
    assert len(kept) + frames.between == len(wanted)
    assert kept == (wanted if len(wanted) <= 100 else wanted[:50] + wanted[-50:])


def text_of(error: BaseException) -> str:
    """Return the text of an exception's event."""
    event = Builder().build(capture_error(error, mechanism="test", handled=False))
    assert event is not None
    return event.stacktrace


@pytest.mark.parametrize("depth", [3, 100, 198, 199, 200, 201, 398, 500, 1000, 5000])
def test_a_deep_recursion_reads_as_python_prints_it(depth: int) -> None:
    """A line that calls itself is written three times, and counted."""
    error = raised_by(lambda: recurse(depth))

    assert text_of(error) == "".join(traceback.format_exception(error))


def test_what_is_around_a_recursion_is_written() -> None:
    """Another recursion before it and behind it, each with its count."""

    def outer(depth: int) -> object:
        return outer(depth - 1) if depth else recurse_and_fail(2000)

    def recurse_and_fail(depth: int) -> object:
        return recurse_and_fail(depth - 1) if depth else inner(20)

    def inner(depth: int) -> object:
        return inner(depth - 1) if depth else fail(ZeroDivisionError("boom"))

    error = raised_by(lambda: outer(20))

    assert text_of(error) == "".join(traceback.format_exception(error))


def test_a_recursion_of_two_lines_says_how_much_is_left_out() -> None:
    """Python writes all of it."""
    error = raised_by(lambda: alternate(1000))

    lines = text_of(error).splitlines()

    assert f"  [{count_frames(error) - 200} more frames]" in lines
    assert lines[-1].startswith("ZeroDivisionError")


def test_the_count_of_what_is_left_out_is_there_with_long_paths() -> None:
    """The middle of a text that is too long goes."""
    path = "/srv/" + "deployment/" * 15 + "views.py"
    namespace: dict[str, Callable[[int], object]] = {}
    source = "def a(n): return b(n - 1) if n else 1 // 0\ndef b(n): return a(n)"
    exec(compile(source, path, "exec"), namespace)  # noqa: S102 - functions in a file of such a name

    error = raised_by(lambda: namespace["a"](1000))

    assert f"  [{count_frames(error) - 200} more frames]\n" in text_of(error)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs a C stack that deep")
def test_the_deepest_recursion_says_how_much_is_left_out() -> None:
    """Frames are not compared without end."""
    error = raised_by(lambda: recurse(DEEP))

    assert f"  [{count_frames(error) - 200} more frames]\n" in text_of(error)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("call", [lambda: recurse(2), lambda: alternate(3), lambda: [1 // each for each in (2, 0)]])
def test_what_was_written_before_reads_the_same(call: Callable[[], object], times: int) -> None:
    """The marks under a line as well."""
    errors = [raised_by(call) for _ in range(times)]

    assert [text_of(error) for error in errors] == ["".join(traceback.format_exception(error)) for error in errors]


def test_a_line_that_changes_is_read_again(tmp_path: Path) -> None:
    """A development server reloads modules in the same process."""
    file = tmp_path / "views.py"
    texts = []
    for source in ("1 // 0", "2 // 0"):
        file.write_text(source, encoding="utf-8")
        code = compile(source, str(file), "exec")
        texts.append(text_of(raised_by(lambda code=code: exec(code))))  # noqa: S102 - a module of the application's

    assert "    1 // 0\n" in texts[0]
    assert "    2 // 0\n" in texts[1]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="Python marks nothing")
def test_few_texts_of_frames_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """An application has more lines than fail."""
    monkeypatch.setattr(traceback_reader, "_MAX_FRAME_TEXTS", 5)
    monkeypatch.setattr(traceback_reader, "_frame_texts", {})

    for error in (raised_by(lambda: recurse(3)), raised_by(lambda: alternate(3))):
        assert text_of(error) == "".join(traceback.format_exception(error))

    assert 0 < len(traceback_reader._frame_texts) <= 5
