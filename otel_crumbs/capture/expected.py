"""The exceptions that are expected: the program's way to stop or to answer, and no failures."""

from __future__ import annotations

# Ways to stop, whoever raises them.
_EXPECTED = (KeyboardInterrupt, SystemExit, GeneratorExit)
# Known by the names of their classes, so that nothing is imported for them.
_NO_FAILURES = frozenset({"asyncio.exceptions.CancelledError", "django.http.response.Http404"})
_ANSWERS = frozenset(
    {
        "django.core.exceptions.PermissionDenied",
        "django.core.exceptions.SuspiciousOperation",
        "django.core.exceptions.BadRequest",
        "rest_framework.exceptions.APIException",
        "starlette.exceptions.HTTPException",
        "werkzeug.exceptions.HTTPException",
        "aiohttp.web_exceptions.HTTPException",
        "celery.exceptions.Retry",
        "celery.exceptions.Ignore",
        "celery.exceptions.Reject",
    }
)
_SERVER_ERROR = 500


def is_expected(error: BaseException) -> bool:
    """Return whether an exception is the program's way to stop or to answer, and no failure."""
    # Its class is asked, not the exception, which may have ideas of its own.
    if issubclass(type(error), _EXPECTED):
        return True
    names = {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}
    if names & _NO_FAILURES:
        return True
    return bool(names & _ANSWERS) and not _is_server_error(error)


def _is_server_error(error: BaseException) -> bool:
    for name in ("status_code", "code", "status"):
        status = getattr(error, name, None)
        if isinstance(status, int):
            return status >= _SERVER_ERROR
    return False
