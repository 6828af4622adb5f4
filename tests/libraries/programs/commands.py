"""Serves requests in a command of click, printed event by event: APPLICATION."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from typing import Any

import click
import flask
import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from starlette import applications
from starlette.routing import Route

import otel_crumbs
from otel_crumbs.testing import CapturedEvents
from tests.libraries.describing import instrumented

logger = logging.getLogger("shop")


def work(number: int) -> None:
    """Do what a view does, and fail."""
    logger.info("view %d", number)
    raise ValueError(str(number))


def serve_flask() -> None:
    """Have a Flask application answer."""
    application = flask.Flask("site")
    application.add_url_rule("/<int:number>", view_func=work, endpoint="work")
    for number in (1, 2):
        application.test_client().get(f"/{number}")


def serve_starlette() -> None:
    """Have a Starlette application answer."""

    async def view(request: Any) -> None:
        work(int(request.path_params["number"]))

    async def run() -> None:
        application = applications.Starlette(routes=[Route("/{number}", view)])
        transport = httpx.ASGITransport(application, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop") as client:
            for number in (1, 2):
                await client.get(f"/{number}")

    asyncio.run(run())


@click.command()
@click.argument("application")
def serve(application: str) -> None:
    """Answer two requests that fail, one after the other."""
    logger.info("server starts")
    {"flask": serve_flask, "starlette": serve_starlette}[application]()


def main() -> None:
    """Run the command, and print its events."""
    trace.set_tracer_provider(TracerProvider())
    events = CapturedEvents()
    otel_crumbs.install(exporter=events, spool_dir="none")
    serve.main([sys.argv[1]], standalone_mode=False)
    found: dict[str, list[list[Any]]] = {}
    for event in events:
        lines = [crumb.message for crumb in event.breadcrumbs if crumb.category == "shop"]
        found.setdefault(event.exception.message, []).append([event.operation, lines])
    print(json.dumps(found), flush=True)  # noqa: T201 - what the test reads


if __name__ == "__main__":
    with instrumented("click", "flask", "starlette"):
        main()
