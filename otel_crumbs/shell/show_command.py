"""`otel-crumbs show`: one error, for people, for a ticket or an agent, or for programs."""

from __future__ import annotations

import argparse
import json
import sys

from otel_crumbs.view.markdown import as_markdown
from otel_crumbs.view.queries import StoredError, get_error

from .opened_store import open_store


def run(options: argparse.Namespace) -> int:
    """Print one error, and return 1 where there is none with that id."""
    with open_store(options.file) as store:
        error = get_error(store, options.id.lower())
    if error is None:
        sys.stderr.write(
            f"otel-crumbs: there is no error whose id begins with {options.id!a}, or more than one. "
            "Remedy: otel-crumbs errors lists ids; give six characters or more\n"
        )
        return 1
    if options.format == "json":
        sys.stdout.write(json.dumps(error.document, indent=2) + "\n")
    elif options.format == "md":
        sys.stdout.write(as_markdown(error, breadcrumbs=None if options.all else 10))
    else:
        print_timeline(error)
    return 0


def print_timeline(error: StoredError) -> None:
    """Print an error as the demo does."""
    from rich.console import Console  # noqa: PLC0415 - only this format needs it

    from otel_crumbs.demo.timeline import Timeline  # noqa: PLC0415 - likewise

    from .printed_event import make_event  # noqa: PLC0415 - likewise

    Console(highlight=False).print(Timeline(event=make_event(error.document)))
