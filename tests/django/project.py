"""Settings and views of the project."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

import otel_crumbs

MIDDLEWARE = "otel_crumbs.django.middleware.CrumbsMiddleware"
logger = logging.getLogger("shop")


def set_up() -> None:
    """Configure Django, once."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["testserver"],
        INSTALLED_APPS=["otel_crumbs.django"],
        MIDDLEWARE=[MIDDLEWARE],
        ROOT_URLCONF=Urls,
        SECRET_KEY="for tests",  # noqa: S106 - of a project that lives for a test run
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()
    otel_crumbs.uninstall()


def fine(request: HttpRequest) -> HttpResponse:
    """Answer."""
    otel_crumbs.record(f"answered {request.path}")
    return HttpResponse("fine")


def fails(_: HttpRequest, number: int) -> HttpResponse:
    """Fail after a line in the log."""
    logger.info("looking for %d", number)
    message = f"no such thing: {number}"
    raise LookupError(message)


def unavailable(_: HttpRequest) -> HttpResponse:
    """Answer with a failure, and raise nothing."""
    otel_crumbs.record("closed")
    return HttpResponse(status=503)


async def unavailable_async(_: HttpRequest) -> HttpResponse:
    """Do so without a thread."""
    otel_crumbs.record("closed")
    return HttpResponse(status=503)


def template(request: HttpRequest) -> HttpResponse:
    """Fail inside a template."""
    page = engines["django"].from_string("{{ thing.broken }}")
    return HttpResponse(page.render({"thing": Broken()}, request))


def missing(_: HttpRequest) -> HttpResponse:
    """Say that there is no such page."""
    raise Http404


def forbidden(_: HttpRequest) -> HttpResponse:
    """Refuse."""
    raise PermissionDenied


async def fails_async(_: HttpRequest, number: int) -> HttpResponse:
    """Fail after a note."""
    otel_crumbs.record(f"looking for {number}")
    raise LookupError(str(number))


def raising_middleware(_: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Fail before any view is asked."""

    def middleware(_: HttpRequest) -> HttpResponse:
        message = "the middleware broke"
        raise RuntimeError(message)

    return middleware


class Broken:
    """A thing with a property that fails, as templates see it."""

    @property
    def broken(self) -> str:
        """Fail."""
        message = "in the template"
        raise ZeroDivisionError(message)


class Urls:
    """What Django asks of a URL configuration."""

    urlpatterns = (
        path("fine/", fine),
        path("fails/<int:number>/", fails),
        path("template/", template),
        path("unavailable/", unavailable),
        path("unavailable-async/", unavailable_async),
        path("missing/", missing),
        path("forbidden/", forbidden),
        path("async/<int:number>/", fails_async),
    )
