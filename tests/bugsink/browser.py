"""A real browser that looks at Bugsink's pages."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from .server import PASSWORD, USER, Bugsink, Stored

if TYPE_CHECKING:
    from playwright.sync_api import Page

ARTEFACTS = Path(__file__).parents[2] / "build" / "artefacts"

NAMES = ("chromium", "chromium-browser", "google-chrome")


def chromium() -> str | None:
    """Return the browser of this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def logged_in(bugsink: Bugsink, program: str) -> Iterator[Page]:
    """Open the browser, and log in."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a browser

    with sync_playwright() as playwright:
        # Containers run everything as root, where the sandbox refuses to work.
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.goto(f"{bugsink.url}/accounts/login/")
        page.fill("input[name=username]", USER)
        page.fill("input[name=password]", PASSWORD)
        page.press("input[name=password]", "Enter")
        page.wait_for_url(lambda url: "login" not in url)
        yield page
        browser.close()


def breadcrumbs_page(page: Page, bugsink: Bugsink, event: Stored, screenshot: str) -> list[list[str]]:
    """Return the rows of an event's Breadcrumbs page as they are seen, and keep a picture of it."""
    page.goto(f"{bugsink.url}/issues/issue/{event.issue}/event/{event.id}/breadcrumbs/")
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=ARTEFACTS / screenshot, full_page=True)
    rows = page.locator("table tr").all()
    return [[cell.inner_text().strip() for cell in row.locator("td").all()] for row in rows]
