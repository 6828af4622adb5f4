"""The whole way once: shop, Collector, viewer, browser, with a Collector that is killed in the middle."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

pytest.importorskip("playwright")

from playwright.sync_api import Page, expect, sync_playwright

from tests.bugsink.browser import ARTEFACTS, chromium
from tests.collector.deployed import DeployedCollector
from tests.collector.running import clean_environment
from tests.e2e.website import Website
from tests.loopback import free_port

from .image import Image, shop_environment
from .missing import skip_or_fail

TOKEN = "look"  # noqa: S105 - as in docker-compose.yml
WAYS, ROUNDS = 10, 3
SECONDS_TO_FAIL = 120
PATIENCE = 180


@dataclass(frozen=True, kw_only=True)
class Stack:
    """The services of docker-compose.yml on this machine, and a page of the viewer that waits for events."""

    image: Image
    collector: DeployedCollector
    shop: Website
    page: Page

    def fail(self) -> None:
        """Let the loader make the shop fail in each way."""
        loader = self.image.localise(["python", "/app/deploy/shop/loader.py", f"http://127.0.0.1:{self.shop.port}"])
        subprocess.run([*loader, "--rounds", "1", "--pause", "0"], check=True, timeout=SECONDS_TO_FAIL)

    def count_on_page(self) -> int:
        """Return how many events the list says that there are."""
        counts = self.page.locator(".groups td.number b").all_inner_texts()
        return sum(map(int, counts))


@pytest.fixture
def stack(image: Image, collector_binary: Path, postgresql: int, tmp_path: Path) -> Iterator[Stack]:
    """Start the services from the last to the first, and open the viewer's page."""
    program = chromium()
    if program is None:
        skip_or_fail("there is no Chromium on this machine", "OTEL_CRUMBS_REQUIRE_BROWSER")
    with ExitStack() as stack:
        viewer = make_viewer(image, tmp_path)
        variables = {"VIEWER_ENDPOINT": f"http://127.0.0.1:{viewer.port}", "VIEWER_TOKEN": TOKEN}
        collector = DeployedCollector(collector_binary, tmp_path, variables)
        shop = make_shop(image, tmp_path, postgresql, collector)
        viewer.start()
        stack.callback(viewer.stop)
        collector.start()
        stack.callback(collector.kill)
        shop.start()
        stack.callback(shop.stop)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        stack.callback(browser.close)
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"http://127.0.0.1:{viewer.port}/?token={TOKEN}")
        yield Stack(image=image, collector=collector, shop=shop, page=page)


def make_viewer(image: Image, folder: Path) -> Website:
    """Return the viewer of the image, which wants a token as it does there."""
    port = free_port()
    command = ["otel-crumbs", "view", "--port", str(port), "--file", str(folder / "view.sqlite3")]
    environment = {**clean_environment(folder), "OTEL_CRUMBS_VIEW_TOKEN": TOKEN}
    return Website(image.localise(command), port=port, site=folder, folder=folder, environment=environment)


def make_shop(image: Image, folder: Path, postgresql: int, collector: DeployedCollector) -> Website:
    """Return the shop of the image, which sends to a Collector."""
    port = free_port()
    environment = {
        **shop_environment(folder, postgresql, port),
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
    }
    command = image.localise(image.command)
    return Website(command, port=port, site=image.work, folder=folder, environment=environment)


def test_nothing_is_lost_between_the_shop_and_the_browser(stack: Stack) -> None:
    """What failed while the Collector was up, and while it was dead, is on the page that was open all the time."""
    page = stack.page
    expect(page.get_by_text("Nothing has failed yet")).to_be_visible()

    stack.fail()
    stack.collector.kill()
    stack.fail()
    stack.collector.start()
    stack.fail()

    expect(page.locator(".groups tbody tr")).to_have_count(WAYS, timeout=PATIENCE * 1000)
    expect(page.get_by_text(f"{WAYS} failures, {WAYS * ROUNDS} events")).to_be_visible(timeout=PATIENCE * 1000)
    assert stack.count_on_page() == WAYS * ROUNDS
    page.get_by_role("link", name="TypeError").click()
    expect(page.locator(".rows").get_by_text("payment provider says no").first).to_be_visible()
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / "stack-error.png", full_page=True)
