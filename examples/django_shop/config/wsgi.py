"""The shop as a WSGI application, for runserver and every other server."""

from __future__ import annotations

import os

from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()
# The database is new each time: make its tables and fill its shelves.
call_command("migrate", verbosity=0, interactive=False)
