"""Tests of `otel_crumbs.export.sentry.frames`: source lines, and frames of the application."""

from __future__ import annotations

import sysconfig
from pathlib import Path

import pytest

from otel_crumbs.event import Frame
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.export.sentry.frames import is_in_app, shorten_path
from otel_crumbs.export.sentry.payload import payload_of
from tests.export.events import event_of, raised


def test_frames_have_the_source_around_their_line() -> None:
    """The innermost frame comes last, with the lines before and after its own."""
    error = payload_of(event_of())["exception"]["values"][-1]

    frame = error["stacktrace"]["frames"][-1]
    assert frame["function"] == "fail"
    assert frame["context_line"].strip() == 'raise OutOfStockError("no lamps left") from error'
    assert [line.strip() for line in frame["pre_context"]][-1] == "except KeyError as error:"
    assert len(frame["post_context"]) == 5
    assert frame["filename"] == "tests/export/events.py"
    assert frame["abs_path"].endswith("tests/export/events.py")
    assert frame["in_app"] is True
    assert "vars" not in frame


def careless() -> None:
    """Fail near a password."""
    password = "hunter2"  # noqa: S105 - the secret of the test
    raise ValueError(password[:0])


def test_secrets_in_source_lines_are_scrubbed() -> None:
    """Source lines are read after the event was scrubbed."""
    payload = payload_of(event_of(raised(careless)), Scrubber().scrub_text)

    assert "hunter2" not in str(payload)
    assert "[scrubbed]" in str(payload["exception"]["values"][-1]["stacktrace"]["frames"][-1])


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
