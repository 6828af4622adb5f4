"""What users write, as type checkers see it; checked by mypy, never run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import otel_crumbs
from otel_crumbs import BreadcrumbLogRecordProcessor, BreadcrumbSpanProcessor, RecordUnsampled, breadcrumbs

if TYPE_CHECKING:
    from opentelemetry.sdk._logs import LoggerProvider
    from opentelemetry.sdk.trace import TracerProvider


def install_and_uninstall() -> None:
    installation = otel_crumbs.install()
    installation.uninstall()
    otel_crumbs.install(exporter="console", max_breadcrumbs=50)
    otel_crumbs.uninstall()


def leave_breadcrumbs() -> None:
    otel_crumbs.record("cart opened")
    otel_crumbs.record("cart opened", category="shop", level="warning", data={"items": 3})
    otel_crumbs.record(category="rpc", data={"method": "Pay"}, timestamp=1_700_000_000.5)
    breadcrumbs.record("cart opened", category="shop")
    breadcrumbs.record(data={"items": 3}, category="rpc")


def read_the_trail() -> list[str]:
    trail: tuple[otel_crumbs.Breadcrumb, ...] = otel_crumbs.trail()
    return [breadcrumb.message for breadcrumb in trail]


def report() -> str | None:
    try:
        read_the_trail()
    except ValueError as error:
        event_id: str | None = otel_crumbs.capture_exception(error)
        otel_crumbs.capture_exception(handled=False)
        return event_id
    return None


def ignore_loggers() -> None:
    otel_crumbs.ignore_logger("oauthlib")
    otel_crumbs.ignore_logger(logging.getLogger("oauthlib"), allow_level=logging.ERROR)
    breadcrumbs.ignore_logger("oauthlib")


def wait() -> bool:
    delivered: bool = otel_crumbs.flush(timeout=5.0)
    return delivered


def say_what_it_is_for() -> None:
    otel_crumbs.context(user_id=7, tenant="acme")
    with otel_crumbs.context(order={"id": 3}):
        leave_breadcrumbs()


@otel_crumbs.context(tenant="acme")
def decorated_with_context(number: int) -> str:
    return str(number)


def keep_the_signature_in_a_context() -> str:
    return decorated_with_context(7)


def work_in_an_operation() -> None:
    with otel_crumbs.operation("nightly import"):
        leave_breadcrumbs()


def work_no_longer_than_a_minute() -> None:
    with otel_crumbs.operation("nightly import", slow_after=60):
        leave_breadcrumbs()


@otel_crumbs.operation(slow_after=0.5)
def work_quickly() -> None: ...


async def work_in_an_async_operation() -> None:
    async with otel_crumbs.operation("nightly import"):
        leave_breadcrumbs()


@otel_crumbs.operation("double")
def double(number: int) -> int:
    return 2 * number


@otel_crumbs.operation()
async def triple(number: int) -> int:
    return 3 * number


async def decorated_functions_keep_their_types() -> None:
    doubled: int = double(1)
    tripled: int = await triple(number=1)
    print(doubled + tripled)


def set_up_by_hand(tracers: TracerProvider, loggers: LoggerProvider) -> None:
    tracers.add_span_processor(BreadcrumbSpanProcessor())
    tracers.sampler = RecordUnsampled(tracers.sampler)
    loggers.add_log_record_processor(BreadcrumbLogRecordProcessor())
