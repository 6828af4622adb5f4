"""Settings of the project."""

from __future__ import annotations

import os

SECRET_KEY = "only for these tests"  # noqa: S105 - it guards nothing
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["shopfront"]
ROOT_URLCONF = "shopfront.urls"
WSGI_APPLICATION = "shopfront.wsgi.application"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SHOP_DATABASE"]}}
USE_TZ = True

PARTNER = os.environ.get("PARTNER", "")
CROWD = int(os.environ.get("CROWD", "1"))
