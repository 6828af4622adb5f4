"""Plots of what was measured, as SVG, for light and dark pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

# The colours of the text and of the ground; the lines' are told apart on both, also by who sees no red or green.
STYLES: Mapping[str, tuple[str, str, str]] = {
    "light": ("#1f2328", "#ffffff", "#d1d9e0"),
    "dark": ("#e6edf3", "#131416", "#3d444d"),
}
COLOURS = {"otel_crumbs": "#0072b2", "sentry-sdk": "#d55e00"}
OTHER = "#808080"
MARKERS = {"otel_crumbs": "o", "sentry-sdk": "s"}

# A line that grows by so many times needs a logarithmic axis.
_MUCH = 20

Point = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """
    One plot of several.

    Args:
        title: What it shows.
        x: What grows.
        y: The unit of what is measured.
        lines: The points of each side: value, median, lowest, highest.

    """

    title: str
    x: str
    y: str
    lines: Mapping[str, Sequence[Point]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """
    One measured ratio beside its budget.

    Args:
        what: What is measured.
        value: The median.
        low: The lowest heat.
        high: The highest heat.
        budget: The most that it may be, None where there is none.

    """

    what: str
    value: float
    low: float
    high: float
    budget: float | None


def draw_panels(panels: Sequence[Panel], path: Path, style: str) -> None:
    """Draw panels, two in a row; an axis on which much grows is logarithmic."""
    figure = _new_figure(style, height=3.4 * ((len(panels) + 1) // 2))
    for number, panel in enumerate(panels, 1):
        axes = figure.add_subplot((len(panels) + 1) // 2, 2, number)
        for side, points in panel.lines.items():
            x, y, low, high = zip(*points, strict=True)
            colour = COLOURS.get(side, OTHER)
            axes.plot(x, y, label=side, color=colour, marker=MARKERS.get(side, "^"), markersize=4)
            axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
        axes.set_xscale("symlog" if min(x) == 0 else "log")
        _scale_up(axes, panel)
        axes.set_xticks(x, [f"{value:,}" for value in x])
        axes.minorticks_off()
        axes.set_title(_wrap(panel.title), loc="left", fontsize=9)
        axes.set_xlabel(panel.x)
        axes.set_ylabel(panel.y)
        axes.legend(frameon=False, fontsize=8)
        _paint(axes, style)
    _save(figure, path)


def draw_bars(bars: Sequence[Bar], path: Path, style: str) -> None:
    """Draw ratios as bars, each with a mark at its budget."""
    figure = _new_figure(style, height=0.45 * len(bars) + 1)
    axes = figure.add_subplot()
    places = range(len(bars))
    text, _, _ = STYLES[style]
    for place, bar in zip(places, bars, strict=True):
        met = bar.budget is None or bar.value <= bar.budget
        axes.barh(place, bar.value, height=0.6, color=COLOURS["otel_crumbs"] if met else COLOURS["sentry-sdk"])
        axes.plot([bar.low, bar.high], [place, place], color=text, linewidth=1)
        axes.text(max(bar.high, bar.budget or 0) + 0.03, place, f"{bar.value:.3f} x", va="center", fontsize=8)
        if bar.budget is not None:
            axes.plot([bar.budget] * 2, [place - 0.4, place + 0.4], color=text, linewidth=2)
    axes.set_yticks(places, [_wrap(bar.what, 58) for bar in bars], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlim(0, 1.15 * max(max(bar.high, bar.budget or 0) for bar in bars))
    axes.set_xlabel("times; the mark is the budget")
    _paint(axes, style)
    for drawn in axes.texts:
        drawn.set_color(text)
    _save(figure, path)


def _new_figure(style: str, height: float) -> Figure:
    # The same figures make the same file.
    mpl.rcParams.update({"svg.hashsalt": "benchmarks", "font.family": "DejaVu Sans", "font.size": 8})
    return Figure(figsize=(9, height), facecolor=STYLES[style][1], layout="constrained")


def _paint(axes: Any, style: str) -> None:
    text, ground, lines = STYLES[style]
    axes.set_facecolor(ground)
    axes.grid(visible=True, color=lines, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.tick_params(colors=text, which="both")
    for spine in axes.spines.values():
        spine.set_color(lines)
    for each in (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label):  # noqa: SLF001 - it has no other name
        each.set_color(text)
    legend = axes.get_legend()
    for each in legend.get_texts() if legend else ():
        each.set_color(text)


def _scale_up(axes: Any, panel: Panel) -> None:
    """Begin at nothing where that shows how much it grows."""
    measured = [each for points in panel.lines.values() for _, *seconds in points for each in seconds]
    if max(measured) < _MUCH * min(measured):
        axes.set_ylim(bottom=0, top=1.3 * max(measured))
    else:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(lambda value, _: f"{value:,.10g}")


def _wrap(words: str, width: int = 52) -> str:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f" {word}" if lines[-1] else word
    return "\n".join(lines)


def _save(figure: Figure, path: Path) -> None:
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
