"""
Exceptions that Litestar answers with a status of 500 or above.

Its middleware turns every exception of a handler into an answer. It logs them
only where its logging is set up so, and the span of its own OpenTelemetry
plugin has the status alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.patching import Patch, Undo, find_argument, on_import, replace

from .reporter import Reporter

# Its hook `after_exception` does not say what the answer will be.
_MODULE = "litestar.middleware._internal.exceptions.middleware"
_METHOD = "handle_request_exception"
_FAILURE = 500
_SEND_POSITION = 4


def install(reporter: Reporter) -> Undo:
    """Report the exceptions that Litestar answers so; return the function that undoes it."""
    return on_import(_MODULE, partial(_attach, reporter=reporter))


def _attach(module: Any, reporter: Reporter) -> Undo | None:
    @guarded("an exception that Litestar answers was reported")
    def report(message: Mapping[str, Any], error: Any) -> None:
        if message["type"] == "http.response.start" and message["status"] >= _FAILURE:
            reporter.report(error, mechanism="operation", handled=False)

    def make(original: Callable[..., Awaitable[Any]], patch: Patch) -> Callable[..., Awaitable[Any]]:
        async def handle_request_exception(*args: Any, **kwargs: Any) -> Any:
            send = find_argument(args, kwargs, _SEND_POSITION, "send")
            error = find_argument(args, kwargs, _SEND_POSITION + 1, "exc")

            # The answer's last part ends the request's span, and with it the operation; this comes before.
            async def send_and_report(message: Any) -> None:
                if patch.active:
                    report(message, error)
                await send(message)

            if "send" in kwargs:
                kwargs["send"] = send_and_report
            else:
                args = (*args[:_SEND_POSITION], send_and_report, *args[_SEND_POSITION + 1 :])
            try:
                return await original(*args, **kwargs)
            except BaseException as raised:
                remove_own_frame(raised)
                raise

        return handle_request_exception

    owner = getattr(module, "ExceptionHandlerMiddleware", None)
    return replace(owner, _METHOD, make) if hasattr(owner, _METHOD) else None
