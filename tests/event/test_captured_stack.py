"""A captured stack says later what Python would have said at once, and keeps nothing of the application."""

from __future__ import annotations

import gc
import sys
import traceback
import weakref
import zipfile
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from otel_crumbs.event.captured_stack import CapturedStack


def caught(work: Callable[[], object]) -> TracebackType | None:
    """Return the traceback of what work raises, without the frame of this function."""
    with pytest.raises(Exception) as raised:  # noqa: PT011 - whatever it is
        work()
    found = raised.value.__traceback__
    return found.tb_next if found else None


def divide() -> float:
    """Fail in an instruction that is none of the first line."""
    return sum(
        each / 0  # an instruction of two lines
        for each in (1, 2)
    )


def run_text() -> None:
    """Fail in code that is in no file."""
    exec(compile("def fail():\n    return [][\n        3]\n\nfail()", "<template>", "exec"), {})  # noqa: S102


def recurse(depth: int = 50) -> float:
    """Fail in a line that Python counts."""
    return recurse(depth - 1) if depth else 1 / 0


def decode() -> str:
    """Fail in code in C."""
    return b"\xff".decode()


@pytest.mark.parametrize("work", [divide, run_text, recurse, decode])
def test_the_lines_are_those_that_python_writes(work: Callable[[], object]) -> None:
    """With the marks under what failed, where this Python has them."""
    found = caught(work)

    assert CapturedStack(found).format() == traceback.StackSummary.from_list(traceback.extract_tb(found)).format()


def test_a_source_in_an_archive_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its lines come from the loader of the module."""
    archive = tmp_path / "shop.zip"
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr("shop_in_archive.py", "def buy():\n    raise ValueError('sold out')\n")
    monkeypatch.syspath_prepend(str(archive))
    import shop_in_archive  # type: ignore[import-not-found]  # noqa: PLC0415 - it is made here

    stack = CapturedStack(caught(shop_in_archive.buy))

    assert "raise ValueError('sold out')" in "".join(stack.format())
    assert stack.read_frames()[-1].module == "shop_in_archive"


def test_a_source_that_changed_is_read_again(tmp_path: Path) -> None:
    """As Python does when it prints a traceback."""
    path = tmp_path / "template.py"
    for words in ("first", "the second"):
        path.write_text(f"1 / 0  # {words}\n")
        code = compile(path.read_text(), str(path), "exec")

        stack = CapturedStack(caught(lambda code=code: exec(code, {})))  # type: ignore[misc]  # noqa: S102

        assert f"# {words}" in "".join(stack.format())


class Name(str):
    """A name that cannot be asked."""

    __slots__ = ()

    def __len__(self) -> int:
        raise AssertionError


@pytest.mark.parametrize("name", [None, 7, Name("shop")], ids=["none", "number", "text"])
def test_a_module_of_any_name_has_frames(name: Any) -> None:
    """Nobody asks the name for anything."""
    names = {"__name__": name}

    frames = CapturedStack(caught(lambda: exec("1 / 0", names))).read_frames()  # noqa: S102

    assert [frame.module for frame in frames[1:]] == ["shop" if isinstance(name, str) else None]


def test_no_frame_is_kept() -> None:
    """The variables of the application end when they would."""

    class Order:
        pass

    def work() -> None:
        order = Order()
        kept.append(weakref.ref(order))
        raise ValueError

    kept: list[weakref.ref[Order]] = []
    stack = CapturedStack(caught(work))
    gc.collect()

    assert kept[0]() is None
    assert stack.read_frames()[-1].function == "work"


def test_an_exception_that_was_not_raised_has_no_frames() -> None:
    """Python prints no list of calls for it."""
    stack = CapturedStack(None)

    assert not stack
    assert stack.read_frames() == ()
    assert stack.format() == []


def test_an_instruction_without_a_place_has_its_line() -> None:
    """As of a traceback that somebody made."""
    frame = sys._getframe()

    stack = CapturedStack(TracebackType(None, frame, -1, 7))

    assert [found.line for found in stack.read_frames()] == [7]
    assert "line 7" in stack.format()[0]
