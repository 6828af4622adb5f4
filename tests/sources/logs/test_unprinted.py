"""Log lines that the logger's own level keeps from being printed are breadcrumbs all the same."""

from __future__ import annotations

import io
import logging
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    with capture_events():
        yield


@pytest.fixture
def quiet() -> Iterator[logging.Logger]:
    """Yield a logger that prints errors only, and keeps to itself."""
    logger = logging.getLogger("tests.quiet")
    logger.setLevel(logging.ERROR)
    logger.propagate = False
    yield logger
    logger.setLevel(logging.NOTSET)
    logger.propagate = True


def messages() -> list[str]:
    """Return the trail's messages."""
    return [breadcrumb.message for breadcrumb in otel_crumbs.trail()]


def test_an_info_line_that_is_not_printed_is_recorded(quiet: logging.Logger) -> None:
    """The line has its category, level, message and place, as if it were printed."""
    quiet.info("loaded %d rows of %s", 3, ["a"], extra={"table": "orders"})

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.category, breadcrumb.level) == ("tests.quiet", "info")
    assert breadcrumb.message == "loaded 3 rows of ['a']"
    assert breadcrumb.data["table"] == "orders"
    assert breadcrumb.data["code.file.path"] == __file__
    assert breadcrumb.data["code.function.name"] == "test_an_info_line_that_is_not_printed_is_recorded"


def test_lines_below_log_level_are_not_recorded(quiet: logging.Logger) -> None:
    """DEBUG is below the default of LOG_LEVEL."""
    quiet.debug("noise")

    assert messages() == []


@pytest.mark.parametrize("call", ["info", "warning"])
def test_each_method_is_recorded_once(quiet: logging.Logger, call: str) -> None:
    """Every method that is below the logger's level leaves one breadcrumb."""
    getattr(quiet, call)("said")
    quiet.log(logging.INFO, "logged")

    assert messages() == ["said", "logged"]


def test_a_printed_line_is_recorded_once(quiet: logging.Logger) -> None:
    """A line above the logger's level is not recorded a second time."""
    quiet.error("printed")

    assert messages() == ["printed"]


def test_asking_is_enabled_for_records_nothing(quiet: logging.Logger) -> None:
    """An application that asks has not logged anything."""
    assert not quiet.isEnabledFor(logging.INFO)

    assert messages() == []


def test_a_mapping_argument_is_data(quiet: logging.Logger) -> None:
    """The values of ``%(name)s`` are in the message and in the data."""
    quiet.info("%(user)s logged in", {"user": "ada"})

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == "ada logged in"
    assert breadcrumb.data["user"] == "ada"


def test_a_logger_adapter_is_heard(quiet: logging.Logger) -> None:
    """Adapters ask on behalf of their logger."""
    logging.LoggerAdapter(quiet, {}).info("adapted")

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == "adapted"
    assert breadcrumb.data["code.file.path"] == __file__


def test_arguments_that_do_not_fit_cost_nothing(quiet: logging.Logger) -> None:
    """The bare message is kept, and the application sees no exception."""
    quiet.info("%d of %d", 1)

    assert messages() == ["%d of %d"]


def test_the_output_of_the_application_is_the_same(quiet: logging.Logger) -> None:
    """File, function, line and stack level of printed lines are those of the caller."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(filename)s %(funcName)s %(levelname)s %(message)s"))
    quiet.addHandler(handler)

    def inner() -> None:
        quiet.error("here")
        quiet.error("one up", stacklevel=2)

    inner()
    quiet.removeHandler(handler)

    assert stream.getvalue().splitlines() == [
        "test_unprinted.py inner ERROR here",
        "test_unprinted.py test_the_output_of_the_application_is_the_same ERROR one up",
    ]


def test_an_exception_is_named(quiet: logging.Logger) -> None:
    """``exc_info`` is told in the data."""
    quiet.warning("failed", exc_info=ValueError("boom"))

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.data["exception"] == "ValueError: boom"


def test_quiet_loggers_leave_no_noise() -> None:
    """urllib3's connection lines repeat what the HTTP breadcrumb says; its warnings do not."""
    logging.getLogger("urllib3.connectionpool").info("Starting new HTTP connection")
    logging.getLogger("urllib3.connectionpool").warning("Retrying")

    assert messages() == ["Retrying"]


class Asked:
    """Notes everything that it is asked for."""

    questions: ClassVar[list[str]] = []

    def __getattribute__(self, name: str) -> Any:
        Asked.questions.append(name)
        return object.__getattribute__(self, name)

    def _note(self, *_: Any) -> Any:
        Asked.questions.append("something")
        raise RuntimeError

    __str__ = __repr__ = __format__ = __len__ = __iter__ = __bool__ = __hash__ = __eq__ = __int__ = _note  # type: ignore[assignment]
    __getitem__ = __contains__ = __mod__ = __index__ = __float__ = __fspath__ = __getattr__ = _note


class AskedError(Exception):
    """An error that notes that its text was asked for."""

    def __str__(self) -> str:
        Asked.questions.append("the text of an error")
        return "text"


def use_of(value: Any) -> dict[str, Callable[[logging.Logger], None]]:
    """Return the ways to give a log call a value."""
    return {
        "argument": lambda log: log.info("saw %s", value),
        "number": lambda log: log.info("saw %d", value),
        "representation": lambda log: log.info("saw %r and %s", value, 1),
        "message": lambda log: log.info(value),
        "named": lambda log: log.info("saw %(order)s", {"order": value}),
        "in a list": lambda log: log.info("saw %s", [value, (value,)]),
        "extra": lambda log: log.info("saw", extra={"order": value, "orders": [value]}),
        "unknown level": lambda log: log.log(25, "saw %s", value),
        "exc_info": lambda log: log.info("saw", exc_info=value),
        "adapter": lambda log: logging.LoggerAdapter(log, {"order": value}).info("saw %s", value, extra={"a": value}),
    }


@pytest.mark.parametrize("way", use_of(None))
@pytest.mark.parametrize("has_filter", [False, True], ids=["plain", "filtered"])
def test_nothing_is_asked_of_an_object(quiet: logging.Logger, way: str, *, has_filter: bool) -> None:
    """Neither text nor attributes, however it is given."""
    log = use_of(Asked())[way]
    if has_filter:
        quiet.addFilter(lambda record: bool(record.getMessage()))
    Asked.questions.clear()

    log(quiet)

    assert Asked.questions == []
    # The filter wants a number, which there is none.
    assert len(messages()) == (0 if has_filter and way == "number" else 1)
    assert "Asked" in str(otel_crumbs.trail()) or way in {"exc_info", "number"}
    quiet.filters.clear()


def test_the_text_of_an_error_is_not_asked_for(quiet: logging.Logger) -> None:
    """Its class is named, as an argument and as `exc_info`."""
    Asked.questions.clear()

    quiet.info("failed: %s", AskedError(), exc_info=AskedError())

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == f"failed: <{__name__}.AskedError>"
    assert breadcrumb.data["exception"] == f"<{__name__}.AskedError>"
    assert Asked.questions == []


def test_an_object_is_not_kept(quiet: logging.Logger) -> None:
    """A line does not lengthen the life of what it was given."""

    class Order:
        pass

    order = Order()
    gone = weakref.ref(order)

    quiet.info("saw %s", order, extra={"order": order, "orders": {"one": [order]}})
    del order

    assert gone() is None


class Remembers(logging.Filter):
    """Lets each message pass once."""

    shared: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.count = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a message pass that is new."""
        self.count += 1
        is_new = record.msg not in self.seen and record.msg not in self.shared
        self.seen.add(record.msg)
        self.shared.append(record.msg)
        return is_new


@pytest.fixture
def filtered(quiet: logging.Logger) -> Iterator[logging.Logger]:
    """Yield the logger, and take its filters out in the end."""
    yield quiet
    quiet.filters.clear()


def test_a_filter_masks_and_drops_lines_that_are_not_printed(filtered: logging.Logger) -> None:
    """The trail says what the output would have said."""

    def mask(record: logging.LogRecord) -> bool:
        record.msg, record.args = record.getMessage().replace("4111", "****"), ()
        return "health" not in record.msg

    filtered.addFilter(mask)

    filtered.info("card %s", "4111")
    filtered.info("health ok")

    assert messages() == ["card ****"]


def test_a_filter_does_not_remember_lines_that_are_not_printed(filtered: logging.Logger) -> None:
    """What it lets pass later is what it would have let pass without them."""
    remembers = Remembers()
    filtered.addFilter(remembers)

    filtered.info("a")
    filtered.info("a")

    assert messages() == ["a", "a"] or otel_crumbs.trail()[0].repeated == 2
    assert (remembers.seen, remembers.shared, remembers.count) == (set(), [], 0)


def test_a_filter_that_has_seen_a_line_drops_one_that_is_not_printed(filtered: logging.Logger) -> None:
    """The copy knows what the filter knows."""
    remembers = Remembers()
    remembers.seen.add("a")
    filtered.addFilter(remembers)

    filtered.info("a")

    assert messages() == []


def test_a_line_is_left_out_where_a_filter_cannot_be_run(filtered: logging.Logger) -> None:
    """It asks for what is not here, and may be the one that masks."""
    filtered.addFilter(lambda record: record.args[0].is_public)  # type: ignore[union-attr, index, return-value]  # an object

    filtered.info("saw %s", object())

    assert messages() == []


def test_a_filter_that_exits_is_no_exit(filtered: logging.Logger) -> None:
    """A line that is not printed raises nothing."""

    def leave(_: logging.LogRecord) -> bool:
        raise SystemExit

    filtered.addFilter(leave)

    filtered.info("said")

    assert messages() == []


def test_a_filter_that_logs_does_not_go_round_in_circles(filtered: logging.Logger) -> None:
    """What the application's code logs while it is run for such a line is no line."""

    def chat(record: logging.LogRecord) -> bool:
        logging.root.manager.loggerDict[record.name].info("filtered")  # type: ignore[union-attr]  # it is a logger
        return True

    filtered.addFilter(chat)

    filtered.info("said")

    assert messages() == ["said"]


class Braces(logging.LogRecord):
    """Formats its message itself, as the cookbook of logging shows."""

    def getMessage(self) -> str:  # noqa: N802 - logging's name
        """Return the message."""
        return str(self.msg).format(*self.args) if self.args else str(self.msg)  # type: ignore[misc]  # a tuple


@pytest.fixture
def _factory() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("_factory")
@pytest.mark.parametrize("level", [logging.INFO, logging.ERROR], ids=["not printed", "printed"])
def test_the_words_are_those_of_the_record_class(quiet: logging.Logger, level: int) -> None:
    """A percent sign has no meaning there."""
    logging.setLogRecordFactory(Braces)

    quiet.log(level, "100% of {:>3}", 7)

    assert messages() == ["100% of   7"]


@pytest.mark.usefixtures("_factory")
def test_the_fields_of_a_record_factory_are_there_and_its_numbers_are_not_used_up(quiet: logging.Logger) -> None:
    """The application's next record has the next number."""
    made = logging.getLogRecordFactory()
    number = 0

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        nonlocal number
        number += 1
        record = made(*args, **kwargs)
        record.number = number
        return record

    logging.setLogRecordFactory(factory)
    quiet.info("said")
    quiet.error("printed")

    assert [breadcrumb.data["number"] for breadcrumb in otel_crumbs.trail()] == [1, 1]


@pytest.mark.usefixtures("_factory")
def test_a_record_factory_that_cannot_be_copied_is_not_run(quiet: logging.Logger) -> None:
    """The line is there without what it adds."""
    made = logging.getLogRecordFactory()
    numbers = iter(range(9))

    def factory(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = made(*args, **kwargs)
        record.number = next(numbers)
        return record

    logging.setLogRecordFactory(factory)
    quiet.info("said")

    assert messages() == ["said"]
    assert next(numbers) == 0


class Connection(logging.LoggerAdapter):  # type: ignore[type-arg]  # generic in newer versions
    """Puts a number before the message."""

    def process(self, msg: Any, kwargs: Any) -> tuple[Any, Any]:
        """Add the number."""
        self.last = msg
        return f"[{self.extra['connection']}] {msg}", {**kwargs, "extra": self.extra}  # type: ignore[index]  # given


def test_an_adapters_words_and_fields_are_there(quiet: logging.Logger) -> None:
    """Also where one adapts another, and without anything that it remembers."""
    adapter = Connection(logging.LoggerAdapter(quiet, {"order": 42}), {"connection": 7})

    adapter.info("opened")

    (breadcrumb,) = otel_crumbs.trail()
    assert breadcrumb.message == "[7] opened"
    assert breadcrumb.data["order"] == 42
    assert not hasattr(adapter, "last")


def test_a_refused_field_costs_itself_only(quiet: logging.Logger) -> None:
    """`logging` would refuse it where the line is printed."""
    quiet.info("said", extra={"created": "yesterday", "message": "other", "order": 7})

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.message, breadcrumb.data["order"]) == ("said", 7)
    assert "created" not in breadcrumb.data


def helper(log: Any, level: int) -> None:
    """Log on behalf of its caller."""
    log.log(level, "said", stacklevel=2)


@pytest.mark.parametrize("adapt", [lambda log: log, lambda log: logging.LoggerAdapter(log, {})], ids=["own", "adapted"])
def test_stacklevel_names_the_same_place_printed_or_not(adapt: Callable[[logging.Logger], Any]) -> None:
    """As this version of Python counts; libraries have logger classes that count otherwise."""
    log = adapt(logging.Logger("tests.stacklevel", logging.ERROR))  # noqa: LOG001 - of logging's own class

    helper(log, logging.INFO)
    helper(log, logging.ERROR)

    quiet_place, printed_place = (breadcrumb.data["code.function.name"] for breadcrumb in otel_crumbs.trail())
    assert quiet_place == printed_place


class OwnLevels(logging.Logger):
    """Decides itself what is printed, and makes its records itself."""

    def isEnabledFor(self, level: int) -> bool:  # noqa: N802 - logging's name
        """Return whether it is printed."""
        return level >= logging.ERROR

    def makeRecord(self, *args: Any, **kwargs: Any) -> logging.LogRecord:  # noqa: N802 - logging's name
        """Add the tenant."""
        record = super().makeRecord(*args, **kwargs)
        record.tenant = "t1"
        return record


def test_a_class_with_its_own_methods_is_heard() -> None:
    """Its lines are no less than others'."""
    logger = OwnLevels("own")
    logger.propagate = False

    logger.info("said")

    (breadcrumb,) = otel_crumbs.trail()
    assert (breadcrumb.message, breadcrumb.data["tenant"]) == ("said", "t1")


def test_a_disabled_logger_is_heard(quiet: logging.Logger, monkeypatch: pytest.MonkeyPatch) -> None:
    """`dictConfig` disables loggers that were there before."""
    monkeypatch.setattr(quiet, "disabled", True)

    quiet.error("said")

    assert messages() == ["said"]


def test_asking_shows_no_frame() -> None:
    """The error of a wrong level is logging's own."""
    with pytest.raises(TypeError) as raised:
        logging.getLogger("tests.asking").isEnabledFor("INFO")  # type: ignore[arg-type]  # that is the point

    files = {entry.path.name for entry in raised.traceback}
    assert files == {Path(__file__).name, "__init__.py"}


def test_a_lazy_translation_keeps_the_text_of_the_source(quiet: logging.Logger) -> None:
    """Nothing is translated, and other lazy values are not made."""
    functional = pytest.importorskip("django.utils.functional")
    translation = pytest.importorskip("django.utils.translation")
    made: list[str] = []
    lazy = functional.lazy(lambda: made.append("made") or "text", str)()

    quiet.info("%s, %s and %s", translation.gettext_lazy("Hello"), translation.ngettext_lazy("a", "b", 2), lazy)

    assert messages() == [f"Hello, a and <{type(lazy).__module__}.{type(lazy).__qualname__}>"]
    assert made == []
