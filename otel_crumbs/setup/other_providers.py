"""
Providers of others: proxies and wrappers around the SDK's, as logfire sets one, and those that are something else.

A wrapper has the SDK's provider among its attributes, perhaps in another
wrapper. One that can be given another provider later, by a method
`set_provider`, is followed there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry._logs import _internal as logs_internal

from otel_crumbs.base.guard import guarded, remove_own_frame, warn
from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.base.plain import name_class

_MAX_DEPTH, _MAX_LOOKED_AT = 3, 50
# The attributes of wrappers without a `__dict__`.
_USUAL_NAMES = ("provider", "_provider", "wrapped", "_wrapped", "__wrapped__", "_delegate", "delegate")
_SWITCH = "set_provider"
# OpenTelemetry's own, as long as nobody has set a provider, or wants none.
_NOBODY = (
    trace.ProxyTracerProvider,
    trace.NoOpTracerProvider,
    logs_internal.ProxyLoggerProvider,
    _logs.NoOpLoggerProvider,
)
_KINDS = (trace.TracerProvider, _logs.LoggerProvider)

Attach = Callable[[Any], Undo]


def attach_to(provider: Any, kind: type[Any], attach: Attach, *, adder: str) -> Undo | None:
    """
    Attach to a provider of the SDK, or to the one that a wrapper has; say why where that cannot be.

    Args:
        provider: Was set, or is to be.
        kind: The class of the SDK's.
        attach: Returns the function that undoes it.
        adder: The method by which such a provider takes a processor.

    Returns:
        The function that undoes it; None as long as nobody has set a provider.

    """
    if isinstance(provider, kind):
        return attach(provider)
    if isinstance(provider, _NOBODY):
        return None
    if callable(getattr(type(provider), _SWITCH, None)):
        return _Followed(provider, kind, attach).undo
    found = find_inside(provider, kind)
    if found is not None:
        return attach(found)
    if callable(getattr(provider, adder, None)):
        return attach(provider)
    _warn_of(provider, adder)
    return combine()


def find_inside(provider: Any, kind: type[Any]) -> Any:
    """Return the provider of the SDK's that a wrapper has, the nearest one; None where it has none."""
    ahead, seen = [provider], {id(provider)}
    for _ in range(_MAX_DEPTH):
        further: list[Any] = []
        for value in (value for wrapper in ahead for value in _iterate_attributes(wrapper)):
            if isinstance(value, kind):
                return value
            if isinstance(value, _KINDS) and id(value) not in seen and len(seen) < _MAX_LOOKED_AT:
                seen.add(id(value))
                further.append(value)
        ahead = further
    return None


def _iterate_attributes(wrapper: Any) -> Iterator[Any]:
    """Iterate over the values of a wrapper's attributes, without running code that makes some."""
    yield from [*getattr(wrapper, "__dict__", {}).values()]
    for name in _USUAL_NAMES:
        try:
            yield object.__getattribute__(wrapper, name)
        except AttributeError:
            continue


class _Followed:
    """A wrapper that may be given another provider: the processors go with it."""

    def __init__(self, wrapper: Any, kind: type[Any], attach: Attach) -> None:
        self._wrapper = wrapper
        self._kind = kind
        self._attach = attach
        self._found: Any = None
        self._detach: Undo | None = None
        self._restore = replace(type(wrapper), _SWITCH, self._make_set_provider)
        self._look()

    def undo(self) -> None:
        """Undo what was attached, and follow no longer."""
        combine(self._detach, self._restore)()
        self._found = self._detach = None

    def _look(self) -> None:
        found = find_inside(self._wrapper, self._kind)
        if found is self._found:
            return
        combine(self._detach)()
        self._found = found
        self._detach = None if found is None else self._attach(found)

    def _make_set_provider(self, original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        look = guarded("a provider was followed into its wrapper")(self._look)

        def set_provider(*args: Any, **kwargs: Any) -> Any:
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                remove_own_frame(error)
                raise
            if patch.active and args and args[0] is self._wrapper:
                look()
            return result

        return set_provider


def _warn_of(provider: Any, adder: str) -> None:
    name = name_class(type(provider))
    if adder == "add_span_processor":
        warn(
            f"provider {name}",
            "The tracer provider is a %s, and neither the SDK's nor a wrapper of it: its spans leave no breadcrumbs, "
            "and operations that fail no events; all else is recorded and captured. Remedy: set up the SDK of "
            "OpenTelemetry as the provider%s, or name operations by otel_crumbs.operation().",
            name,
            " (for ddtrace: without DD_TRACE_OTEL_ENABLED)" if name.startswith("ddtrace.") else "",
        )
        return
    warn(
        f"provider {name}",
        "The logger provider is a %s, and neither the SDK's nor a wrapper of it: its log records leave no breadcrumbs; "
        "lines of logging do. Remedy: set up the SDK of OpenTelemetry as the provider.",
        name,
    )
