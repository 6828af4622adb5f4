"""The colours of the viewer's style sheet, each on each ground that it may come to stand on."""

from __future__ import annotations

import re
from itertools import product
from pathlib import Path

import pytest

from otel_crumbs import view

STYLE_SHEET = Path(view.__file__).parent / "static" / "view.css"
GROUNDS = {"paper", "card", "soft", "err-soft", "warn-soft", "good-soft"}
# They are no words' colours.
LINES = {"line", "focus"}
ENOUGH = 4.5


def read_colours(scheme: str) -> dict[str, str]:
    """Return the colours of a scheme by their names."""
    light, dark, *_ = STYLE_SHEET.read_text("utf-8").split("@media (prefers-color-scheme: dark)")
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark if scheme == "dark" else light))


def measure_luminance(colour: str) -> float:
    """Return the relative luminance, see https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def measure_contrast(one: str, other: str) -> float:
    """Return the contrast of two colours."""
    darker, lighter = sorted(map(measure_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_colour_can_be_read_on_every_ground(scheme: str) -> None:
    """Whatever category comes to stand in a row of a difference, or under the mouse."""
    colours = read_colours(scheme)
    words = colours.keys() - GROUNDS - LINES

    found = {pair: measure_contrast(*(colours[name] for name in pair)) for pair in product(words, GROUNDS)}

    assert len(found) > 100
    assert {pair: contrast for pair, contrast in found.items() if contrast < ENOUGH} == {}
