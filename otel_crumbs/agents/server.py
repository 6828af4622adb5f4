"""The server of the Model Context Protocol: the official SDK, over stdio or HTTP on loopback."""

from __future__ import annotations

import argparse
import sys

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations

from otel_crumbs.base.identity import VERSION
from otel_crumbs.shell.opened_store import open_store
from otel_crumbs.view.store import Store

from .answers import NOTICE, Links
from .tools import Tools

INSTRUCTIONS = f"""\
Errors of the user's own applications, each with the trail of what the same request did before it: HTTP calls, SQL,
log lines, notes. Begin with list_errors, or with wait_for_error and then make the application fail. get_error shows
where it broke, get_trail why: read the last breadcrumbs first. errors_of_trace shows what else failed in the same
request. {NOTICE}
"""


def make_server(store: Store, viewer: str) -> MCPServer:
    """
    Return a server that answers from a store.

    Args:
        store: What the viewer received.
        viewer: Where the viewer is, for links to its pages.

    """
    server = MCPServer("otel-crumbs", instructions=INSTRUCTIONS, version=VERSION, log_level="WARNING")
    tools = Tools(store, Links(viewer))
    only_reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for tool in (tools.list_errors, tools.get_error, tools.get_trail, tools.errors_of_trace, tools.wait_for_error):
        server.add_tool(tool, annotations=only_reads, structured_output=False)
    return server


def run(options: argparse.Namespace) -> int:
    """Serve over stdio, or over HTTP on loopback, until the client or the user ends it."""
    # An agent may ask before the viewer was ever started: then there is no error yet.
    with open_store(options.file, create=True) as store:
        server = make_server(store, options.viewer)
        if options.http:
            sys.stderr.write(f"MCP over HTTP at http://127.0.0.1:{options.port}/mcp; Ctrl-C ends it\n")
            server.run("streamable-http", host="127.0.0.1", port=options.port, stateless_http=True, json_response=True)
        else:
            server.run("stdio")
    return 0
