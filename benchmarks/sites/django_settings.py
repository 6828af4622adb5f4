"""The settings of the page of Django."""

from __future__ import annotations

ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes"]
LOGGING_CONFIG = None
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "sites.django_site"
SECRET_KEY = "benchmark"  # noqa: S105 - there is nothing to protect
