"""
Sides of a contest, measured in turns.

Single times say little on a shared machine: it is slower this second than
the next. So all sides run a batch each, one right after the other, round
after round, and only what one round measured is compared. A set of fresh
processes is a *heat*; several heats even out where a process happens to lie
in memory.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pyperf

HERE = Path(__file__).parent
SERVE = HERE / "serve.py"

# A batch is long against the clock's and the scheduler's grain, short against the machine's moods.
BATCH_SECONDS = 0.02
Round = Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How many fresh sets of processes, and how many rounds each."""

    heats: int = 7
    rounds: int = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """
    What is compared.

    Args:
        module: The module in `sides/` whose `SIDES` make the batches.
        processes: The sides by process: those in one tuple share one, where
            they do not change each other's world.

    """

    module: str
    processes: tuple[tuple[str, ...], ...]

    def run(self, effort: Effort) -> Results:
        """Run all heats; return seconds per call, of every side in every round."""
        return Results(heats=tuple(tuple(self._heat(effort.rounds)) for _ in range(effort.heats)))

    def _heat(self, rounds: int) -> Iterator[Round]:
        with ExitStack() as stack:
            sides: dict[str, Side] = {}
            for names in self.processes:
                process = stack.enter_context(start(self.module, names))
                sides |= {name: Side(process, name) for name in names}
            for side in sides.values():
                side.calibrate()
            order = list(sides.items())
            for _ in range(rounds):
                # Turned around each time, so that no side always runs after the same other.
                order.reverse()
                yield {name: side.measure() for name, side in order}


class Side:
    """One side in its process."""

    def __init__(self, process: subprocess.Popen[str], name: str) -> None:
        self._process = process
        self._name = name
        self.loops = 1

    def calibrate(self) -> None:
        """Find how many calls fill a batch; this warms the side up as well."""
        # The first call imports, and would fill a batch alone.
        self._batch()
        while self._batch() < BATCH_SECONDS:
            self.loops *= 2
        for _ in range(3):
            self._batch()

    def measure(self) -> float:
        """Run a batch; return seconds per call."""
        return self._batch() / self.loops

    def _batch(self) -> float:
        asked, answers = self._process.stdin, self._process.stdout
        if asked is None or answers is None:
            raise RuntimeError("the side's process was started without pipes")
        asked.write(f"{self._name} {self.loops}\n")
        asked.flush()
        answer = answers.readline()
        if not answer:
            raise RuntimeError(f"the process of side {self._name!r} has ended; see its traceback above")
        return float(answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """Seconds per call, by heat, round and side."""

    heats: tuple[tuple[Round, ...], ...]

    def spread(self, ratio: Callable[[Round], float]) -> Spread:
        """Return a ratio's median of each heat's medians, and the lowest and highest of these."""
        return Spread.of([statistics.median(map(ratio, heat)) for heat in self.heats])

    def median(self, side: str) -> float:
        """Return a side's median."""
        return self.spread(lambda times: times[side]).median

    def as_pyperf(self, contest: str) -> Iterator[pyperf.Benchmark]:
        """Iterate over the sides as `pyperf` keeps them: one run for each heat."""
        for side in self.heats[0][0]:
            about = {"name": f"{contest} {side}", "unit": "second"}
            yield pyperf.Benchmark([pyperf.Run([times[side] for times in heat], metadata=about) for heat in self.heats])


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A measured number: the median of several heats, the lowest and the highest."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: list[float]) -> Spread:
        """Return the spread of some values."""
        return cls(median=statistics.median(values), low=min(values), high=max(values))


def start(module: str, names: tuple[str, ...]) -> subprocess.Popen[str]:
    """Start a process that serves batches of some sides of a module."""
    return subprocess.Popen(
        [sys.executable, str(SERVE), module, *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
