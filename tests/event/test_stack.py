"""Exceptions are read at once, whole and in bounds, whatever they are."""

from __future__ import annotations

import gc
import itertools
import sys
import traceback
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.base.plain import MAX_TEXT
from otel_crumbs.event import Builder, ErrorEvent, ExceptionInfo, capture_error, stack
from otel_crumbs.event.captured_stack import MAX_FRAMES
from otel_crumbs.event.exception_chain import MAX_EXCEPTIONS
from otel_crumbs.event.stack import MAX_NOTES
from otel_crumbs.testing import CapturedEvents
from tests.application import fail, raised

GROUPS = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


class OrderError(Exception):
    """An exception of an application."""


def read_exceptions(error: BaseException) -> tuple[ExceptionInfo, ...]:
    """Return what is read of an exception."""
    return stack.read_exceptions(error).read()


def event_of(error: BaseException) -> ErrorEvent:
    """Return the event of an exception."""
    event = Builder().build(capture_error(error, mechanism="test", handled=False))
    assert event is not None
    return event


def chained() -> BaseException:
    """Return an exception with a cause that has a context."""
    try:
        try:
            try:
                fail(KeyError("first"))
            except KeyError:
                fail(ValueError("second"))
        except ValueError as error:
            raise OrderError("third") from error
    except OrderError as error:
        return error


def links(error: BaseException) -> list[tuple[str, int | None, str | None]]:
    """Return of each exception its name, its parent and how it hangs on it."""
    return [(info.type.rpartition(".")[2], info.parent, info.link) for info in read_exceptions(error)]


def test_the_type_has_its_module() -> None:
    """OpenTelemetry writes it so, builtins without a module."""
    assert read_exceptions(OrderError())[0].type == f"{__name__}.OrderError"
    assert read_exceptions(ValueError())[0].type == "ValueError"


def test_the_frames_are_those_of_the_traceback() -> None:
    """Outermost first, with file, line, function and module."""
    info = read_exceptions(raised(ValueError("boom"))[1])[0]

    assert [frame.function for frame in info.frames] == ["raised", "fail"]
    assert info.frames[-1].path.endswith("application.py")
    assert info.frames[-1].module == "tests.application"
    assert info.frames[-1].line > 0


def test_the_text_is_what_python_prints() -> None:
    """It has the chain, word for word."""
    error = chained()

    assert event_of(error).stacktrace == "".join(traceback.format_exception(error))


def test_the_chain_is_reported_nearest_first() -> None:
    """Each names the one it belongs to, and how."""
    assert links(chained()) == [
        ("OrderError", None, None),
        ("ValueError", 0, "__cause__"),
        ("KeyError", 1, "__context__"),
    ]


def test_what_was_suppressed_is_not_reported() -> None:
    """`raise ... from None` means that the context does not matter."""
    try:
        try:
            fail(KeyError("first"))
        except KeyError:
            raise ValueError("second") from None
    except ValueError as error:
        reported = links(error)

    assert reported == [("ValueError", None, None)]


def test_a_chain_that_bites_its_tail_ends() -> None:
    """Circular causes are told once each."""
    first, second = ValueError("first"), KeyError("second")
    first.__cause__, second.__cause__ = second, first

    assert links(first) == [("ValueError", None, None), ("KeyError", 0, "__cause__")]
    assert "first" in event_of(first).stacktrace


def test_an_endless_chain_is_cut() -> None:
    """Of a thousand causes the nearest are told."""
    error = ValueError("0")
    for number in range(1, 1000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following

    infos = read_exceptions(error)

    assert len(infos) == MAX_EXCEPTIONS
    assert infos[0].message == "999"
    assert event_of(error).title == "ValueError: 999"


@GROUPS
def test_a_groups_members_are_reported() -> None:
    """Each with its place, nested groups too."""
    group = ExceptionGroup("all", [ValueError("one"), ExceptionGroup("some", [KeyError("two")])])  # noqa: F821 - 3.11

    assert links(raised(group)[1]) == [
        ("ExceptionGroup", None, None),
        ("ValueError", 0, "exceptions[0]"),
        ("ExceptionGroup", 0, "exceptions[1]"),
        ("KeyError", 2, "exceptions[0]"),
    ]
    assert "one" in event_of(group).stacktrace


@GROUPS
def test_a_huge_group_is_cut() -> None:
    """A thousand members make a bounded event."""
    group = ExceptionGroup("all", [ValueError(str(number)) for number in range(1000)])  # noqa: F821 - 3.11

    assert len(read_exceptions(group)) == MAX_EXCEPTIONS
    assert len(event_of(group).stacktrace) < 100_000


@GROUPS
def test_a_groups_text_counts_what_is_left_out() -> None:
    """As Python does, where it shows fifteen; fewer are shown where the exceptions are too many all in all."""
    small = ExceptionGroup("small", [ValueError(str(number)) for number in range(20)])  # noqa: F821 - 3.11
    large = ExceptionGroup("large", [small, *(KeyError(str(number)) for number in range(40))])  # noqa: F821 - 3.11

    assert event_of(raised(small)[1]).stacktrace == "".join(traceback.format_exception(small))
    assert "and 26 more exceptions" in event_of(large).stacktrace
    assert event_of(large).exceptions[0].notes == ("… and 30 more exceptions",)


@GROUPS
def test_a_member_that_many_groups_share_is_written_once() -> None:
    """Elsewhere its title stands for it: all the ways to it are more than could ever be printed."""
    group = raised(ValueError("shared"))[1]
    for number in range(40):
        group = ExceptionGroup(f"group {number}", [group, group])  # type: ignore[list-item, assignment]  # noqa: F821 - 3.11

    stacktrace = event_of(group).stacktrace

    assert stacktrace.count("ExceptionGroup: group 38 (2 sub-exceptions)") == 2
    assert len(stacktrace.splitlines()) < 200


def test_a_long_chain_counts_what_is_left_out() -> None:
    """The exception itself says how many led to it."""
    error = ValueError("0")
    for number in range(1, 1000):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following

    event = event_of(error)

    assert event.exception.notes == ("… and 968 more exceptions",)
    assert sys.version_info < (3, 11) or event.stacktrace.endswith("ValueError: 999\n… and 968 more exceptions\n")


def test_an_exceptions_objects_are_not_asked() -> None:
    """Python looks for a name that was meant, in all that an object has: it may be a query that has not run yet."""
    asked: list[str] = []

    class Lazy:
        def __dir__(self) -> list[str]:
            asked.append("dir")
            return []

    try:
        Lazy().nam  # type: ignore[attr-defined]  # noqa: B018 - it is not there
    except AttributeError as error:
        event = event_of(error)

    assert asked == []
    assert event.exception.message == "'Lazy' object has no attribute 'nam'"


def test_a_text_is_asked_for_once(events: CapturedEvents) -> None:
    """An exception may ask others for its words, or count how often it was asked."""
    asked: list[str] = []

    class CountingError(Exception):
        def __str__(self) -> str:
            asked.append("str")
            return "boom"

    otel_crumbs.capture_exception(raised(CountingError())[1])

    assert asked == ["str"]
    assert events[0].stacktrace.endswith("CountingError: boom\n")


def test_a_syntax_error_reads_as_python_prints_it() -> None:
    """With the line that it is in."""
    with pytest.raises(SyntaxError) as caught:
        compile("a b", "<template>", "exec")

    assert event_of(caught.value).stacktrace == "".join(traceback.format_exception(caught.value))


@GROUPS
def test_notes_are_in_the_text() -> None:
    """What was added with `add_note` is told as Python tells it."""
    error = ValueError("boom")
    error.add_note("while shipping order 7")  # type: ignore[attr-defined]  # Python 3.11

    assert "while shipping order 7" in event_of(error).stacktrace


class NotedError(Exception):
    """An error with notes, as Python 3.11 and newer keep them."""

    def __init__(self, notes: Any) -> None:
        super().__init__("boom")
        self.__notes__ = notes


def test_notes_are_kept_one_by_one() -> None:
    """Some receivers show exceptions in a form of their own."""
    assert event_of(NotedError(["shelf 7", "tried twice"])).exception.notes == ("shelf 7", "tried twice")


class Endless(list[str]):
    """A list that never ends for who goes through it."""

    def __iter__(self) -> Iterator[str]:
        """Begin."""
        return itertools.repeat("on and on")


def test_notes_without_end_are_cut() -> None:
    """Python itself would go through them for ever."""
    event = event_of(NotedError(Endless(["shelf 7"])))

    assert event.exception.notes == ("shelf 7",)
    assert "boom" in event.stacktrace


@pytest.mark.parametrize("notes", [None, 7, "a text", {"a": "map"}, object()])
def test_notes_that_are_none_are_passed_over(notes: Any) -> None:
    """Python lets anybody put anything there."""
    assert event_of(NotedError(notes)).exception.notes == ()


def test_notes_are_plain_without_secrets_and_in_bounds() -> None:
    """Notes may be of any kind, and there may be any number."""
    notes = event_of(
        NotedError([7, "password=hunter2", hostile("__repr__")(), "\ud800", *["x" * 10_000] * 100])
    ).exception.notes

    assert notes[:2] == ("7", "password=[scrubbed: password]")
    assert len(notes) == MAX_NOTES
    assert len("".join(notes).encode()) < MAX_NOTES * MAX_TEXT


def hostile(name: str) -> type[Exception]:
    """Return a class of exceptions one of whose methods raises."""

    def method(*_: Any) -> Any:
        raise RuntimeError(name)

    return type("HostileError", (Exception,), {name: method})


@pytest.mark.parametrize("name", ["__str__", "__repr__"])
def test_an_exception_that_cannot_be_printed_is_an_event(name: str) -> None:
    """It is told by its class, with its traceback."""
    event = event_of(raised(hostile(name)("boom"))[1])

    assert event.exception.type.endswith("HostileError")
    assert "HostileError" in event.title
    assert "in fail" in event.stacktrace


@pytest.mark.parametrize("attribute", ["exceptions", "__notes__", "__cause__", "__context__", "__class__"])
def test_an_exception_whose_attributes_raise_is_an_event(attribute: str) -> None:
    """Properties of the application's classes may do anything."""

    def broken(_: Any) -> Any:
        raise RuntimeError(attribute)

    kind = type("HostileError", (Exception,), {attribute: property(broken)})

    event = event_of(raised(kind("boom"))[1])

    assert event.exception.type.endswith("HostileError")
    assert event.exception.message == "boom"


def test_a_str_that_returns_no_text_is_an_event() -> None:
    """`__str__` may return anything."""
    kind = type("OddError", (Exception,), {"__str__": lambda _: 7})

    assert "OddError" in event_of(raised(kind())[1]).title


@pytest.mark.parametrize("message", ["\ud800", "a" * 1_000_000, "two\nlines", "", "\x00"])
def test_any_message_is_reported_in_bounds(message: str) -> None:
    """The message can be encoded."""
    event = event_of(raised(ValueError(message))[1])

    event.title.encode()
    event.stacktrace.encode()
    assert len(event.exception.message) < 10_000
    assert len(event.stacktrace) < 100_000
    assert "\n" not in event.title


def test_a_recursion_error_keeps_both_ends() -> None:
    """A thousand frames of the same are cut in the middle."""

    def endless(number: int) -> int:
        return endless(number + 1) + 1

    try:
        endless(0)
    except RecursionError as error:
        event = event_of(error)

    frames = event.exception.frames
    assert len(frames) == MAX_FRAMES
    assert frames[0].function == "test_a_recursion_error_keeps_both_ends"
    assert frames[-1].function == "endless"
    assert "RecursionError" in event.stacktrace


def test_an_exception_that_was_never_raised_is_an_event() -> None:
    """It has no frames, and its text is a line."""
    event = event_of(ValueError("boom"))

    assert event.exception.frames == ()
    assert event.stacktrace.strip() == "ValueError: boom"


def test_nothing_of_the_application_is_kept_alive() -> None:
    """What was captured holds no frame, and so none of its variables."""

    class Order:
        """Something large."""

    kept: list[weakref.ref[Order]] = []

    def work() -> None:
        order = Order()
        kept.append(weakref.ref(order))
        raise ValueError("boom")

    try:
        work()
    except ValueError as error:
        captured = capture_error(error, mechanism="test", handled=False)
    gc.collect()

    assert kept[0]() is None
    assert captured.exceptions.infos[0].message == "boom"


def test_code_without_a_file_is_reported() -> None:
    """What `exec` runs has a name in angle brackets."""
    try:
        exec(compile("1 / 0", "<template>", "exec"), {})  # noqa: S102 - what template engines do
    except ZeroDivisionError as error:
        info = read_exceptions(error)[0]

    assert info.frames[-1].path == "<template>"
    assert info.frames[-1].module is None or isinstance(info.frames[-1].module, str)
