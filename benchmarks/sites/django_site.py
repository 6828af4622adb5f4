"""A page of Django: three queries by the ORM, two log lines, an answer in JSON."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from typing import Any

import django
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, JsonResponse
from django.urls import path

logger = logging.getLogger("shop")


def order(_: HttpRequest, number: int) -> JsonResponse:
    """Answer an order, or fail where there is none."""
    from django.contrib.auth import get_user_model

    users = get_user_model().objects
    logger.info("order %d is asked for", number)
    found = users.filter(pk=number).exists()
    names = [user.username for user in users.order_by("username")[:5]]
    logger.info("%d of %d users", len(names), users.count())
    if not found:
        raise LookupError(f"order {number} is not there")
    return JsonResponse({"order": number, "names": names})


urlpatterns = [path("orders/<int:number>", order)]


def make() -> Callable[[str], None]:
    """Set the site up."""
    django.setup()
    from django.contrib.auth import get_user_model

    call_command("migrate", verbosity=0)
    get_user_model().objects.bulk_create([get_user_model()(pk=number, username=f"u{number}") for number in range(50)])
    application = get_wsgi_application()
    head = {"REQUEST_METHOD": "GET", "SERVER_NAME": "shop", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}

    def ask(where: str) -> None:
        environ: dict[str, Any] = {**head, "PATH_INFO": where, "wsgi.input": io.BytesIO(), "wsgi.errors": io.StringIO()}
        answer = application(environ, lambda *_: None)
        b"".join(answer)
        answer.close()

    return ask
