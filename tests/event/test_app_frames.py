"""Which frames are of the application, wherever it is installed."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from otel_crumbs.event import Frame
from otel_crumbs.event.app_frames import is_in_app, shorten_path


@pytest.mark.parametrize(
    ("path", "module", "expected"),
    [
        ("/app/shop/views.py", "shop.views", True),
        ("/app/manage.py", "__main__", True),
        ("<string>", None, True),
        ("C:\\app\\shop\\views.py", "shop.views", True),
        ("/venv/lib/python3.12/site-packages/django/core/handlers/base.py", "django.core.handlers.base", False),
        ("/usr/lib/python3/dist-packages/requests/api.py", "requests.api", False),
        ("/usr/lib/python3.11/json/decoder.py", "json.decoder", False),
        ("C:\\venv\\Lib\\site-packages\\django\\views.py", "django.views", False),
        (str(Path(sysconfig.get_path("stdlib")) / "asyncio" / "tasks.py"), "asyncio.tasks", False),
        (str(Path(sysconfig.get_path("scripts")) / "gunicorn"), "__main__", False),
        ("<frozen runpy>", "runpy", False),
        ("/src/otel_crumbs/trails/operation_block.py", "otel_crumbs.trails.operation_block", False),
        ("/src/opentelemetry/trace.py", "opentelemetry.trace", False),
        ("/src/otel_crumbs_shop/views.py", "otel_crumbs_shop.views", True),
    ],
)
def test_the_applications_own_frames_are_marked(path: str, module: str | None, *, expected: bool) -> None:
    """Trackers group events by these frames, and show them first."""
    assert is_in_app(Frame(path=path, line=1, function="f", module=module)) is expected


@pytest.mark.parametrize(
    ("path", "module", "expected"),
    [
        ("/app/shop/views.py", "shop.views", "shop/views.py"),
        ("/app/shop/__init__.py", "shop", "shop/__init__.py"),
        ("C:\\app\\shop\\views.py", "shop.views", "shop/views.py"),
        ("/app/manage.py", "__main__", "manage.py"),
        ("manage.py", "__main__", "manage.py"),
        ("tools/run.py", None, "tools/run.py"),
        ("<string>", None, "<string>"),
    ],
)
def test_a_path_is_shortened_to_its_module(path: str, module: str | None, expected: str) -> None:
    """The path is the same on every machine, so that events are grouped."""
    assert shorten_path(Frame(path=path, line=1, function="f", module=module)) == expected
