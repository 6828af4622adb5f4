"""The axis of time that all rows of a trail share, in thousandths of its length."""

from __future__ import annotations

from dataclasses import dataclass

from .trail import Trail, TrailRow, format_offset

UNITS = 1000.0
# What is shorter is drawn as long as this, so that it can be seen.
_LEAST = 3.0
_STEPS = (1, 2, 5)
_TICKS = 6
# More lines than this cannot be told apart.
_MAX_LINES = 24
_MAX_MARKS = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tick:
    """A mark of the axis, with its place and its words."""

    place: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """The place of a row on the axis."""

    row: TrailRow
    place: float
    width: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The rows that one thread or task of one service left."""

    service: str
    branch: str
    bars: tuple[Bar, ...]

    @property
    def label(self) -> str:
        """Its name."""
        return f"{self.service} · {self.branch}" if self.branch else self.service


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """
    The axis of a trail.

    Args:
        bars: One for each row, in their order.
        lines: The same by service and branch, without gaps.
        ticks: Its marks.
        zero: The place of the error.
        start: Its first moment, in nanoseconds after the error.
        end: Its last one.

    """

    bars: tuple[Bar, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]
    zero: float
    start: int
    end: int


def make_axis(trail: Trail) -> Axis:
    """Return the axis of a trail, with a little room at both ends."""
    length = max(trail.end - trail.start, 1_000_000)
    start = trail.start - length // 50
    end = trail.end + length // 50
    scale = UNITS / (end - start)
    bars = tuple(_make_bar(row, start, scale) for row in trail.rows)
    lines: dict[tuple[str, str], list[Bar]] = {}
    for bar in bars[-_MAX_MARKS:]:
        if bar.row.kind != "gap":
            lines.setdefault((bar.row.service, bar.row.branch), []).append(bar)
    return Axis(
        bars=bars,
        lines=tuple(
            Line(service=key[0], branch=key[1], bars=tuple(each)) for key, each in [*lines.items()][:_MAX_LINES]
        ),
        ticks=tuple(_find_ticks(start, end)),
        zero=round(-start * scale, 2),
        start=start,
        end=end,
    )


def _make_bar(row: TrailRow, start: int, scale: float) -> Bar:
    place = min(max((row.offset - start) * scale, 0), UNITS)
    width = min(max(row.duration * scale, _LEAST), UNITS)
    # Its right end is where it ended; what is too short to be seen grows to the left of the end of the axis.
    return Bar(row=row, place=round(min(place, UNITS - _LEAST), 2), width=round(min(width, UNITS - place + _LEAST), 2))


def _find_ticks(start: int, end: int) -> list[Tick]:
    length = end - start
    power = 1
    while power * 10 * _TICKS < length:
        power *= 10
    step = next((power * each for each in (*_STEPS, 10) if power * each * _TICKS >= length), power * 10)
    first = -(-start // step)
    scale = UNITS / length
    return [
        Tick(place=round((number * step - start) * scale, 2), label=format_offset(number * step))
        for number in range(first, end // step + 1)
    ]
