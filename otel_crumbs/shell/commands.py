"""The commands that read what the viewer received, as `otel-crumbs --help` shows them."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from otel_crumbs.view.command import OTLP_PORT, parse_port
from otel_crumbs.view.store_error import StoreError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

ERRORS = "List the errors that otel-crumbs view received, the newest first, each with the last breadcrumb before it."
SHOW = """\
Show one error with its trail: as a timeline, as Markdown for a ticket or a coding agent, or as the JSON
document of docs/event.schema.json.
"""
TAIL = """\
Receive OTLP over HTTP on loopback, where applications send if nothing else is said, and print each error
event as a timeline. Nothing is kept.
"""
Raw = argparse.RawDescriptionHelpFormatter
Run = Callable[[argparse.Namespace], int]


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the parser of the command line."""
    add_errors(commands.add_parser("errors", help="list errors that were received", description=ERRORS))
    add_show(commands.add_parser("show", help="show one error and its trail", description=SHOW, formatter_class=Raw))
    add_tail(commands.add_parser("tail", help="print errors as they arrive", description=TAIL, formatter_class=Raw))


def add_errors(parser: argparse.ArgumentParser) -> None:
    """Add the options of `errors`."""
    add_file(parser)
    parser.add_argument("--search", default="", metavar="WORDS", help="all in messages, breadcrumbs or attributes")
    parser.add_argument("--service", default="", help="only of this service")
    parser.add_argument("--level", default="", choices=["", "error", "fatal"], help="only of this level")
    parser.add_argument("--since", type=parse_age, metavar="AGE", help="only of the last 30s, 20m, 3h or 2d")
    parser.add_argument("--limit", type=parse_count, default=20, metavar="N", help="how many at the most (default: 20)")
    parser.add_argument("--json", action="store_true", help="print JSON lines instead")
    parser.set_defaults(run=run_errors)


def add_show(parser: argparse.ArgumentParser) -> None:
    """Add the options of `show`."""
    parser.add_argument("id", metavar="ID", help="of the event, or its first characters, six at least")
    add_file(parser)
    parser.add_argument("--format", choices=["text", "md", "json"], default="text", help="default: text")
    parser.add_argument("--all", action="store_true", help="with md: the whole trail, not its last ten breadcrumbs")
    parser.set_defaults(run=run_show)


def add_tail(parser: argparse.ArgumentParser) -> None:
    """Add the options of `tail`."""
    parser.add_argument("--port", type=parse_port, default=OTLP_PORT, help=f"where to listen (default: {OTLP_PORT})")
    parser.add_argument("--count", type=parse_count, metavar="N", help="end after so many events")
    parser.add_argument("--json", action="store_true", help="print the events as JSON lines instead")
    parser.set_defaults(run=run_tail)


def add_file(parser: argparse.ArgumentParser) -> None:
    """Add the option that names the store."""
    parser.add_argument("--file", type=Path, help="the viewer's file (default: the one in the user's state directory)")


def run_errors(options: argparse.Namespace) -> int:
    """Run `errors`."""
    from .errors_command import run  # noqa: PLC0415 - each command imports only its own

    return refuse_failures(run, options)


def run_show(options: argparse.Namespace) -> int:
    """Run `show`."""
    if options.format == "text" and is_missing("rich", "show", "view"):
        return 2
    from .show_command import run  # noqa: PLC0415 - each command imports only its own

    return refuse_failures(run, options)


def run_tail(options: argparse.Namespace) -> int:
    """Run `tail`."""
    if not options.json and is_missing("rich", "tail", "view"):
        return 2
    from .tail_command import run  # noqa: PLC0415 - each command imports only its own

    return refuse_failures(run, options)


def is_missing(module: str, command: str, extra: str) -> bool:
    """Return whether a module is missing, and say how it is had."""
    if find_spec(module) is not None:
        return False
    sys.stderr.write(f"otel-crumbs: {command} needs {module}. Remedy: pip install 'otel-crumbs[{extra}]'\n")
    return True


def refuse_failures(run: Run, options: argparse.Namespace) -> int:
    """Run a command; a store that cannot be read is a sentence that says what to do."""
    try:
        return run(options)
    except StoreError as error:
        sys.stderr.write(f"otel-crumbs: {error}\n")
        return 2


def parse_age(text: str) -> float:
    """Return an age such as 20m in seconds."""
    found = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)([smhd])", text)
    if found is None:
        raise argparse.ArgumentTypeError(f"expected a number with s, m, h or d, such as 20m, got {text!r}")
    return float(found[1]) * _UNITS[found[2]]


def parse_count(text: str) -> int:
    """Return a whole number above 0."""
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise argparse.ArgumentTypeError(f"expected a whole number above 0, got {text!r}")
    return int(text)
