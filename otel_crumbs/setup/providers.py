"""
Processors of this package on the application's providers, whenever those appear.

The package never sets a global provider: whoever does it second is refused,
and that must not be the application. Until there is one it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk.trace import TracerProvider

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, combine, replace

from .other_providers import attach_to


def on_tracer_provider(attach: Callable[[TracerProvider], Undo]) -> Undo:
    """Attach to the global tracer provider, now or once it is set; return the function that undoes it."""
    return _attach_to_provider(
        trace.get_tracer_provider(),
        partial(attach_to, kind=TracerProvider, attach=attach, adder="add_span_processor"),
        module=trace,
        setter="_set_tracer_provider",
    )


def on_logger_provider(attach: Callable[[LoggerProvider], Undo]) -> Undo:
    """Attach to the global logger provider, now or once it is set; return the function that undoes it."""
    return _attach_to_provider(
        _logs.get_logger_provider(),
        partial(attach_to, kind=LoggerProvider, attach=attach, adder="add_log_record_processor"),
        module=logs_internal,
        setter="_set_logger_provider",
    )


class Processors:
    """The processors of a provider, in the tuple where the SDK keeps them, for it has no public way to them."""

    def __init__(self, many: Any, attribute: str) -> None:
        self._many = many
        self._attribute = attribute

    def find(self, kind: type[Any]) -> Any:
        """Return the first of a kind, or None."""
        return next((processor for processor in self._all if isinstance(processor, kind)), None)

    def insert_first(self, processor: object) -> Undo:
        """Put a processor before the others; return the function that removes it."""
        with self._lock:
            self._keep((processor, *self._all))

        def undo() -> None:
            with self._lock:
                self._keep(tuple(other for other in self._all if other is not processor))

        return undo

    @property
    def _lock(self) -> Any:
        return self._many._lock  # noqa: SLF001 - the lock that guards them

    @property
    def _all(self) -> tuple[Any, ...]:
        return tuple(getattr(self._many, self._attribute))

    def _keep(self, processors: tuple[Any, ...]) -> None:
        setattr(self._many, self._attribute, processors)


class FurtherProcessors(Processors):
    """The processors of a provider that is not built as the SDK's is, and takes further ones."""

    def __init__(self, add: Callable[[Any], object]) -> None:
        self._add = add

    def find(self, kind: type[Any]) -> Any:
        """Return None, for nobody knows which there are."""

    def insert_first(self, processor: object) -> Undo:
        """Add a processor, which nobody can remove: once it is shut down it does nothing."""
        self._add(processor)
        return combine()


def find_span_processors(provider: TracerProvider) -> Processors:
    """Return the processors of a tracer provider."""
    many = getattr(provider, "_active_span_processor", None)
    return Processors(many, "_span_processors") if many is not None else FurtherProcessors(provider.add_span_processor)


def find_log_record_processors(provider: LoggerProvider) -> Processors:
    """Return the processors of a logger provider."""
    many = getattr(provider, "_multi_log_record_processor", None)
    if many is None:
        return FurtherProcessors(provider.add_log_record_processor)
    return Processors(many, "_log_record_processors")


AttachTo = Callable[[Any], Undo | None]


def _attach_to_provider(provider: object, attach: AttachTo, *, module: Any, setter: str) -> Undo:
    undo = attach(provider)
    return _wait_for_provider(attach, module=module, setter=setter) if undo is None else undo


def _wait_for_provider(attach: AttachTo, *, module: Any, setter: str) -> Undo:
    """
    Wait for the global provider, by the private function that every public way to set it ends in.

    The application may have imported the public function by name already, so
    replacing that one would not do.
    """
    attached: list[Undo] = []

    def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        @guarded("attaching to a provider that was set later")
        def join(provider: object) -> None:
            if patch.active and not attached and (undo := attach(provider)) is not None:
                attached.append(undo)

        def set_provider(*args: Any, **kwargs: Any) -> None:
            original(*args, **kwargs)
            join(next(iter((*args, *kwargs.values()))))

        return set_provider

    restore = replace(module, setter, make)

    def undo() -> None:
        combine(*attached, restore)()

    return undo
