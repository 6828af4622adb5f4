"""
Processors of this package on the application's providers, whenever those appear.

The package never sets a global provider: whoever does it second is refused,
and that must not be the application. Until there is one it waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from opentelemetry import _logs, trace
from opentelemetry._logs import _internal as logs_internal
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider

from otel_crumbs.base.guard import guarded
from otel_crumbs.base.patching import Patch, Undo, combine, replace


def on_tracer_provider(attach: Callable[[TracerProvider], Undo]) -> Undo:
    """Attach to the global tracer provider, now or once it is set; return the function that undoes it."""
    return _attach_to_provider(
        trace.get_tracer_provider(), TracerProvider, attach, module=trace, setter="_set_tracer_provider"
    )


def on_logger_provider(attach: Callable[[LoggerProvider], Undo]) -> Undo:
    """Attach to the global logger provider, now or once it is set; return the function that undoes it."""
    return _attach_to_provider(
        _logs.get_logger_provider(), LoggerProvider, attach, module=logs_internal, setter="_set_logger_provider"
    )


def add_span_processor(provider: TracerProvider, processor: SpanProcessor) -> Undo:
    """Put a processor before the provider's others; return the function that removes it."""
    many: Any = provider._active_span_processor  # noqa: SLF001 - the SDK has no way to remove a processor
    return _insert_first(many, "_span_processors", processor)


def add_log_record_processor(provider: LoggerProvider, processor: LogRecordProcessor) -> Undo:
    """Put a processor before the provider's others; return the function that removes it."""
    many: Any = provider._multi_log_record_processor  # noqa: SLF001 - the SDK has no way to remove a processor
    return _insert_first(many, "_log_record_processors", processor)


def _insert_first(many: Any, attribute: str, processor: object) -> Undo:
    with many._lock:  # noqa: SLF001 - the lock that guards them
        setattr(many, attribute, (processor, *getattr(many, attribute)))

    def undo() -> None:
        with many._lock:  # noqa: SLF001 - the lock that guards the processors
            rest = tuple(other for other in getattr(many, attribute) if other is not processor)
            setattr(many, attribute, rest)

    return undo


def _attach_to_provider(
    provider: object, kind: type[Any], attach: Callable[[Any], Undo], *, module: Any, setter: str
) -> Undo:
    if isinstance(provider, kind):
        return attach(provider)
    return _wait_for_provider(kind, attach, module=module, setter=setter)


def _wait_for_provider(kind: type[Any], attach: Callable[[Any], Undo], *, module: Any, setter: str) -> Undo:
    """
    Wait for the global provider, by the private function that every public way to set it ends in.

    The application may have imported the public function by name already, so
    replacing that one would not do.
    """
    attached: list[Undo] = []

    def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
        @guarded("attaching to a provider that was set later")
        def attach_to(provider: object) -> None:
            if patch.active and not attached and isinstance(provider, kind):
                attached.append(attach(provider))

        def set_provider(provider: object, *args: Any, **kwargs: Any) -> None:
            original(provider, *args, **kwargs)
            attach_to(provider)

        return set_provider

    restore = replace(module, setter, make)

    def undo() -> None:
        combine(*attached, restore)()

    return undo
