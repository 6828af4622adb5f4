"""
A WSGI application whose pages fail, each after a note of its own.

A page is called ``NAME``, or ``stuck/NAME`` if it reports its error and then never answers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import otel_crumbs

SECONDS = 60

# This runs in the worker that imports the module, or in its master; an earlier installation stays as it is.
otel_crumbs.install()


def application(environ: dict[str, Any], _: Callable[..., object]) -> Iterable[bytes]:
    """Serve a page, which fails."""
    page = environ["PATH_INFO"].strip("/")
    name = page.rpartition("/")[2]
    with otel_crumbs.operation(page):
        otel_crumbs.record(f"before {name}", data={"pid": os.getpid()})
        error = LookupError(name)
        if page != name:
            otel_crumbs.capture_exception(error)
            time.sleep(SECONDS)
        raise error
