"""The narrator of the demo, who speaks beside the timelines: at the beginning, at each step and at the end."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.rule import Rule
from rich.status import Status
from rich.text import Text

from .shop import find_shop_folder

if TYPE_CHECKING:
    from rich.console import Console
    from typing_extensions import Self

    from .visits import ShopResponse

INTRODUCTION = (
    "A small Django shop, started with [bold]opentelemetry-instrument[/]. "
    "Its code has not one line about breadcrumbs. Some of its customers are in for trouble:\n"
)

# Commands are never wrapped, so that they can be copied; the other lines are short by themselves.
NEXT_STEPS = """\
Run the shop yourself, with a collector on localhost:4318:

[bold]  cd {shop}
  export DJANGO_SETTINGS_MODULE=config.settings
  export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf
  opentelemetry-instrument python manage.py runserver --noreload[/]

Then your own application, the same way; this command says whether everything is set up:

[bold]  opentelemetry-instrument otel-crumbs doctor[/]

How to make the shop fail: {shop}/README.md
Documentation:             {docs}
"""


class Narrator:
    """Prints the lines of the demo beside its timelines: a spinner on a terminal, plain lines in a pipe."""

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

    def print_response(self, response: ShopResponse) -> None:
        """Print a customer's request and the response."""
        visit = response.visit
        line = Text(f"  {visit.method:<4} {visit.path:<18} ")
        line.append(f"{response.status or '---'}", style=find_status_style(response.status))
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

    def print_next_steps(self) -> None:
        """Print the next steps."""
        self._console.print(Rule(Text("Go on", style="bold"), align="left", style="dim"))
        self._console.print()
        text = NEXT_STEPS.format(shop=shlex.quote(str(find_shop_folder())), docs=find_documentation())
        self._console.print(text, soft_wrap=True)


def find_status_style(status: int | None) -> str:
    """Return the colour of an HTTP status."""
    if status is None or status >= 500:  # noqa: PLR2004 - server errors begin here
        return "bold red"
    return "yellow" if status >= 400 else "green"  # noqa: PLR2004 - and client errors here


def find_documentation() -> str:
    """Return the place of the documentation: in the checkout, else the project's address."""
    folder = Path(__file__).resolve().parents[2] / "docs"
    if (folder / "index.md").is_file():
        return str(folder)
    try:
        links = metadata("otel-crumbs").get_all("Project-URL") or []
    except PackageNotFoundError:
        links = []
    addresses = dict(link.split(", ", 1) for link in links)
    return addresses.get("Documentation") or next(iter(addresses.values()), "python -m pydoc otel_crumbs")
