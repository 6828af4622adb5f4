"""An exception that the application's code handles without a word is a breadcrumb; control flow is none."""

# ruff: noqa: SIM105, S110, TRY203, TRY301 - exceptions are swallowed here

from __future__ import annotations

import asyncio
import cProfile
import json
import logging
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs.sources.swallowed import monitoring
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.trails import Breadcrumb, current
from tests.application import Application

before_312 = sys.version_info < (3, 12)
since_312 = pytest.mark.skipif(before_312, reason="sys.monitoring is of Python 3.12")
LOCK = threading.Lock()
HERE = Path(__file__).name


@pytest.fixture
def events() -> Iterator[CapturedEvents]:
    """Install with the feature on, as it is not by default."""
    with capture_events(swallowed=True) as captured:
        yield captured


def refuse(reason: str = "refused") -> None:
    """Fail."""
    raise ConnectionError(reason)


def swallow(reason: str = "refused") -> None:
    """Handle a failure without a word."""
    try:
        refuse(reason)
    except OSError:
        pass


def swallowed() -> list[str]:
    """Return what is told of swallowed exceptions."""
    return [each.message.partition(" (swallowed in ")[0] for each in otel_crumbs.trail()]


def tools() -> list[str | None]:
    """Return the tools of the interpreter's."""
    return [getattr(sys, "monitoring").get_tool(number) for number in range(6)]  # noqa: B009 - not in Python 3.11


@since_312
@pytest.mark.usefixtures("events")
def test_a_swallowed_exception() -> None:
    """It is told with its class and text, where it was raised, and where it was handled."""
    swallow()

    [breadcrumb] = otel_crumbs.trail()
    first = swallow.__code__.co_firstlineno
    assert breadcrumb == Breadcrumb(
        timestamp=breadcrumb.timestamp,
        type="error",
        category="exception",
        level="info",
        message=f"ConnectionError: refused (swallowed in swallow, {HERE}:{first + 4})",
        data={
            "type": "ConnectionError",
            "error": "ConnectionError: refused",
            "handled": True,
            "raised_in": f"refuse, {HERE}:{refuse.__code__.co_firstlineno + 2}",
            "handled_in": f"swallow, {HERE}:{first + 4}",
        },
    )


@since_312
def test_it_is_off_by_default() -> None:
    """It must be asked for."""
    with capture_events():
        swallow()

        assert tools() == [None] * 6
        assert otel_crumbs.trail() == ()


@since_312
def test_the_variable() -> None:
    """The setting is read from the environment as all are."""
    program = """
        import otel_crumbs
        from otel_crumbs.testing import CapturedEvents

        otel_crumbs.install(exporter=CapturedEvents())
        try:
            int("x")
        except ValueError:
            pass
        print(otel_crumbs.trail()[0].message)
    """
    done = run_program(program, OTEL_CRUMBS_SWALLOWED="true")

    assert done.stdout.startswith("ValueError: invalid literal for int() with base 10: 'x' (swallowed in <module>")


def run_program(text: str, *options: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own."""
    command = [sys.executable, *options, "-c", textwrap.dedent(text)]
    environment = {**os.environ, **variables}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60)


def import_what_is_missing() -> None:
    """Go on without a package."""
    try:
        import no_such_package  # type: ignore[import-not-found]  # noqa: F401, PLC0415 - that is what this is for
    except ImportError:
        pass


def exhaust() -> None:
    """Come to the end of an iterator."""
    try:
        next(iter(()))
    except StopIteration:
        pass


def ask_for_defaults() -> None:
    """Have functions of Python and of its library handle failures."""
    getattr(swallow, "missing", None)
    os.environ.get("NO_SUCH_VARIABLE")
    json.loads('{"a": 1}')
    dict[str, int]().get("a")


def clean_up() -> None:
    """Pass a `finally`, a `with` and handlers of other classes, and end at the top."""
    with suppress(KeyError), LOCK:
        try:
            exhaust()
        finally:
            exhaust()


@since_312
@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("call", [import_what_is_missing, exhaust, ask_for_defaults, clean_up])
def test_control_flow_is_left_out(call: Callable[[], None]) -> None:
    """It is how programs go on."""
    call()

    assert otel_crumbs.trail() == ()


@since_312
@pytest.mark.usefixtures("events")
def test_cancellation_is_left_out() -> None:
    """What is no `Exception` is nobody's failure."""

    async def run() -> tuple[Breadcrumb, ...]:
        task = asyncio.create_task(asyncio.sleep(60))
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return otel_crumbs.trail()

    assert asyncio.run(run()) == ()


@since_312
@pytest.mark.usefixtures("events")
def test_a_failure_in_a_library_that_the_application_handles() -> None:
    """Where it was raised is a place of the library."""
    try:
        json.loads("{")
    except ValueError:
        pass

    [breadcrumb] = otel_crumbs.trail()
    assert breadcrumb.data["type"] == "json.decoder.JSONDecodeError"
    assert "decoder.py:" in breadcrumb.data["raised_in"]


@since_312
@pytest.mark.usefixtures("events")
def test_a_block_that_handles_it() -> None:
    """`contextlib.suppress` is no word, either."""
    with suppress(OSError):
        refuse()

    assert swallowed() == ["ConnectionError: refused"]


def pass_on() -> None:
    """Have handlers that are not for it."""
    try:
        with LOCK:
            try:
                refuse()
            finally:
                exhaust()
    except (KeyError, ValueError):
        pass


def raise_again() -> None:
    """Look at it, and raise it again."""
    try:
        refuse()
    except OSError:
        raise


def raise_another() -> None:
    """Raise another one for it."""
    try:
        refuse()
    except OSError as error:
        message = "no stock"
        raise RuntimeError(message) from error


@since_312
@pytest.mark.usefixtures("events")
@pytest.mark.parametrize("call", [pass_on, raise_again])
def test_who_raises_it_on_has_not_handled_it(call: Callable[[], None]) -> None:
    """One exception is one breadcrumb, where it ends."""
    try:
        call()
    except OSError:
        pass

    [breadcrumb] = otel_crumbs.trail()
    assert "test_who_raises_it_on" in breadcrumb.data["handled_in"]
    assert breadcrumb.data["raised_in"].startswith("refuse, ")


@since_312
@pytest.mark.usefixtures("events")
def test_an_exception_that_led_to_another_one() -> None:
    """It goes on with the other one."""
    try:
        raise_another()
    except RuntimeError:
        pass

    assert swallowed() == ["RuntimeError: no stock"]


@since_312
def test_an_exception_that_leaves_takes_no_breadcrumb_along(events: CapturedEvents) -> None:
    """The event itself tells of it, and of what it was raised from."""
    try:
        raise_another()
    except RuntimeError as error:
        otel_crumbs.capture_exception(error)

    assert [event.breadcrumbs for event in events] == [()]


@since_312
def test_a_logged_exception(events: CapturedEvents) -> None:
    """The line is a word, whether the exception is an event or not."""
    try:
        refuse()
    except OSError:
        logging.getLogger("shop").exception("no stock")
    try:
        refuse("busy")
    except OSError:
        logging.getLogger("shop").warning("no stock", exc_info=True)
    try:
        refuse("closed")
    except OSError as error:
        logging.getLogger("shop").warning("no stock: %s", error)

    assert [each.category for each in otel_crumbs.trail()] == ["shop"] * 3
    assert [each.category for event in events for each in event.breadcrumbs] == ["shop"]


@since_312
@pytest.mark.usefixtures("events")
def test_an_exception_that_a_span_recorded(app: Application) -> None:
    """It was no secret."""
    with app.request():
        try:
            with app.tracer.start_as_current_span("load"):
                refuse()
        except OSError:
            pass

        assert sum("refused" in each.message for each in otel_crumbs.trail()) == 1


@since_312
@pytest.mark.usefixtures("events")
def test_a_loop_that_fails_again_and_again() -> None:
    """It is one breadcrumb with a count, and pushes nothing out."""
    otel_crumbs.record("before")

    for _ in range(1000):
        swallow()

    assert [(each.repeated, each.data.get("type")) for each in otel_crumbs.trail()] == [
        (1, None),
        (1000, "ConnectionError"),
    ]


@since_312
@pytest.mark.usefixtures("events")
def test_a_loop_of_handlers_that_are_not_for_it() -> None:
    """What is taken back between does not count."""

    def fail_often() -> None:
        try:
            pass_on()
        except OSError:
            pass

    for _ in range(100):
        fail_often()

    [breadcrumb] = otel_crumbs.trail()
    assert breadcrumb.repeated == 100


@since_312
@pytest.mark.usefixtures("events")
def test_a_trail_is_bounded() -> None:
    """Different ones push out the oldest, as all breadcrumbs do."""
    for number in range(1000):
        swallow(str(number))

    assert len(otel_crumbs.trail()) == current.size
    assert len(monitoring._running.entries) <= 40


class HostileError(Exception):
    """Its text is code of the application's."""

    def __str__(self) -> str:
        """Count, or worse."""
        raise AssertionError


@since_312
@pytest.mark.usefixtures("events")
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (HostileError("secret"), "HostileError"),
        (ValueError(object()), "ValueError"),
        (ValueError("x" * 5000), "ValueError: " + "x" * 1024),
        (ValueError("one", 2), "ValueError: ('one', 2)"),
        (FileNotFoundError(2, "No such file", "a.txt"), "FileNotFoundError: [Errno 2] No such file: 'a.txt'"),
        (KeyError("a"), "KeyError: 'a'"),
        (ValueError(), "ValueError"),
    ],
)
def test_the_text_is_of_plain_values(error: Exception, text: str) -> None:
    """No code of the application's is asked for it."""
    try:
        raise error
    except Exception:  # noqa: BLE001 - that is what this is about
        pass

    assert swallowed() == [text]


@since_312
@pytest.mark.usefixtures("events")
def test_operations_and_threads_keep_theirs() -> None:
    """It belongs where it was handled."""
    with otel_crumbs.operation("one"):
        swallow("one")
    with otel_crumbs.operation("two"):
        threading.Thread(target=swallow, args=["elsewhere"]).start()
        swallow("two")

        assert swallowed() == ["ConnectionError: two"]


@since_312
@pytest.mark.usefixtures("events")
def test_an_exception_that_leaves_its_operation() -> None:
    """Where it was handled is where it is told."""
    try:
        with otel_crumbs.operation("job"):
            pass_on()
    except OSError:
        pass

    assert swallowed() == ["ConnectionError: refused"]


@since_312
def test_everything_is_undone() -> None:
    """The tool is free, its events are off, and nobody is called any more."""
    with capture_events(swallowed=True):
        during = tools()
        swallow()

    assert during[:3] == [None] * 3
    assert during.count(monitoring.TOOL) == 1
    assert tools() == [None] * 6
    assert not monitoring._handlers.functions
    swallow()
    with capture_events():
        assert otel_crumbs.trail() == ()


@pytest.fixture
def taken() -> Iterator[None]:
    """Have other tools in all places."""
    module: Any = getattr(sys, "monitoring")  # noqa: B009 - not in Python 3.11
    for number in range(6):
        module.use_tool_id(number, f"tool {number}")
    yield
    for number in range(6):
        module.free_tool_id(number)


@since_312
@pytest.mark.usefixtures("taken")
def test_all_tools_are_taken(caplog: pytest.LogCaptureFixture) -> None:
    """One warning says by whom, and all else is installed."""
    with capture_events(swallowed=True):
        swallow()
        otel_crumbs.record("after")

        assert [each.message for each in otel_crumbs.trail()] == ["after"]
    [warning] = caplog.messages
    assert "no free tool of sys.monitoring (4: tool 4, 3: tool 3, 5: tool 5)" in warning
    assert "Remedy: " in warning
    assert tools() == [f"tool {number}" for number in range(6)]


@since_312
def test_a_tool_that_somebody_else_freed() -> None:
    """What came after it stays."""
    module: Any = getattr(sys, "monitoring")  # noqa: B009 - not in Python 3.11
    with capture_events(swallowed=True):
        number = tools().index(monitoring.TOOL)
        module.free_tool_id(number)
        module.use_tool_id(number, "another")
    left = tools()
    module.set_events(number, 0)
    module.free_tool_id(number)

    assert left[number] == "another"


@since_312
@pytest.mark.usefixtures("events")
def test_a_profiler_beside_it() -> None:
    """It has a tool of its own, as debuggers and coverage have."""
    profile = cProfile.Profile()

    profile.runcall(swallow)

    assert swallowed() == ["ConnectionError: refused"]


PROGRAM = """\
import sys

sys.path.insert(0, {folder!r})
if {on}:
    import otel_crumbs

    otel_crumbs.install(exporter="none", swallowed=True)


def read(text):
    try:
        return int(text)
    except ValueError:
        return 0
    finally:
        print(text)


print(sum(map(read, ["1", "x", "2"])))
if {on}:
    print([each.message for each in otel_crumbs.trail()])
"""


@since_312
def test_coverage_by_the_same_means(tmp_path: Path) -> None:
    """It sees the same lines, and both work."""
    measured = []
    for on in (False, True):
        program = tmp_path / "program.py"
        program.write_text(PROGRAM.format(folder=str(Path.cwd()), on=on), encoding="utf-8")
        environment = {**os.environ, "COVERAGE_CORE": "sysmon", "COVERAGE_FILE": str(tmp_path / f"data{on}")}
        command = [sys.executable, "-m", "coverage"]
        run = [*command, "run", "--rcfile=", str(program)]
        said = subprocess.run(run, env=environment, check=True, capture_output=True, text=True, timeout=60).stdout
        report = [*command, "json", "--rcfile=", "--include=*/program.py", "-o", str(tmp_path / "report.json")]
        subprocess.run(report, env=environment, check=True, capture_output=True, timeout=60)
        files = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["files"]
        [lines] = [each["executed_lines"] for each in files.values()]
        measured.append((said, [line for line in lines if 10 <= line <= 17]))

    (without, lines_without), (with_it, lines_with) = measured
    assert lines_with == lines_without != []
    assert with_it.startswith(without)
    assert "swallowed in read" in with_it


@pytest.mark.skipif(not before_312, reason="there is sys.monitoring")
def test_an_older_python(caplog: pytest.LogCaptureFixture) -> None:
    """One warning says what it needs, and all else is installed."""
    with capture_events(swallowed=True):
        swallow()
        otel_crumbs.record("after")

        assert [each.message for each in otel_crumbs.trail()] == ["after"]
    [warning] = caplog.messages
    assert "needs Python 3.12 or newer" in warning
    assert "Remedy: " in warning
