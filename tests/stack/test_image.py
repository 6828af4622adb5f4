"""The example shop as its image has it: installed by the Dockerfile's steps, behind gunicorn, with PostgreSQL."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.delivery.running import until
from tests.e2e.website import Website
from tests.export.receiver import Receiver, receiving
from tests.loopback import free_port

from .image import ROOT, Image, shop_environment

SECONDS_TO_FAIL = 120

# Each way to fail, by what failed, and what the trail alone says of it.
FAILURES = {
    ("ZeroDivisionError", "GET products/<int:pk>/"): "Drip kettle has 0 reviews",
    ("TypeError", "POST orders/<int:pk>/pay/"): "payment provider says no: fraud check is overloaded (attempt 2 of 2)",
    ("IntegrityError", "POST products/<int:pk>/buy/"): "1 Moon mug in stock, selling one to",
    ("ConnectionRefusedError", "POST orders/<int:pk>/remind/"): "reminding grace of 58.00 EUR",
    ("ValueError", "GET search/"): "search for 'new' below 40,50 EUR",
    ("ConnectionError", "GET suppliers/"): "asking the supplier in the west",
    ("KeyError", "GET orders/export/"): "exporting 1 x Hand grinder for grace",
    ("KeyError", "GET newsletter/"): "SELECT COUNT(*)",
    ("RefundError", "POST orders/<int:pk>/refund/"): "refund of order 2 for grace",
    ("HTTP 503", "GET till/"): "orders are not paid, the till stays open",
}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a server that takes JSON documents."""
    with receiving() as running:
        yield running


@pytest.fixture
def shop(image: Image, receiver: Receiver, postgresql: int, tmp_path: Path) -> Iterator[Website]:
    """Run the command of the image."""
    port = free_port()
    website = Website(
        image.localise(image.command),
        port=port,
        site=image.work,
        folder=tmp_path,
        environment={
            **shop_environment(tmp_path, postgresql, port),
            "OTEL_TRACES_EXPORTER": "none",
            "OTEL_LOGS_EXPORTER": "none",
            "OTEL_CRUMBS_EXPORTER": "http",
            "OTEL_CRUMBS_HTTP_ENDPOINT": receiver.url,
        },
    )
    website.start()
    yield website
    website.stop()


def identify(event: Mapping[str, Any]) -> tuple[str, str]:
    """Return what failed in which operation."""
    return event["exceptions"][0]["type"].rpartition(".")[2], event["operation"]


def test_the_loader_makes_the_shop_fail_in_ten_ways(shop: Website, receiver: Receiver, image: Image) -> None:
    """Each of them is one event, whose trail says what the exception does not."""
    loader = image.localise(["python", "/app/deploy/shop/loader.py", f"http://127.0.0.1:{shop.port}"])

    subprocess.run([*loader, "--rounds", "1", "--pause", "0"], check=True, timeout=SECONDS_TO_FAIL)
    until(lambda: len(receiver.requests) >= len(FAILURES))
    shop.stop()

    events = {identify(request.document): request.document for request in receiver.requests}
    assert set(events) == set(FAILURES)
    assert len(receiver.requests) == len(FAILURES)
    silent = [
        (failure, words)
        for failure, words in FAILURES.items()
        if not any(words in crumb["message"] for crumb in events[failure]["breadcrumbs"])
    ]
    assert silent == []


def test_the_image_says_whether_the_shop_is_open(shop: Website, image: Image) -> None:
    """Its health check is a program of the image, for there is no curl in it."""
    check = image.localise(["python", "/app/deploy/shop/check_health.py", f"http://127.0.0.1:{shop.port}/health/"])

    opened = subprocess.run(check, check=False, timeout=SECONDS_TO_FAIL)
    shop.stop()
    closed = subprocess.run(check, check=False, capture_output=True, timeout=SECONDS_TO_FAIL)

    assert opened.returncode == 0
    assert closed.returncode != 0


def test_the_images_do_not_run_as_root() -> None:
    """The last user of each is one of its own."""
    for dockerfile in (ROOT / "deploy").rglob("Dockerfile"):
        users = [line.split()[1] for line in dockerfile.read_text("utf-8").splitlines() if line.startswith("USER ")]

        assert users
        assert users[-1] != "root"


def test_the_shop_sends_to_what_is_there() -> None:
    """Profiles start other receivers, and nothing else has to be set."""
    program = "import start, json, sys; print(json.dumps(start.find_receivers(lambda name: name in sys.argv[1:])))"

    def found(*names: str) -> str:
        command = [sys.executable, "-c", program, *names]
        there = {**os.environ, "PYTHONPATH": str(ROOT / "deploy" / "shop")}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=there).stdout

    assert found() == "{}\n"
    assert found("collector") == '{"OTEL_EXPORTER_OTLP_ENDPOINT": "http://collector:4318"}\n'
    assert "http://collector-clickhouse:4318" in found("collector", "collector-clickhouse")
    assert '"OTEL_CRUMBS_EXPORTER": "otlp,sentry"' in found("collector", "bugsink")
