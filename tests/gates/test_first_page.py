"""The first minute: what the README shows, and what programs read instead of it."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

import otel_crumbs
from docs.first_picture import NAME, THEMES, draw, format_traceback
from tests.demo.events import crumb, error_event

from .project import ROOT, text_of

SVG = "{http://www.w3.org/2000/svg}"
PICTURES = [f"docs/_static/{NAME}-{theme}.svg" for theme in THEMES]


def texts_of(picture: str) -> list[str]:
    """Return all that is written in a picture."""
    root = ET.fromstring(picture)  # noqa: S314 - the project's own
    return [text.text or "" for text in root.iter(f"{SVG}text")]


def links_of(page: str) -> list[str]:
    """Return the files of the project that a page links to."""
    return [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text_of(page)) if "://" not in link]


def test_the_readme_shows_the_picture_first() -> None:
    """The difference is seen before anything is read, light and dark."""
    start = "\n".join(text_of("README.md").splitlines()[:15])

    assert [picture for picture in PICTURES if picture not in start] == []


def test_the_pictures_differ_in_colour_alone() -> None:
    """Both are of one run of the demo, and of its error that the traceback does not explain."""
    light, dark = (texts_of(text_of(picture)) for picture in PICTURES)

    assert light == dark
    assert "TypeError: 'NoneType' object is not subscriptable" in light
    assert any(re.fullmatch(r"POST http://payments:8080/charges -> 503 in \d+ ms", text) for text in light)


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_needs_nothing_from_elsewhere(picture: str) -> None:
    """It is shown where scripts, styles and other files are not loaded."""
    content = text_of(picture).replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert re.findall(r"<script|<style|href=|url\(", content) == []


def test_a_picture_has_what_the_event_has() -> None:
    """Whatever is in the event is text, also markup."""
    event = error_event(crumb("<b>two</b> & more"), crumb("no", level="warning", category="shop.payments"))
    document = {"timestamp": event.timestamp, "trace_id": event.trace_id, "attributes": dict(event.attributes)}

    texts = texts_of(draw(document, THEMES["light"]))

    assert "<b>two</b> & more" in texts
    assert "▲" in texts
    assert any(text.startswith("POST orders/<int:pk>/pay/, unhandled, trace ") for text in texts)


def test_a_traceback_without_its_libraries() -> None:
    """The left side shows the application's own frames, and counts the others."""
    event = error_event()

    lines = list(format_traceback({"attributes": event.attributes}))

    assert lines[:3] == [
        "Traceback (most recent call last):",
        "  ... 2 frames of Django ...",
        '  File "shop/checkout.py", line 29, in pay',
    ]


def test_the_readme_compares_as_the_comparison_does() -> None:
    """Seven rows of that page, with what was measured there."""
    section = text_of("README.md").partition("## Beside sentry-sdk")[2].partition("\n## ")[0]
    measured = text_of("docs/comparison.md").replace("*", "")

    rows = re.findall(r"^\| ([^|]+?) \| (yes) \| (no[^|]*?) \|$", section, flags=re.MULTILINE)

    assert len(rows) == 7
    missing = [
        name
        for name, here, there in rows
        if not re.search(rf"\| {re.escape(name)} \| {here}[^|]* \| {there}", measured)
    ]
    assert missing == []


@pytest.mark.parametrize("page", ["README.md", "SECURITY.md", "llms.txt"])
def test_every_link_leads_somewhere(page: str) -> None:
    """A file that was renamed is renamed there as well."""
    assert [link for link in links_of(page) if not (ROOT / link).exists()] == []


def test_programs_that_read_find_every_public_name() -> None:
    """Who writes code from that page invents none."""
    page = text_of("llms.txt")
    secondary = {"Breadcrumb", "Config", "ConfigError", "ErrorEvent", "Installation"}

    assert [name for name in otel_crumbs.__all__ if f"`{name}`" not in page and name not in secondary] == []
