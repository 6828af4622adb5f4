"""The viewer's pages in a real browser, with the events of the demo's shop, which come while a page is open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import pytest

pytest.importorskip("playwright")
pytest.importorskip("starlette")
pytest.importorskip("django")
pytest.importorskip("requests")

from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from otel_crumbs import Breadcrumb
from otel_crumbs.demo.shop import Shop
from otel_crumbs.demo.visits import make_visits
from otel_crumbs.event import ExceptionInfo
from otel_crumbs.view.store import Store
from tests.bugsink.browser import ARTEFACTS

from .browsing import LOOKS, axe, find_program
from .events import ZERO, error_event, put
from .running import Viewer, viewing

pytestmark = pytest.mark.browser

PATIENCE = 90
GONE = "/errors/0000000"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A viewer with the demo's events, a browser, and what its pages complained of and asked for."""

    viewer: Viewer
    browser: Browser
    title: str
    complaints: list[str] = field(default_factory=list)
    asked: set[str] = field(default_factory=set)

    def open(self, width: int, scheme: str, path: str = "/", *, bypass_csp: bool = False) -> Page:
        """Open a page of a width and a colour scheme."""
        context = self.browser.new_context(
            viewport={"width": width, "height": 1000},
            color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
            bypass_csp=bypass_csp,
            permissions=["clipboard-read", "clipboard-write"],
        )
        page = context.new_page()
        # A method Playwright would mark, which a frozen object does not let it.
        page.on("console", lambda message: self._note_complaint(message))  # noqa: PLW0108
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.add(request.url.partition("://")[2].partition("/")[0]))
        page.goto(f"{self.viewer.address.url}{path}")
        return page

    def _note_complaint(self, message: ConsoleMessage) -> None:
        # A page that is not there is asked for on purpose.
        if message.type == "error" and not message.location["url"].endswith(GONE):
            self.complaints.append(message.text)


@pytest.fixture(scope="module")
def watched() -> Iterator[Watched]:
    """Open the list, let customers into the demo's shop, and wait until its four failures are on the page."""
    program = find_program()
    with Store() as store, viewing(store) as viewer, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(viewer.address.url)
        expect(page.get_by_text("Nothing has failed yet")).to_be_visible()
        with Shop(viewer.address.url) as shop:
            shop.wait_until_open(monotonic() + PATIENCE)
            assert len([*make_visits(shop.port, monotonic() + PATIENCE)]) == 8
            expect(page.locator(".groups tbody tr")).to_have_count(4, timeout=PATIENCE * 1000)
        yield Watched(viewer=viewer, browser=browser, title=page.title())
        browser.close()


def open_error(page: Page) -> None:
    """Open the failure of the list that has the longest trail, and wait until its page's script runs."""
    page.get_by_role("link", name="TypeError").click()
    expect(page.get_by_role("button", name="Copy as Markdown")).to_be_visible()


def find_paths(watched: Watched) -> dict[str, str]:
    """Return where a page of each kind is."""
    page = watched.open(1400, "light")
    newest, before, *_ = [link.get_attribute("href") or "" for link in page.locator(".groups a.main").all()]
    group = page.locator(".groups .number a").first.get_attribute("href") or ""
    page.goto(watched.viewer.address.url + newest)
    trace = page.locator("#trace-title + p code").inner_text()
    page.context.close()
    difference = f"{before}/difference/{newest.rpartition('/')[2]}"
    return {"list": "/", "error": newest, "group": group, "difference": difference, "trace": f"/traces/{trace}"}


def visible_categories(page: Page) -> list[str]:
    """Return the categories of the rows that are shown."""
    return [row.get_attribute("data-c") or "" for row in page.locator(".rows tr.row:visible").all()]


def test_events_appear_by_themselves(watched: Watched) -> None:
    """And are counted in the tab's title."""
    assert watched.title.startswith("("), watched.title
    assert "4 failures" in watched.title


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_one_finds_filters_zooms_and_walks(watched: Watched, width: int, scheme: str) -> None:
    """From the list to an error and through its trail, by mouse and by keyboard; nothing is wider than the screen."""
    page = watched.open(width, scheme)
    page.screenshot(path=ARTEFACTS / f"viewer-list-{width}-{scheme}.png", full_page=True)
    open_error(page)
    page.screenshot(path=ARTEFACTS / f"viewer-error-{width}-{scheme}.png", full_page=True)
    everything = visible_categories(page)

    page.get_by_role("button", name="http 2").click()
    filtered = visible_categories(page)
    page.keyboard.press("Escape")
    page.get_by_label("Search this trail").fill("giving up")
    searched = visible_categories(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    again = visible_categories(page)
    page.keyboard.press("1")
    pressed = page.get_by_role("button", name="1 s").get_attribute("aria-pressed")
    page.keyboard.press("0")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    opened = page.locator(".rows details[open]").count()
    wide = page.evaluate("document.documentElement.scrollWidth")
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys")).to_be_visible()

    assert len(everything) > 5
    assert filtered == ["http", "http", "error"]
    assert searched == ["shop.payments", "error"]
    assert again == everything
    assert pressed is not None
    assert opened == 1
    assert wide <= width
    page.context.close()


def test_dragging_on_the_axis_zooms(watched: Watched) -> None:
    """To the part that was chosen; a double click shows all."""
    page = watched.open(1400, "light")
    open_error(page)
    everything = visible_categories(page)
    box = page.locator(".marks").first.bounding_box()
    assert box is not None

    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 1, box["y"] + 5, steps=4)
    page.mouse.up()
    zoomed = visible_categories(page)
    page.locator(".axis").dblclick(position={"x": 300, "y": 8})

    assert 0 < len(zoomed) < len(everything)
    assert zoomed[-1] == "error"
    assert visible_categories(page) == everything
    page.context.close()


def test_an_error_is_copied_as_markdown(watched: Watched) -> None:
    """By a button or a key."""
    page = watched.open(1400, "light")
    open_error(page)

    page.keyboard.press("c")
    expect(page.get_by_text("Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied.startswith("# TypeError: 'NoneType' object is not subscriptable")
    assert "giving up on the payment" in copied
    page.context.close()


def test_one_file_needs_nothing(watched: Watched, tmp_path: Path) -> None:
    """From disk it looks the same, and its filters work."""
    page = watched.open(1400, "light")
    open_error(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="One file").click()
    file = tmp_path / "error.html"
    download.value.save_as(file)
    asked = len(watched.asked)

    page.goto(file.as_uri())
    page.get_by_role("button", name="http 2").click()

    assert visible_categories(page) == ["http", "http", "error"]
    assert len(watched.asked - {""}) <= asked
    page.context.close()


@pytest.mark.parametrize("width", [1400, 360])
def test_no_word_makes_a_page_wider_than_the_screen(watched: Watched, width: int) -> None:
    """However long names and messages are; markup in them is text."""
    word = "W" * 8192
    failure = ExceptionInfo(type="Bad<script>", message=f"<script>alert(1)</script> {word}")
    trail = (Breadcrumb(timestamp=ZERO, message=word, category=word[:300], branch=word[:300], data={word[:99]: word}),)
    names = {"service.name": f"<b>{word[:300]}"}
    with Store() as store, viewing(store) as viewer:
        put(store, error_event(exceptions=(failure,), breadcrumbs=trail, operation=word[:500], resource=names))
        page = watched.browser.new_page(viewport={"width": width, "height": 1000})
        widths = {}
        for path in ("/", f"/errors/{'e' * 32}"):
            page.goto(viewer.address.url + path)
            widths[path] = page.evaluate("document.documentElement.scrollWidth")
            page.screenshot(path=ARTEFACTS / f"viewer-long-{len(path)}-{width}.png")
        page.close()

    assert max(widths.values()) <= width, widths


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
@pytest.mark.parametrize("path", ["list", "error", "/?text=nowhere", "group", "difference", "trace", GONE])
def test_nobody_is_shut_out(watched: Watched, path: str, width: int, scheme: str) -> None:
    """axe-core finds nothing: headings, labels, names, contrast."""
    program = axe()
    if program is None:
        pytest.skip("axe-core cannot be installed: there is no npm, or no network")
    page = watched.open(width, scheme, find_paths(watched).get(path, path), bypass_csp=True)
    expect(page.locator("h1")).to_have_count(1)

    page.evaluate(program)
    found = page.evaluate("axe.run()")["violations"]

    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found] == []
    page.context.close()


def test_pages_complain_of_nothing_and_ask_nobody_else(watched: Watched) -> None:
    """A page of each kind, in both widths and colours, and every one of this module so far."""
    for path in find_paths(watched).values():
        for width, scheme in LOOKS:
            page = watched.open(width, scheme, path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, path
            page.context.close()

    assert watched.complaints == []
    assert watched.asked - {"", f"127.0.0.1:{watched.viewer.address.port}"} == set()
