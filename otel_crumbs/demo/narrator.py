"""The narrator of the demo, who speaks beside the timelines: at the beginning, at each step and at the end."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.status import Status
from rich.text import Text

from .next_steps import format_next_steps

if TYPE_CHECKING:
    from rich.console import Console
    from typing_extensions import Self

    from .visits import ShopResponse

INTRODUCTION = (
    "A small Django shop, started with [bold]opentelemetry-instrument[/]. "
    "Its code has not one line about breadcrumbs. Some of its customers are in for trouble:\n"
)


class Narrator:
    """A narrator: a spinner on a terminal, plain lines in a pipe."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._status = Status("", console=console)
        self._failure: tuple[Exception, Sequence[str]] | None = None

    def __enter__(self) -> Self:
        self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._status.stop()

    def introduce(self) -> None:
        """Announce the demo."""
        self._console.print(INTRODUCTION)

    def print_step(self, doing: str) -> None:
        """Print the step that begins now."""
        if self._console.is_terminal:
            self._status.update(f"{doing} ...")
        else:
            self._console.print(f"{doing} ...")

    def print_response(self, answer: ShopResponse) -> None:
        """Print a customer's request and the response."""
        visit = answer.visit
        line = Text(f"  {visit.method:<4} {visit.path:<18} ")
        line.append(f"{answer.status or '---'}", style=find_status_style(answer.status))
        line.append(f"  {visit.wish}", style="dim")
        self._console.print(line, no_wrap=True, overflow="ellipsis")

    def print_events(self, count: int) -> None:
        """Print how many events came."""
        self._console.print(f"\n{count} error events came, oldest first. A 404 is none: nothing is broken.\n")

    def remember_failure(self, error: Exception, last_lines: Sequence[str]) -> None:
        """Keep a failure, to print it after the events."""
        self._failure = error, last_lines

    def print_failure(self) -> None:
        """Print the failure, and the last lines of the shop."""
        if self._failure is None:
            return
        error, lines = self._failure
        self._console.print(Text(f"the demo failed: {error}", style="bold red"))
        if lines:
            self._console.print(Text("the shop's last lines:", style="red"))
        for line in lines:
            self._console.print(Text(f"  {line}", style="dim"))

    def print_end(self) -> None:
        """Print the next steps."""
        self._console.print(Rule(Text("Go on", style="bold"), align="left", style="dim"))
        self._console.print()
        self._console.print(format_next_steps(), soft_wrap=True)


def find_status_style(status: int | None) -> str:
    """Return the colour of an HTTP status."""
    if status is None or status >= 500:  # noqa: PLR2004 - server errors begin here
        return "bold red"
    return "yellow" if status >= 400 else "green"  # noqa: PLR2004 - and client errors here
