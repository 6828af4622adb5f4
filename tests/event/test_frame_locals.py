"""The local variables of the application's frames: off by default, plain, in bounds, scrubbed; nothing is asked."""
# ruff: noqa: F841 - the variables are there to be read

from __future__ import annotations

import gc
import json
import weakref
from collections import OrderedDict, UserDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any, NoReturn

import pytest

import otel_crumbs
from otel_crumbs.event.frame_locals import MAX_CHARACTERS, MAX_FRAMES, MAX_VARIABLES, format_locals
from otel_crumbs.event.trim import trim_event, weigh_event
from otel_crumbs.export import document_of
from otel_crumbs.export.http.document import encode_json
from otel_crumbs.export.otlp.attributes import attributes_of
from otel_crumbs.export.sentry.exporter import envelope_of
from otel_crumbs.export.sentry.payload import payload_of
from otel_crumbs.export.spool.codec import decode_event, encode_event
from otel_crumbs.testing import CapturedEvents, capture_events
from tests.export.schemas import assert_valid_document, assert_valid_envelope


class Hostile:
    """An object that fails whatever it is asked."""

    def __getattribute__(self, name: str) -> NoReturn:
        raise AssertionError(f"it was asked for {name}")

    def __repr__(self) -> str:
        raise AssertionError("it was asked for its text")

    __str__ = __len__ = __iter__ = __bool__ = __hash__ = __eq__ = __repr__  # type: ignore[assignment]  # whatever


class HostileText(str):
    """A text with ideas of its own."""

    __slots__ = ()

    def __str__(self) -> str:
        raise AssertionError("it was asked for its text")

    __len__ = __hash__ = __eq__ = __repr__ = __str__  # type: ignore[assignment]  # whatever


def fail_now() -> NoReturn:
    """Fail."""
    raise ValueError("boom")


def variables_of(call: Callable[[], object], **options: Any) -> dict[str, Any]:
    """Return the variables of the frame that an error leaves, innermost."""
    with capture_events(frame_locals=True, **options) as events:
        try:
            call()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        [event] = events
        frame = event.exception.frames[-1]
        assert frame.locals is not None
        return dict(frame.locals)


def test_they_are_off_by_default(events: CapturedEvents) -> None:
    """Nobody sends variables without knowing."""
    with pytest.raises(ValueError, match="boom"), otel_crumbs.operation("job"):
        raise ValueError("boom")

    assert [frame.locals for frame in events[0].exception.frames] == [None]
    assert all("locals" not in frame for frame in document_of(events[0])["exceptions"][0]["frames"])
    assert "otel_crumbs.locals" not in attributes_of(events[0])


def test_plain_values_are_copied_and_others_are_named() -> None:
    """Strings, numbers, lists and dictionaries; of anything else the class, which is asked for nothing."""

    def fail() -> None:
        order, ratio, is_paid, nobody = 7, 0.5, True, None
        name, raw, big = "ada", b"x", 2**70
        lines = [{"sku": "hat", "pieces": (1, 2)}, Hostile()]
        hostile, text, deep = Hostile(), HostileText("x"), [[[[1]]]]
        own, ordered = UserDict({"a": 1}), OrderedDict(a=1)
        kinds = {1: "one", (1,): "two", "three": {3}}
        raise ValueError("boom")

    assert variables_of(fail) == {
        "order": 7,
        "ratio": 0.5,
        "is_paid": True,
        "nobody": None,
        "name": "ada",
        "raw": "<bytes>",
        "big": str(2**70),
        "lines": [{"sku": "hat", "pieces": [1, 2]}, f"<{__name__}.Hostile>"],
        "hostile": f"<{__name__}.Hostile>",
        "text": f"<{__name__}.HostileText>",
        "deep": [[["<list>"]]],
        "own": "<collections.UserDict>",
        "ordered": "<collections.OrderedDict>",
        "kinds": {"1": "one", "<tuple>": "two", "three": [3]},
    }


def test_secrets_go_by_their_names_and_their_texts() -> None:
    """As in data everywhere."""

    def fail() -> None:
        password = "hunter2"  # noqa: S105 - a test's
        headers = {"Authorization": "Bearer abc.def.ghi"}
        url = "https://ada:hunter2@shop.example/"
        raise ValueError("boom")

    found = variables_of(fail)

    assert "hunter2" not in str(found)
    assert "abc.def" not in str(found)
    assert set(found) == {"password", "headers", "url"}


def test_they_are_copied_at_once_and_nothing_is_kept() -> None:
    """What changes later is as it was, and what goes away goes away."""

    class Order:
        pass

    gone: list[weakref.ref[Order]] = []

    def fail() -> None:
        order, lines = Order(), ["hat"]
        gone.append(weakref.ref(order))
        try:
            fail_now()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        lines.append("cap")

    with capture_events(frame_locals=True) as events:
        fail()
        gc.collect()

        assert gone[0]() is None
        variables = events[0].exception.frames[-2].locals
        assert variables is not None
        assert variables["lines"] == ["hat"]


def test_they_are_bounded() -> None:
    """In number, length, depth and all together; an event that they would fill has none of them."""

    def fail(depth: int) -> None:
        long, many, named = "x" * 100_000, list(range(100_000)), {str(number): number for number in range(1000)}
        if depth:
            fail(depth - 1)
        exec("\n".join(f"v{number} = 'y' * 150" for number in range(500)) + "\nraise ValueError('boom')", {})  # noqa: S102 - many names

    with capture_events(frame_locals=True) as events:
        try:
            fail(20)
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        [event] = events

    found = [frame.locals for frame in event.exception.frames if frame.locals is not None]
    assert len(found) == MAX_FRAMES
    assert max(map(len, found)) == MAX_VARIABLES
    assert len(json.dumps([dict(each) for each in found])) < 2 * MAX_CHARACTERS
    assert found[-2]["many"][-1] == "… and 99984 more"
    assert len(found[-2]["long"]) == 200
    small = trim_event(event, 4096)
    assert weigh_event(small) <= 4096
    assert sum(len(json.dumps(dict(frame.locals))) for frame in small.exception.frames if frame.locals) < 1024


def test_only_the_applications_frames_have_them() -> None:
    """Those of Python and of libraries may hold anybody's."""

    def fail() -> None:
        sent = 7
        json.loads("{" * sent)

    with capture_events(frame_locals=True) as events:
        try:
            fail()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        frames = {frame.function: frame.locals for frame in events[0].exception.frames}

    assert frames["fail"] == {"sent": 7}
    assert frames["raw_decode"] is None


def test_a_namespace_of_the_applications_own_is_not_asked() -> None:
    """Code that is executed may have its variables in anything."""

    class Namespace(dict[str, Any]):
        def items(self) -> NoReturn:
            raise AssertionError("it was asked")

    code = compile("order = 7\nraise ValueError('boom')", "shop.py", "exec")

    assert variables_of(lambda: exec(code, {}, Namespace())) == {}  # noqa: S102 - it is the test's


def test_what_a_module_defines_is_left_out() -> None:
    """Its own values are there."""
    code = compile(
        "import json\nlimit = 7\nclass Hat: ...\ndef ship(): ...\nraise ValueError('boom')", "shop.py", "exec"
    )

    assert variables_of(lambda: exec(code, {"__name__": "shop"})) == {"limit": 7}  # noqa: S102 - it is the test's


def test_every_exporter_has_them() -> None:
    """As fields of the frames, or as text; and so has an event that waited on disk."""

    def fail() -> None:
        order = 7
        name = "ada"
        raise ValueError("boom")

    with capture_events(frame_locals=True) as events:
        try:
            fail()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        [event] = events
    restored = decode_event(encode_event(event))

    expected = {"order": 7, "name": "ada"}
    frames = payload_of(event)["exception"]["values"][0]["stacktrace"]["frames"]
    assert document_of(event)["exceptions"][0]["frames"][-1]["locals"] == expected
    assert frames[-1]["vars"] == expected
    assert attributes_of(event)["otel_crumbs.locals"].endswith('in fail\n    order = 7\n    name = "ada"')
    assert restored.exception.frames[-1].locals == expected
    assert_valid_document(encode_json(document_of(event)))
    assert_valid_envelope(envelope_of(event))


def test_a_hook_may_put_anything_there() -> None:
    """It is made plain again."""

    def change(event: otel_crumbs.ErrorEvent) -> otel_crumbs.ErrorEvent:
        info = event.exception
        frames = tuple(replace(frame, locals={1: {2}}) for frame in info.frames)
        return replace(event, exceptions=(replace(info, frames=frames),), context=(3, "order"))  # type: ignore[arg-type]  # as hooks do

    with capture_events(before_send=change) as events:
        try:
            fail_now()
        except ValueError as error:
            otel_crumbs.capture_exception(error)
        [event] = events

    assert event.exception.frames[-1].locals == {"1": [2]}
    assert event.context == ("order",)
    assert format_locals(event.exception.frames).endswith("    1 = [2]")
