"""What all tests have in common: none inherits state, and no failure of ours goes unseen."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterator

import hypothesis
import pytest
from opentelemetry import context as otel_context

from otel_crumbs.base import guard
from otel_crumbs.testing import CapturedEvents, capture_events
from otel_crumbs.testing.reset import reset_all
from tests.application import Application, running_application

GuardedFailures = list[tuple[str, Exception]]

# A slow machine is no failing case.
hypothesis.settings.register_profile("default", deadline=None)
hypothesis.settings.load_profile("default")

# A shell starts what runs in its background with the first two ignored, `nohup` with the third, and every program that
# the tests start and interrupt would inherit that.
for name, action in (("SIGINT", signal.default_int_handler), ("SIGQUIT", signal.SIG_DFL), ("SIGHUP", signal.SIG_DFL)):
    number = getattr(signal, name, None)
    if number is not None and signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, action)


@pytest.fixture(scope="session", autouse=True)
def _nobodys_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what is written to the user's state directory out of the real one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


# Python's development mode has every loop log what took longer than this, and the
# line is a breadcrumb as any other: on a slow machine one too many for a test.
@pytest.fixture(scope="session", autouse=True)
def _no_callback_is_slow() -> Iterator[None]:
    """Have event loops say nothing of callbacks that took their time."""
    patience = property(lambda _: float("inf"), lambda *_: None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asyncio.BaseEventLoop, "slow_callback_duration", patience, raising=False)
        yield


@pytest.fixture(autouse=True)
def guarded_failures() -> Iterator[GuardedFailures]:
    """Fail the test in which the guard caught something; a test that wants that checks and clears the list."""
    failures: GuardedFailures = []
    stop = guard.watch_failures(lambda doing, error: failures.append((doing, error)))
    yield failures
    stop()
    assert failures == []


@pytest.fixture(autouse=True)
def _nothing_left_over(guarded_failures: GuardedFailures) -> Iterator[None]:  # noqa: ARG001 - it watches to the end
    """Begin and end without hooks, trails, a context, rules for loggers, and memory of what was warned of."""
    reset_all()
    token = otel_context.attach(otel_context.Context())
    yield
    otel_context.detach(token)
    reset_all()


@pytest.fixture
def app(_nothing_left_over: None) -> Iterator[Application]:
    """Set up the OpenTelemetry SDK as an application does."""
    with running_application() as application:
        yield application


@pytest.fixture
def events(app: Application) -> Iterator[CapturedEvents]:  # noqa: ARG001 - OpenTelemetry comes first
    """Install breadcrumbs beside the application's OpenTelemetry, and yield the events that it captures."""
    with capture_events() as captured:
        yield captured
