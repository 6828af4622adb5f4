"""Has Django and REST framework answer with failures, and prints the events of each request: REST-FRAMEWORK or not."""

from __future__ import annotations

import json
import logging
import sys
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from otel_crumbs.testing import capture_events
from tests.application import fail
from tests.libraries.describing import instrumented

logger = logging.getLogger("shop")


def make_views() -> dict[str, Any]:
    """Return views, each of which fails in a way of its own."""

    def answer(_: HttpRequest) -> HttpResponse:
        logger.info("closed")
        return HttpResponse(status=503)

    def break_down(_: HttpRequest) -> HttpResponse:
        raise ValueError("boom")

    def log_and_answer(_: HttpRequest) -> HttpResponse:
        try:
            fail(LookupError("no receipt"))
        except LookupError:
            logger.exception("lost")
        return HttpResponse(status=500)

    def refuse(_: HttpRequest) -> HttpResponse:
        return HttpResponse(status=404)

    return {"answer": answer, "fail": break_down, "log": log_and_answer, "refuse": refuse}


def make_api_views() -> dict[str, Any]:
    """Return views of REST framework."""
    from rest_framework.decorators import api_view  # noqa: PLC0415 - needs settings
    from rest_framework.exceptions import APIException  # noqa: PLC0415 - needs settings
    from rest_framework.response import Response  # noqa: PLC0415 - needs settings

    class OutOfService(APIException):
        status_code = 503

    def break_down(_: Any) -> Response:
        raise OutOfService

    def answer(_: Any) -> Response:
        return Response({}, status=502)

    return {"api-fail": api_view()(break_down), "api-answer": api_view()(answer)}


class Urls:
    """Stands for the module of URLs."""

    urlpatterns: tuple[Any, ...] = ()


def main() -> None:
    """Ask for each page."""
    trace.set_tracer_provider(TracerProvider())
    settings.configure(
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth"],
        MIDDLEWARE=[],
        REST_FRAMEWORK={"DEFAULT_AUTHENTICATION_CLASSES": []},
        ROOT_URLCONF=Urls,
        SECRET_KEY="x",  # noqa: S106 - a test's
        USE_TZ=True,
    )
    with capture_events() as events, instrumented("django"):
        django.setup()
        views = make_views() | (make_api_views() if "rest" in sys.argv else {})
        Urls.urlpatterns = tuple(path(name, view) for name, view in views.items())
        for name in views:
            events.clear()
            Client(raise_request_exception=False).get(f"/{name}")
            found = [[event.mechanism, event.title, bool(event.stacktrace)] for event in events]
            print(json.dumps({name: found}))  # noqa: T201 - what the test reads


if __name__ == "__main__":
    main()
