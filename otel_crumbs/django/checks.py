"""System checks of settings that would leave an error without its trail, as far as they show at start."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's word
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.instrumentations import is_instrumentation_active
from otel_crumbs.install import get_installation
from otel_crumbs.setup.config import PREFIX, SETTINGS

MIDDLEWARE = "otel_crumbs.django.middleware.CrumbsMiddleware"
APP = "otel_crumbs.django"


@register(Tags.compatibility)
def check_installed(**_: Any) -> list[CheckMessage]:
    """Check that breadcrumbs are in place."""
    installation = get_installation()
    if installation is not None and installation.active:
        return []
    return [
        Warning(
            "No breadcrumbs are recorded: otel_crumbs is turned off.",
            hint=f"Remove {APP!r} from INSTALLED_APPS, or unset OTEL_CRUMBS_ENABLED and OTEL_SDK_DISABLED.",
            id="otel_crumbs.W001",
        )
    ]


@register(Tags.compatibility)
def check_exporter(**_: Any) -> list[CheckMessage]:
    """Check that error events go somewhere."""
    installation = get_installation()
    if installation is None or not installation.active or installation.delivery.workers:
        return []
    return [
        Warning(
            "Error events go nowhere: there is no exporter.",
            hint="Set OTEL_CRUMBS_EXPORTER, to 'otlp' for a collector or to 'console' for a first look.",
            id="otel_crumbs.W002",
        )
    ]


@register(Tags.compatibility)
def check_requests_have_operations(**_: Any) -> list[CheckMessage]:
    """Check that each request has a trail of its own."""
    if _is_traced() or _list_middleware():
        return []
    return [
        Warning(
            "Requests have no trail of their own: nothing opens an operation for each.",
            hint=f"Start with opentelemetry-instrument, or put {MIDDLEWARE!r} first in MIDDLEWARE.",
            id="otel_crumbs.W003",
        )
    ]


@register(Tags.compatibility)
def check_middleware_comes_first(**_: Any) -> list[CheckMessage]:
    """Check that the middleware sees all of a request."""
    middleware = _list_middleware()
    if not middleware or middleware[0] == MIDDLEWARE:
        return []
    return [
        Warning(
            "What the middleware before CrumbsMiddleware does is missing from the trail.",
            hint=f"Put {MIDDLEWARE!r} first in MIDDLEWARE.",
            id="otel_crumbs.W004",
        )
    ]


@register(Tags.compatibility)
def check_environment(**_: Any) -> list[CheckMessage]:
    """Check that the environment has no unknown variable and no value that cannot be used."""
    return [*_find_unknown_variables(), *_find_unusable_values()]


def _find_unknown_variables() -> Iterable[CheckMessage]:
    known = {setting.variable for setting in SETTINGS}
    for variable in sorted(os.environ):
        if variable.startswith(PREFIX) and variable not in known:
            yield Warning(
                f"{variable} is no setting of otel_crumbs.",
                hint="The settings are listed by: otel-crumbs doctor",
                id="otel_crumbs.W005",
            )


def _find_unusable_values() -> Iterable[CheckMessage]:
    for setting in SETTINGS:
        value = os.environ.get(setting.variable, "").strip()
        if value and not _is_usable(setting.parse, value):
            yield Warning(
                f"{setting.variable} cannot be used; the default is.",
                hint=f"It expects {setting.expects}.",
                id="otel_crumbs.W006",
            )


def _is_usable(parse: Any, value: str) -> bool:
    try:
        parse(value)
    except BaseException as error:
        # A hook's module is imported here, and may raise anything.
        if is_thrown_in(error):
            raise
        return False
    return True


def _list_middleware() -> list[str]:
    listed = [str(item) for item in settings.MIDDLEWARE or ()]
    return listed if MIDDLEWARE in listed else []


def _is_traced() -> bool:
    """Return whether OpenTelemetry's Django instrumentation runs, with an SDK behind it."""
    active = is_instrumentation_active("opentelemetry.instrumentation.django", "DjangoInstrumentor")
    return active and isinstance(trace.get_tracer_provider(), TracerProvider)
