"""`otel-crumbs errors`: the errors that the viewer received, the newest first."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import datetime

from otel_crumbs.base.printable import to_printable
from otel_crumbs.view import queries
from otel_crumbs.view.filters import Filters
from otel_crumbs.view.groups import count_errors

from .opened_store import open_store

_ID_CHARACTERS = 8


def run(options: argparse.Namespace) -> int:
    """Print the errors that match."""
    filters = Filters(
        text=options.search,
        service=options.service,
        level=options.level,
        since=None if options.since is None else queries.find_period(options.since / 3600),
        limit=options.limit,
    )
    with open_store(options.file) as store:
        rows = queries.list_errors(store, filters)
        total = count_errors(store, filters)
    for row in rows:
        if options.json:
            sys.stdout.write(json.dumps(asdict(row)) + "\n")
        else:
            sys.stdout.write(format_row(row))
    if not options.json:
        found = f"{len(rows)} of {total.errors} errors{total.among}; one of them: otel-crumbs show ID"
        sys.stdout.write(f"{found}\n" if rows else f"no error{total.among}\n")
    return 0


def format_row(row: queries.ErrorRow) -> str:
    """Return an error in two lines."""
    moment = datetime.fromtimestamp(row.timestamp / 1e9).astimezone()
    last = f", the last: {to_printable(row.last_message)}" if row.last_message else ""
    operation = f"{to_printable(row.operation)}, " if row.operation else ""
    return (
        f"{row.event_id[:_ID_CHARACTERS]}  {moment:%Y-%m-%d %H:%M:%S}  {to_printable(row.service)}  "
        f"{to_printable(row.title)}\n{'':10}{operation}{row.breadcrumbs} breadcrumbs{last}\n"
    )
