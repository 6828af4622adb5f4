"""Settings of the shop: plain Django, nothing about telemetry."""

from __future__ import annotations

import os

from config import database

SECRET_KEY = "an example shop keeps no secrets"  # noqa: S105 - it is none
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost", *filter(None, os.environ.get("SHOP_HOSTS", "").split(","))]

INSTALLED_APPS = ["shop"]
# No CSRF middleware: every form of the shop can be tried with curl.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

# SHOP_POSTGRESQL names a database; where it is and who asks say PGHOST, PGPORT, PGUSER and PGPASSWORD.
DATABASES = {
    "default": (
        {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["SHOP_POSTGRESQL"]}
        if os.environ.get("SHOP_POSTGRESQL")
        else {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ.get("SHOP_DATABASE") or database.temporary_file(),
        }
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

# Empty: the shop starts a payment provider of its own, a flaky one.
SHOP_PAYMENTS_URL = os.environ.get("SHOP_PAYMENTS_URL", "")

# Nobody listens on the discard port: the mail server of this shop is down.
EMAIL_HOST = "127.0.0.1"
EMAIL_PORT = 9
EMAIL_TIMEOUT = 2

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{levelname:<8} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"shop": {"level": "INFO"}},
}
