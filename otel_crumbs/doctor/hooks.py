"""The hooks that `install()` put in place in this process, and the providers that it waits for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from opentelemetry import _logs, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

from otel_crumbs.setup.config import MECHANISMS
from otel_crumbs.setup.installation import Installation

from .section import Row, Section, State
from .versions import find_version

NO_PROVIDER = "none yet: attached as soon as the application sets one"
# `opentelemetry-instrument` loads it by an entry point, and goes on without one.
DISTRO = "opentelemetry-distro"
NO_DISTRO = "opentelemetry-instrument sets up no SDK without it: pip install 'otel-crumbs[distro]'"


def describe_hooks(installation: Installation) -> Section:
    """Return the section about hooks."""
    return Section(title="In place", key="hooks", rows=tuple(_iterate_hooks(installation)))


def _iterate_hooks(installation: Installation) -> Iterator[Row]:
    if not installation.active:
        yield Row(name="nothing", value="switched off by OTEL_CRUMBS_ENABLED or OTEL_SDK_DISABLED", state=State.NOTE)
        return
    yield Row(name="hooks", value=", ".join(installation.hook_names), state=State.GOOD)
    off = [name for name in MECHANISMS if name not in installation.config.capture]
    if off:
        yield Row(name="mechanisms turned off", value=", ".join(off), remark="by the setting capture", state=State.NOTE)
    tracer_provider = describe_tracer_provider()
    yield tracer_provider
    if tracer_provider.value == NO_PROVIDER and find_version(DISTRO) is None:
        yield Row(name=DISTRO, value="not installed", remark=NO_DISTRO, state=State.NOTE)
    yield describe_logger_provider()


def describe_tracer_provider() -> Row:
    """Return the row about the provider of the trail's spans."""
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        return Row(name="tracer provider", value=NO_PROVIDER, state=State.NOTE)
    # The samplers of a ParentBased sampler for spans below a root are hardly ever changed.
    sampler = "sampler " + re.sub(r"\{root:(\w+),.*?\}", r"(\1)", provider.sampler.get_description())
    return Row(name="tracer provider", value=type(provider).__name__, remark=sampler, state=State.GOOD)


def describe_logger_provider() -> Row:
    """Return the row about the provider of the trail's log records."""
    provider = _logs.get_logger_provider()
    if not isinstance(provider, LoggerProvider):
        return Row(name="logger provider", value=NO_PROVIDER, state=State.NOTE)
    return Row(name="logger provider", value=type(provider).__name__, state=State.GOOD)
