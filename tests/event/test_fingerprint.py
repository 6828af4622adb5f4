"""One failure has one fingerprint, in every process and on every Python; another failure has another one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from otel_crumbs.event import Builder, ErrorEvent, ExceptionInfo, Frame, capture_error
from otel_crumbs.event.fingerprint import make_fingerprint
from otel_crumbs.export.sentry.payload import payload_of

FRAMES = (
    Frame(path="/usr/lib/python3.11/asyncio/runners.py", line=1, function="run", module="asyncio.runners"),
    Frame(path="/srv/app/shop/views.py", line=31, function="checkout", module="shop.views"),
    Frame(path="/venv/lib/python3.11/site-packages/stripe/api.py", line=5, function="charge", module="stripe.api"),
    Frame(path="/srv/app/shop/money.py", line=7, function="round_up", module="shop.money"),
)
INFO = ExceptionInfo(type="shop.errors.NoMoneyError", message="order 17", frames=FRAMES)
# By the recipe of the documentation.
WANTED = "e0fc95f46e0945c5f0db405f5a0c2844"


def with_frames(*frames: Frame) -> ExceptionInfo:
    """Return the exception with other frames."""
    return replace(INFO, frames=frames)


def moved(frame: Frame) -> Frame:
    """Return a frame as another machine, another release and another Python have it."""
    path = frame.path.replace("/srv/app", "/home/me/src").replace("python3.11", "python3.13")
    return replace(frame, path=path, line=frame.line + 100)


LOOP = Frame(path="/srv/app/shop/views.py", line=33, function="<listcomp>", module="shop.views")


@pytest.mark.parametrize(
    "info",
    [
        replace(INFO, message="order 18"),
        with_frames(*map(moved, FRAMES)),
        with_frames(FRAMES[0], FRAMES[1], FRAMES[1], LOOP, *FRAMES[2:]),
        with_frames(FRAMES[1], FRAMES[3]),
    ],
    ids=["another message", "another machine and Python", "recursion and comprehension", "other libraries"],
)
def test_the_same_failure_has_the_same_fingerprint(info: ExceptionInfo) -> None:
    """What differs from event to event counts for nothing."""
    assert make_fingerprint(info) == make_fingerprint(INFO)


@pytest.mark.parametrize(
    "info",
    [
        replace(INFO, type="shop.errors.NoStockError"),
        with_frames(*FRAMES[:3]),
        with_frames(replace(FRAMES[1], function="refund"), FRAMES[3]),
    ],
    ids=["another type", "another place", "another way there"],
)
def test_another_failure_has_another_fingerprint(info: ExceptionInfo) -> None:
    """Each of them is to be mended by itself."""
    assert make_fingerprint(info) != make_fingerprint(INFO)


def test_it_is_what_the_documentation_says() -> None:
    """Anybody can make it again, with coreutils alone."""
    # printf 'shop.errors.NoMoneyError\nshop.views:checkout\nshop.money:round_up' | sha256sum
    assert make_fingerprint(INFO) == WANTED


@pytest.mark.parametrize("frames", [(), FRAMES[:1]], ids=["no frames", "a library's alone"])
def test_a_failure_without_frames_of_the_application_has_one(frames: tuple[Frame, ...]) -> None:
    """Of a span's record there is only a text, and a library's thread has no other frames."""
    info = with_frames(*frames)

    assert make_fingerprint(info, "GET /", "operation") == make_fingerprint(info, "GET /", "operation")
    assert (make_fingerprint(info, "GET /") != make_fingerprint(info, "GET /orders")) is (not frames)


def test_a_script_is_called_by_its_file() -> None:
    """Many programs have a module `__main__`."""
    script = Frame(path="/srv/jobs/nightly.py", line=1, function="main", module="__main__")

    assert make_fingerprint(with_frames(script)) != make_fingerprint(
        with_frames(replace(script, path="/srv/jobs/hourly.py"))
    )


def fail_at(depth: int) -> object:
    """Fail in a recursion."""
    return fail_at(depth - 1) if depth else [1 // each for each in (0,)]


def caught(call: Callable[[], object]) -> BaseException:
    """Return what a call raises."""
    try:
        call()
    except ZeroDivisionError as error:
        return error
    raise AssertionError("it always fails")


def test_real_events_have_it() -> None:
    """However deep the recursion was."""
    builder = Builder()
    errors = [caught(lambda depth=depth: fail_at(depth)) for depth in (1, 5, 900)]

    events = [builder.build(capture_error(error, mechanism="test", handled=False)) for error in errors]

    assert len({event.fingerprint for event in events if event is not None}) == 1


def grouped_by_tenant(event: ErrorEvent) -> ErrorEvent:
    """Group as the application wants it."""
    return replace(event, fingerprint="tenant 7")


def test_a_hook_may_change_it() -> None:
    """Sentry groups by it then, and by its own rules where it is ours."""
    captured = capture_error(caught(lambda: fail_at(1)), mechanism="test", handled=False)
    event, changed = Builder().build(captured), Builder(before_send=grouped_by_tenant).build(captured)

    assert event is not None
    assert changed is not None
    assert changed.fingerprint == "tenant 7"
    assert payload_of(changed)["fingerprint"] == ["tenant 7"]
    assert payload_of(event)["fingerprint"] == ["{{ default }}"]


def test_no_path_of_the_machine_is_in_it(tmp_path: Path) -> None:
    """The same script in two folders."""
    prints = set()
    for folder in ("one", "two"):
        file = tmp_path / folder / "script.py"
        code = compile("1 // 0", str(file), "exec")
        error = caught(lambda code=code: exec(code, {"__name__": "__main__"}))  # noqa: S102 - a script
        event = Builder().build(capture_error(error, mechanism="test", handled=False))
        assert event is not None
        prints.add(event.fingerprint)

    assert len(prints) == 1
