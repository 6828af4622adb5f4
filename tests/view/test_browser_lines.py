"""The lines of threads, tasks and services in a real browser: folded, and alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
pytest.importorskip("starlette")

from playwright.sync_api import Browser, Page, expect, sync_playwright

from otel_crumbs import Breadcrumb
from otel_crumbs.view.addresses import PROTOBUF
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store
from tests.bugsink.browser import ARTEFACTS

from .browsing import LOOKS, axe, find_program
from .events import SECOND, ZERO, error_event, put, spans_of
from .running import Viewer, viewing

pytestmark = pytest.mark.browser

FIRST, SECOND_EVENT, ELSEWHERE = "a" * 32, "b" * 32, "c" * 32


def crumb(number: int, branch: str, level: str = "info") -> Breadcrumb:
    """Return a breadcrumb of a branch, one of ten in the second before the error."""
    words = f"note {number} of {branch or 'the request'}"
    moment = ZERO - SECOND + number * SECOND // 10
    return Breadcrumb(timestamp=moment, message=words, category="notes", level=level, branch=branch)


@pytest.fixture(scope="module")
def viewer() -> Iterator[Viewer]:
    """Serve an error with two threads, another service and its own notes; a second one has the same threads."""
    branches = ["", "worker-1", "worker-2", "worker-1", "worker-2", "worker-1", ""]
    levels = ["info", "info", "info", "error", "info", "info", "warning"]
    trail = tuple(crumb(number, *each) for number, each in enumerate(zip(branches, levels, strict=True)))
    with Store() as store, viewing(store) as running:
        put(store, error_event(FIRST, breadcrumbs=trail), error_event(SECOND_EVENT, breadcrumbs=trail, seconds=0.5))
        put(store, error_event(ELSEWHERE, breadcrumbs=trail[:1], seconds=1, trace_id=7))
        receive(store, "/v1/traces", spans_of("payments", "charge", "refund"), content_type=PROTOBUF)
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start the browser."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find_program(), args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def complaints() -> Iterator[list[str]]:
    """Collect errors of pages, which there must not be."""
    found: list[str] = []
    yield found
    assert found == []


@pytest.fixture
def page(viewer: Viewer, browser: Browser, complaints: list[str]) -> Iterator[Page]:
    """Open the first error."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    opened = context.new_page()
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.goto(f"{viewer.address.url}/errors/{FIRST}")
    yield opened
    context.close()


def shown(page: Page) -> list[str]:
    """Return what each row that is shown says, without its time."""
    return [" ".join(row.locator(".words").inner_text().split()) for row in page.locator(".rows tr.row:visible").all()]


def notes(rows: list[str], branch: str) -> list[str]:
    """Return the notes of a branch."""
    return [row for row in rows if row.startswith("note") and row.endswith(branch)]


def expanded(page: Page, name: str) -> str | None:
    """Return whether a line's button says that its rows are there."""
    return page.get_by_role("button", name=f"Rows of coffee-corner · {name}").get_attribute("aria-expanded")


def test_a_folded_line_is_one_row_with_its_count(page: Page) -> None:
    """What failed in it is named; its marks stay on the axis, and everything else where it was."""
    before = shown(page)
    marks = page.locator(".axis rect").count()

    page.get_by_role("button", name="Rows of coffee-corner · worker-1").click()
    folded = shown(page)
    expect(page.locator(".rows tr.folded .time")).to_have_text("-900 ms")

    assert len(notes(before, "worker-1")) == 3
    assert notes(folded, "worker-1") == []
    assert folded.count("3 of worker-1 folded, 1 failed") == 1
    assert [row for row in folded if "worker-1" not in row] == [row for row in before if "worker-1" not in row]
    assert page.locator(".axis rect").count() == marks
    assert expanded(page, "worker-1") == "false"
    assert expanded(page, "worker-2") == "true"
    page.get_by_role("button", name="3 of worker-1 folded").click()
    assert shown(page) == before


def test_filters_count_in_what_is_folded(page: Page) -> None:
    """A folded line has as many rows as match; where none does, there is no row of it."""
    page.get_by_role("button", name="Rows of coffee-corner · worker-1").click()

    page.get_by_role("group", name="Levels").get_by_role("button", name="error").click()
    failed = shown(page)
    page.get_by_label("Search this trail").fill("of worker-2")
    searched = shown(page)

    assert failed[0] == "1 of worker-1 folded, 1 failed"
    assert not any("folded" in row for row in searched)


def test_the_error_itself_is_never_folded_away(page: Page) -> None:
    """The line that it is in may be folded."""
    page.get_by_role("button", name="Rows of coffee-corner", exact=True).click()

    rows = shown(page)

    assert rows[-1].startswith("TypeError")
    assert "2 of coffee-corner folded" in rows


def test_one_line_alone(page: Page) -> None:
    """A click on its name shows its rows and the error; another click shows all. One that was folded is unfolded."""
    before = shown(page)
    page.get_by_role("button", name="Rows of coffee-corner · worker-1").click()

    name = page.get_by_role("button", name="worker-1", exact=True)
    name.click()
    alone = shown(page)
    pressed = name.get_attribute("aria-pressed")
    state = expanded(page, "worker-1")
    name.click()

    assert [row for row in alone if "TypeError" not in row] == notes(before, "worker-1")
    assert (pressed, state) == ("true", "true")
    assert name.get_attribute("aria-pressed") == "false"
    assert shown(page) == before


def test_keys_fold_and_show_alone(page: Page) -> None:
    """The focus stays at the place; the sheet names them."""
    before = shown(page)

    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("f")
    folded = shown(page)
    focused = page.evaluate("document.activeElement.className")
    page.keyboard.press("Enter")
    unfolded = shown(page)
    again = page.evaluate("document.activeElement.textContent.includes('note 1 of worker-1')")
    page.keyboard.press("s")
    alone = shown(page)
    page.keyboard.press("s")
    all_again = shown(page)
    page.keyboard.press("f")
    page.keyboard.press("Escape")
    reset = shown(page)
    page.keyboard.press("?")

    assert "3 of worker-1 folded, 1 failed" in folded
    assert focused == "row folded"
    assert again
    assert len(alone) == 3 + sum(row.startswith("TypeError") for row in alone)
    assert unfolded == all_again == reset == before
    expect(page.get_by_text("thread, task or service, or unfold it")).to_be_visible()


def test_the_next_error_has_the_same_lines_folded(page: Page, viewer: Viewer) -> None:
    """As filters go on from error to error; one without that line has nothing to fold."""
    page.get_by_role("button", name="Rows of coffee-corner · worker-2").click()

    page.goto(f"{viewer.address.url}/errors/{SECOND_EVENT}")
    kept = shown(page)
    page.goto(f"{viewer.address.url}/errors/{ELSEWHERE}")

    assert "2 of worker-2 folded" in kept
    assert not any("folded" in row for row in shown(page))
    assert page.locator("[data-fold]").count() == 0


def test_another_service_is_a_line_too(page: Page, viewer: Viewer) -> None:
    """On the page of an error and on that of its trace."""
    for path in (f"/errors/{FIRST}", f"/traces/{0x0AF7651916CD43DD8448EB211C80319C:032x}"):
        page.goto(viewer.address.url + path)
        page.keyboard.press("Escape")

        page.get_by_role("button", name="Rows of payments").click()

        assert "2 of payments folded" in shown(page)


@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_a_folded_page_shuts_nobody_out(viewer: Viewer, browser: Browser, width: int, scheme: str) -> None:
    """axe-core finds nothing; it fits the screen, and fingers find the buttons."""
    context = browser.new_context(
        viewport={"width": width, "height": 1000},
        color_scheme=scheme,  # type: ignore[arg-type]  # light or dark
        bypass_csp=True,
    )
    page = context.new_page()
    page.goto(f"{viewer.address.url}/errors/{FIRST}")
    page.get_by_role("button", name="Rows of coffee-corner · worker-1").click()
    page.get_by_role("button", name="Rows of payments").click()
    page.screenshot(path=ARTEFACTS / f"viewer-folded-{width}-{scheme}.png", full_page=True)

    wide = page.evaluate("document.documentElement.scrollWidth")
    box = page.locator("[data-fold]").first.bounding_box()
    program = axe()
    found = []
    if program is not None:
        page.evaluate(program)
        found = page.evaluate("axe.run()")["violations"]
    context.close()

    assert wide <= width
    assert box is not None
    assert min(box["width"], box["height"]) >= 24
    assert [(each["id"], each["impact"], each["nodes"][0]["html"]) for each in found] == []
