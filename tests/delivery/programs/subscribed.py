"""A WSGI application of mod_wsgi whose page says how many functions mod_wsgi calls at its end, installed and undone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

import mod_wsgi

import otel_crumbs


def count() -> int:
    """Return how many functions mod_wsgi calls before it ends this interpreter."""
    return len(mod_wsgi.shutdown_callbacks)


seen = [count()]
otel_crumbs.install()
seen.append(count())
otel_crumbs.uninstall()
seen.append(count())


def application(_: object, start_response: Callable[..., object]) -> Iterable[bytes]:
    """Say what was seen."""
    start_response("200 OK", [])
    return [json.dumps(seen).encode()]
