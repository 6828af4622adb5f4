"""A WSGI application of uWSGI whose page says what installing put into uWSGI's modules, and undoing left there."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import uwsgi

import otel_crumbs


def application_hook() -> None:
    """Do nothing in a worker."""


def look() -> list[bool]:
    """Return whether the hook is the application's, and whether uWSGI's decorators have none."""
    return [getattr(uwsgi, "post_fork_hook", None) is application_hook, decorators_are_empty()]


def decorators_are_empty() -> bool:
    """Return whether nothing is in the decorators' chain."""
    return uwsgidecorators.postfork_chain == []


uwsgi.post_fork_hook = application_hook
otel_crumbs.install()

# It puts its own hook there when it is imported.
import uwsgidecorators  # noqa: E402 - see above

otel_crumbs.uninstall()
chain_hook = uwsgi.post_fork_hook
uwsgi.post_fork_hook = application_hook
seen = [look()]
otel_crumbs.install()
seen.append(look())
otel_crumbs.uninstall()
seen.append(look())


def application(_: object, start_response: Callable[..., object]) -> Iterable[bytes]:
    """Say what was seen."""
    start_response("200 OK", [])
    return [json.dumps(seen).encode()]
