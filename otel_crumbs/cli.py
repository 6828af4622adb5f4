"""The command `otel-crumbs`."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from .agents import commands as agent_commands
from .base.identity import VERSION
from .shell import commands as shell_commands
from .view.command import add_view, exit_by_signal

DESCRIPTION = "Breadcrumbs for OpenTelemetry: every error leaves with the trail of what happened before it."

EXAMPLES = """\
examples:
  otel-crumbs demo              see error events and their trails, no collector needed
  otel-crumbs demo --json       the same events as JSON lines, for jq
  otel-crumbs view --open       look at errors and their trails in a browser
  otel-crumbs view -- python app.py
                                the same, with a program that sends there
  otel-crumbs doctor            check this environment, and send a test event
  otel-crumbs doctor --no-send  check only
  otel-crumbs doctor --show-event
                                print a sample event as it would leave, and send nothing
  otel-crumbs recover DIR       send the deaths of processes whose recordings are there
  opentelemetry-instrument otel-crumbs doctor
                                check what an application started this way gets
  otel-crumbs tail              print errors and their trails as they arrive
  otel-crumbs errors --since 1h list what the viewer received
  otel-crumbs show ID --format md
                                one error, for a ticket or a coding agent
  otel-crumbs mcp               let a coding agent ask for errors and trails
"""

DEMO = """\
Start a small Django shop under opentelemetry-instrument and an OTLP receiver beside it,
both on loopback; send customers of which some run into errors; show each error event with its trail.
"""

DOCTOR = """\
Show the effective settings and where each comes from, what install() hooks here, which
OpenTelemetry instrumentations are there; then send a test event and say whether it was taken.
"""

RECOVER = """\
Send one event for each process that died and left its last breadcrumbs in a folder, as the recorder
keeps them (OTEL_CRUMBS_RECORDER), and delete them there. Exporters are those of the environment.
"""

Raw = argparse.RawDescriptionHelpFormatter


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line, and return the exit code."""
    words = [*(sys.argv[1:] if arguments is None else arguments)]
    # The command behind `--` is nobody's but the viewer's.
    end = words.index("--") if "--" in words else len(words)
    options = make_parser().parse_args(words[:end], argparse.Namespace(program=words[end + 1 :]))
    # A character that the terminal cannot show becomes a question mark, not a traceback.
    for stream in (sys.stdout, sys.stderr):
        getattr(stream, "reconfigure", lambda **_: None)(errors="replace")
    try:
        code: int = options.run(options)
        sys.stdout.flush()
    except KeyboardInterrupt:
        sys.stderr.write("otel-crumbs: stopped\n")
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader of a pipe has seen enough: nothing more must be written, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    top = argparse.ArgumentParser("otel-crumbs", description=DESCRIPTION, epilog=EXAMPLES, formatter_class=Raw)
    top.add_argument("--version", action="version", version=f"otel-crumbs {VERSION}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="see it work, no collector needed", description=DEMO, formatter_class=Raw)
    demo.add_argument("--json", action="store_true", help="print the events as JSON lines instead")
    demo.add_argument("--view", action="store_true", help="show the events in the viewer, too, and leave it running")
    demo.add_argument("--no-color", action="store_true", help="no colours (the variable NO_COLOR does the same)")
    demo.add_argument(
        "--timeout", type=parse_seconds, default=60.0, metavar="SECONDS", help="give up after this time (default: 60)"
    )
    demo.set_defaults(run=run_demo)

    doctor = commands.add_parser("doctor", help="check a setup", description=DOCTOR, formatter_class=Raw)
    doctor.add_argument("--json", action="store_true", help="print one JSON document instead")
    sending = doctor.add_mutually_exclusive_group()
    sending.add_argument("--no-send", action="store_true", help="send no test event")
    sending.add_argument(
        "--show-event",
        action="store_true",
        help="instead of all that, print a sample event as each exporter would send it, and send nothing",
    )
    doctor.add_argument(
        "--timeout",
        type=parse_seconds,
        default=5.0,
        metavar="SECONDS",
        help="wait this long for the answer (default: 5)",
    )
    doctor.set_defaults(run=run_doctor)

    add_view(commands)
    shell_commands.add_commands(commands)
    agent_commands.add_commands(commands)
    add_recover(commands)
    return top


def add_recover(commands: Any) -> None:
    """Add the command that reports processes that died."""
    recover = commands.add_parser(
        "recover", help="report processes that died", description=RECOVER, formatter_class=Raw
    )
    recover.add_argument("folder", metavar="DIR", help="the folder of OTEL_CRUMBS_RECORDER")
    recover.add_argument(
        "--timeout",
        type=parse_seconds,
        default=10.0,
        metavar="SECONDS",
        help="wait this long for delivery (default: 10)",
    )
    recover.set_defaults(run=run_recover)


def run_demo(options: argparse.Namespace) -> int:
    """Run the demo, if its requirements are installed."""
    from .demo.requirements import find_missing  # noqa: PLC0415 - each command imports only its own

    missing = find_missing(view=options.view)
    if missing:
        sys.stderr.write(f"otel-crumbs: {missing}\n")
        return 2
    from .demo.run import run  # noqa: PLC0415 - needs the extra

    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), exit_by_signal)
    return run(timeout=options.timeout, as_json=options.json, no_color=options.no_color, view=options.view)


def run_doctor(options: argparse.Namespace) -> int:
    """Run the doctor."""
    from .doctor import run, show_preview  # noqa: PLC0415 - each command imports only its own

    if options.show_event:
        return show_preview(as_json=options.json)
    code = run(timeout=options.timeout, send=not options.no_send, json=options.json)
    if code:
        # Under opentelemetry-instrument the SDK would try the dead endpoint for ten more seconds.
        sys.stdout.flush()
        os._exit(code)
    return code


def run_recover(options: argparse.Namespace) -> int:
    """Report the processes whose recordings are in a folder."""
    from .setup.recover import recover  # noqa: PLC0415 - each command imports only its own

    return recover(options.folder, timeout=options.timeout)


def parse_seconds(text: str) -> float:
    """Return a number of seconds above 0."""
    number = float(text)
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"expected a number of seconds above 0, got {text!r}")
    return number
