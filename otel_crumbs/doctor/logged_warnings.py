"""The warnings that were logged during the examination."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from otel_crumbs.base.guard import logger

from .section import Row, Section, State
from .settings import mask


class LineHandler(logging.Handler):
    """Keeps log lines as text."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        self.lines.append(record.getMessage())


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect the log lines of this package and of OpenTelemetry, which would come between the lines of the report."""
    handler = LineHandler()
    loggers = [logger, logging.getLogger("opentelemetry")]
    before = [each.propagate for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.propagate = False
    try:
        yield handler.lines
    finally:
        for each, propagate in zip(loggers, before, strict=True):
            each.removeHandler(handler)
            each.propagate = propagate


def describe_warnings(lines: Sequence[str], environ: Mapping[str, str]) -> Section:
    """Return the section about the warnings that were logged so far, each once."""
    texts = dict.fromkeys(remove_headers(text, environ) for text in lines)
    rows = tuple(Row(name=str(number), value=text, state=State.NOTE) for number, text in enumerate(texts, 1))
    return Section(title="Warnings", key="warnings", rows=rows)


def remove_headers(text: str, environ: Mapping[str, str]) -> str:
    """Return a text without the headers that it quotes, as OpenTelemetry's warnings about malformed headers do."""
    for name, value in environ.items():
        if "HEADERS" in name and value:
            for part in (value, *filter(str.strip, value.split(","))):
                text = text.replace(part.strip(), mask(name, part))
    return mask("", text)
