"""
The pictures of docs/viewer.md: the demo's shop fails, and a browser and a terminal look at it.

    python docs/viewer_pictures.py

Needs the extras `demo` and `tui`, the dependency group `browser`, and Chromium.
"""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import deque
from pathlib import Path
from time import monotonic, sleep

from playwright.sync_api import Browser, sync_playwright

from otel_crumbs.demo.shop import Shop, find_shop_folder
from otel_crumbs.demo.visits import EXPECTED_EVENTS, make_visits
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.serving import LOOPBACK, Address, open_socket, serve_store
from otel_crumbs.view.store import Store
from otel_crumbs.view.terminal import TerminalApp

FOLDER = Path(__file__).parent / "_static"
PATIENCE = 90.0
SHORTEN = """root => document.querySelectorAll(".file a").forEach(
    each => { each.textContent = each.textContent.replace(root, "/srv") })"""


def main() -> None:
    """Let customers into the shop, and take the pictures."""
    listener = open_socket(LOOPBACK, 0)
    address = Address(host=LOOPBACK, port=listener.getsockname()[1], token=None)
    with Store() as store, serve_store(store, address, listener, print):
        with Shop(address.url) as shop:
            shop.wait_until_open(monotonic() + PATIENCE)
            for _ in make_visits(shop.port, monotonic() + PATIENCE):
                pass
            while len(list_errors(store)) < EXPECTED_EVENTS:
                sleep(0.2)
        terminal = asyncio.run(draw_terminal(store, address))
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            for scheme in ("light", "dark"):
                take_pictures(browser, address.url, scheme)
            take_picture_of_terminal(browser, terminal)
            browser.close()


def take_pictures(browser: Browser, url: str, scheme: str) -> None:
    """Take a picture of the list and one of an error."""
    context = browser.new_context(viewport={"width": 1400, "height": 960}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(url)
    page.set_viewport_size({"width": 1400, "height": 580})
    page.screenshot(path=FOLDER / f"viewer-list-{scheme}.png")
    page.set_viewport_size({"width": 1400, "height": 960})
    page.get_by_role("link", name="TypeError").click()
    page.get_by_role("button", name="Copy as Markdown").wait_for()
    # The folder of this checkout is nobody's business.
    page.evaluate(SHORTEN, str(find_shop_folder()))
    page.screenshot(path=FOLDER / f"viewer-error-{scheme}.png")
    context.close()


async def draw_terminal(store: Store, address: Address) -> str:
    """Return the error in the terminal as SVG."""
    app = TerminalApp(store, address, deque(), lambda: False)
    async with app.run_test(size=(150, 30)) as pilot:
        await pilot.pause(1)
        table = pilot.app.screen.query_one("#groups")
        while "TypeError" not in table.get_row_at(table.cursor_row)[2].plain:  # type: ignore[attr-defined]  # a table
            await pilot.press("j")
        await pilot.press("enter", "k", "k", "k")
        await pilot.pause(1)
        return app.export_screenshot(title="otel-crumbs view --tui")


def take_picture_of_terminal(browser: Browser, svg: str) -> None:
    """Take the picture, with the fonts of this machine."""
    page = browser.new_page(viewport={"width": 1400, "height": 650})
    page.set_content(re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL))
    page.locator("svg").first.screenshot(path=FOLDER / "viewer-terminal.png", omit_background=True)
    page.close()


if __name__ == "__main__":
    main()
