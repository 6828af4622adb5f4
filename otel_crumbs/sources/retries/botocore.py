"""Attempts of botocore, and with it of boto3: calls to AWS that were tried again, below the span of the call."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from otel_crumbs.base.guard import guarded, remove_own_frame
from otel_crumbs.base.instrumentations import is_traced_http_call
from otel_crumbs.base.patching import Patch, Undo, combine, find_argument, on_import, replace

from .attempt import record_attempt

# The places of arguments of `Endpoint._needs_retry`.
_ATTEMPTS_AT, _MODEL_AT, _REQUEST_AT, _RESPONSE_AT, _ERROR_AT = range(1, 6)

# When the newest attempt of a thread began.
_newest = threading.local()


def install() -> Undo:
    """Record what is tried again; return the function that undoes it."""
    return combine(on_import("botocore.endpoint", _hook), _newest.__dict__.clear)


def _hook(endpoint: Any) -> Undo:
    return combine(
        replace(endpoint.Endpoint, "_get_response", _make_get_response),
        replace(endpoint.Endpoint, "_needs_retry", _make_needs_retry),
    )


def _make_get_response(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    def _get_response(*args: Any, **kwargs: Any) -> Any:
        started = time.time_ns()
        try:
            # Asks for credentials, perhaps, which is a call of its own.
            return original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        finally:
            if patch.active:
                _newest.started = started

    return _get_response


def _make_needs_retry(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
    @guarded("an attempt of botocore was recorded")
    def record(args: tuple[Any, ...], kwargs: dict[str, Any], answered: int) -> None:
        model = find_argument(args, kwargs, _MODEL_AT, "operation_model")
        response = find_argument(args, kwargs, _RESPONSE_AT, "response")
        status = getattr(response[0], "status_code", None) if response else None
        record_attempt(
            category="aws",
            library="botocore",
            name=f"{model.service_model.service_id}.{model.name}",
            attributes={
                "rpc.system": "aws-api",
                "rpc.service": str(model.service_model.service_id),
                "rpc.method": model.name,
                **({} if status is None else {"http.response.status_code": status}),
            },
            number=find_argument(args, kwargs, _ATTEMPTS_AT, "attempts"),
            started=_newest.__dict__.get("started", answered),
            ended=answered,
            error=find_argument(args, kwargs, _ERROR_AT, "caught_exception"),
        )

    def _needs_retry(*args: Any, **kwargs: Any) -> Any:
        # It sleeps until the next attempt, if there is to be one.
        answered = time.time_ns()
        try:
            needed = original(*args, **kwargs)
        except BaseException as error:
            remove_own_frame(error)
            raise
        if needed and patch.active and is_traced_http_call():
            record(args, kwargs, answered)
        return needed

    return _needs_retry
