"""A Django project in one file, with a word of a module that is changed while it runs."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import word
from django.http import HttpResponse
from django.urls import path

if TYPE_CHECKING:
    from django.http import HttpRequest

ALLOWED_HOSTS = ["127.0.0.1"]
DEBUG = True
INSTALLED_APPS = ["otel_crumbs.django"]
MIDDLEWARE = ["otel_crumbs.django.middleware.CrumbsMiddleware"]
ROOT_URLCONF = __name__
SECRET_KEY = secrets.token_hex()


def say(_: HttpRequest) -> HttpResponse:
    """Say the word."""
    return HttpResponse(word.WORD)


def fail(_: HttpRequest) -> HttpResponse:
    """Fail with the word."""
    raise LookupError(word.WORD)


urlpatterns = [path("say", say), path("fail", fail)]
