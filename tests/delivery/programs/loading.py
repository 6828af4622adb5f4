"""
A WSGI application that reports an error while it is loaded, and whose pages fail.

Pages below ``outside/`` report their error outside any operation.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import Any

import otel_crumbs

otel_crumbs.install()
otel_crumbs.record("while loading", data={"pid": os.getpid()})
otel_crumbs.capture_exception(LookupError("loading"))


def application(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Serve a page, which fails, or reports an error and answers."""
    page = environ["PATH_INFO"].strip("/")
    name = page.rpartition("/")[2]
    if page == name:
        with otel_crumbs.operation(page):
            otel_crumbs.record(f"before {name}", data={"pid": os.getpid()})
            raise LookupError(name)
    otel_crumbs.record(f"before {name}", data={"pid": os.getpid()})
    otel_crumbs.capture_exception(LookupError(name))
    start_response("200 OK", [])
    return [b"reported"]
