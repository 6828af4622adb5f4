"""The command line of `otel-crumbs view`."""

from __future__ import annotations

import argparse
import math
import re
import signal
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NoReturn

REMEDY = "pip install 'otel-crumbs[view]'"
# What the extra `view` brings.
MODULES = ("jinja2", "starlette", "uvicorn")
# OTLP's own for HTTP: applications send there if nothing else is said.
OTLP_PORT = 4318
_PORT = f"for OTLP and browsers; 0: a free one (default: {OTLP_PORT})"
_DAY = 86400
_SECONDS = {"h": 3600, "d": _DAY, "w": 7 * _DAY}
_BYTES = {"MB": 1000**2, "GB": 1000**3, "MiB": 2**20, "GiB": 2**30}

DESCRIPTION = """\
Receive OTLP on loopback, keep error events with their trails in one SQLite file, and show them in a browser.
A command behind `--` is started under opentelemetry-instrument and sends here; the viewer ends with it.
"""


def add_view(commands: Any) -> None:
    """Add the command to those of `otel-crumbs`."""
    view = commands.add_parser(
        "view",
        help="look at errors and their trails",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="otel-crumbs view [options] [-- command ...]",
    )
    view.add_argument("--open", action="store_true", help="open the browser")
    view.add_argument("--tui", action="store_true", help="show it in this terminal, too")
    view.add_argument("--port", type=parse_port, default=OTLP_PORT, help=_PORT)
    view.add_argument(
        "--listen", default="127.0.0.1", metavar="ADDRESS", help="listen elsewhere; a token is needed then, and printed"
    )
    view.add_argument("--file", type=Path, help="keep events in this file (default: in the user's state directory)")
    view.add_argument("--memory", action="store_true", help="write nothing to disk")
    view.add_argument(
        "--keep",
        type=parse_time,
        default=30 * _DAY,
        metavar="TIME",
        help="remove what is older: 12h, 30d, 8w (default: 30d)",
    )
    view.add_argument(
        "--max-size",
        type=parse_size,
        default=500 * 2**20,
        metavar="SIZE",
        help="remove the oldest where more is kept: 200MB, 1GB (default: 500MiB)",
    )
    view.add_argument(
        "--read",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="read a Collector's file export, JSON lines, or a spool folder first",
    )
    view.set_defaults(run=run_view)


def run_view(options: argparse.Namespace) -> int:
    """Run the viewer, if its requirements are installed."""
    missing = [module for module in MODULES if find_spec(module) is None]
    if missing:
        sys.stderr.write(f"otel-crumbs: the viewer needs {', '.join(missing)}: {REMEDY}\n")
        return 2
    refusal = find_refusal(options) if options.tui else None
    if refusal:
        sys.stderr.write(f"otel-crumbs: {refusal}\n")
        return 2
    from .run import Options, run  # noqa: PLC0415 - needs the extra

    signal.signal(signal.SIGTERM, exit_by_signal)
    return run(
        Options(
            host=options.listen,
            port=options.port,
            file=options.file,
            memory=options.memory,
            keep_days=options.keep / _DAY,
            keep_bytes=options.max_size,
            open_browser=options.open,
            terminal=options.tui,
            read=options.read,
            program=options.program,
        )
    )


def find_refusal(options: argparse.Namespace) -> str | None:
    """Return why there can be no viewer in the terminal, None where there can."""
    if find_spec("textual") is None:
        return "--tui needs textual: pip install 'otel-crumbs[tui]'"
    if options.program:
        return "--tui has the terminal for itself: start the command in another one"
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "--tui needs a terminal; without one, `otel-crumbs errors` lists what was received"
    return None


def exit_by_signal(signum: int, _frame: object) -> NoReturn:
    """Raise SystemExit, so that what was started is ended too."""
    raise SystemExit(128 + signum)


def parse_port(text: str) -> int:
    """Return the number of a port."""
    if not text.isdecimal() or int(text[:6]) > 65535:  # noqa: PLR2004 - the last one
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, got {text!r}")
    return int(text)


def parse_time(text: str) -> float:
    """Return a time in seconds: ``12h``, ``30d``."""
    found = re.fullmatch(r"(\d{1,6}(?:\.\d+)?)([hdw])", text)
    if not found or not 0 < (seconds := float(found[1]) * _SECONDS[found[2]]) < math.inf:
        raise argparse.ArgumentTypeError(f"expected a time such as 12h, 30d or 8w, got {text!r}")
    return seconds


def parse_size(text: str) -> int:
    """Return a number of bytes: ``200MB``, ``1GiB``."""
    found = re.fullmatch(r"(\d{1,9})(MB|GB|MiB|GiB)", text)
    if not found or int(found[1]) == 0:
        raise argparse.ArgumentTypeError(f"expected a size such as 200MB or 1GiB, got {text!r}")
    return int(found[1]) * _BYTES[found[2]]
