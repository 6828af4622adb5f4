"""A flow of Prefect's, a process of its own beside its server: tasks that are tried again."""

from __future__ import annotations

import subprocess

from application import Application, Place

from . import prefect

FLOW = """
import httpx
from prefect import flow, get_run_logger, task


@task
def find(order):
    get_run_logger().info("order %s has 2 items", order)
    return 2


@task(retries=1, retry_delay_seconds=0)
def charge(order, items):
    httpx.post(f"http://127.0.0.1:9/charges/{order}", json={"items": items}).raise_for_status()


@flow
def pack(order):
    charge(order, find(order))


pack(7)
"""


def _make_flow(place: Place) -> None:
    (place.folder / "orders.py").write_text(FLOW, encoding="utf-8")


def _provoke(place: Place) -> int:
    environ = {**place.environ, **prefect.settings(place), "PREFECT_API_URL": f"{place.url}/api"}
    command = [place.program("opentelemetry-instrument"), "python", "orders.py"]
    return subprocess.run(command, cwd=place.folder, env=environ, check=False, capture_output=True).returncode


APPLICATION = Application(
    name="prefect_flow",
    packages=prefect.APPLICATION.packages,
    fault="Nobody listens where payments were; a flow charges an order",
    prepare=_make_flow,
    settings=prefect.settings,
    command=prefect.command,
    provoke=_provoke,
    healthy="/api/health",
    story=("order 7 has 2 items", "POST http://127.0.0.1:9/charges/7 -> ConnectError", "ConnectError"),
    known=(
        "The answer is the status that the process of the flow ended with. "
        "The server beside it is started by `opentelemetry-instrument` too, and sends no event: "
        "nothing of its own failed."
    ),
)
