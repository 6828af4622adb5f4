"""The command `mcp`, as `otel-crumbs --help` shows it."""

from __future__ import annotations

import argparse

from otel_crumbs.shell.commands import add_file, is_missing, refuse_failures
from otel_crumbs.view.command import OTLP_PORT, parse_port

# Beside those of OTLP and of the stack in docker-compose.yml.
MCP_PORT = 4320
VIEWER = f"http://127.0.0.1:{OTLP_PORT}"

MCP = """\
Let a coding agent ask for errors and their trails, by the Model Context Protocol: list_errors, get_error,
get_trail, errors_of_trace, wait_for_error. Over stdio, or over HTTP on loopback. It reads what
otel-crumbs view received, and changes nothing.

In an agent's settings:  {"mcpServers": {"otel-crumbs": {"command": "otel-crumbs", "args": ["mcp"]}}}
"""


def add_commands(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser of the command line."""
    raw = argparse.RawDescriptionHelpFormatter
    add_mcp(commands.add_parser("mcp", help="let a coding agent ask", description=MCP, formatter_class=raw))


def add_mcp(parser: argparse.ArgumentParser) -> None:
    """Add the options of `mcp`."""
    add_file(parser)
    parser.add_argument("--http", action="store_true", help="serve HTTP at /mcp in place of stdio")
    parser.add_argument("--port", type=parse_port, default=MCP_PORT, help=f"with --http (default: {MCP_PORT})")
    parser.add_argument("--viewer", default=VIEWER, metavar="URL", help=f"for links to pages (default: {VIEWER})")
    parser.set_defaults(run=run_mcp)


def run_mcp(options: argparse.Namespace) -> int:
    """Run `mcp`."""
    if is_missing("mcp", "mcp", "mcp"):
        return 2
    from .server import run  # noqa: PLC0415 - needs the extra

    return refuse_failures(run, options)
