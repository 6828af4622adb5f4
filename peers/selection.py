"""Names on the command line: a suite, or a part of one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .suites import SUITES, Part, Suite


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """
    A suite, and the parts of it that are wanted.

    Args:
        suite: The suite.
        parts: Names of parts, or of packages that they are in; empty for all.

    """

    suite: Suite
    parts: tuple[str, ...] = ()

    def choose(self, parts: Sequence[Part]) -> Sequence[Part]:
        """Choose the wanted ones."""
        chosen = [part for part in parts if not self.parts or self.matches(part)]
        if not chosen:
            raise SystemExit(f"{self.suite.name} has no part {', '.join(self.parts)} on this Python")
        return chosen

    def matches(self, part: Part) -> bool:
        """Return whether a part is asked for: by its name, its package's, or one of its labels."""
        return any(part.name == name or part.name.startswith(f"{name}.") or name in part.labels for name in self.parts)


def read_selections(names: Iterable[str]) -> list[Selection]:
    """Read names such as `structlog` and `cpython:test_logging`."""
    wanted: dict[str, list[str]] = {}
    for name in names:
        suite, _, part = name.partition(":")
        if suite not in SUITES:
            raise SystemExit(f"no suite {suite}: there is {', '.join(SUITES)}")
        parts = wanted.setdefault(suite, [])
        if part:
            parts.append(part)
    return [Selection(suite=SUITES[suite], parts=tuple(parts)) for suite, parts in wanted.items()]
