"""
What scrubbers take out, and what they should have left: the corpus of the tests, by three libraries.

    python benchmarks/comparison/scrubbers.py            the table
    python benchmarks/comparison/scrubbers.py --write    and put it into docs/comparison.md
    python benchmarks/comparison/scrubbers.py --show logfire    each text on which it goes wrong

Each text is a log line, a value of a breadcrumb's (or span's) data, and an exception's message; besides, there are
secrets that the names of their keys give away. A secret is gone if it is nowhere in what the library sends; a
look-alike is whole if all its texts are. All settings are the defaults.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

from page import versions, write_table  # noqa: E402 - the folders above come first

from tests.event.scrubbing.corpus import (  # noqa: E402
    HARMLESS_DATA,
    iterate_harmless,
    iterate_secret_data,
    iterate_secrets,
)

PAGE = HERE.parents[1] / "docs" / "comparison.md"
LOG, DATA, EXCEPTION = "log line", "data", "exception"
SECRETS = [(text, secrets) for _, text, secrets in iterate_secrets()]
HARMLESS = [*iterate_harmless()]
# What goes in by each way, with the secrets in it, and what must stay whole.
CASES: dict[str, tuple[str, Sequence[tuple[Any, list[str]]], Sequence[Any]]] = {
    "log line": (LOG, SECRETS, HARMLESS),
    "exception": (EXCEPTION, SECRETS, HARMLESS),
    "text in data": (DATA, [({"said": text}, secrets) for text, secrets in SECRETS], [{"said": t} for t in HARMLESS]),
    "named data": (DATA, [(data, [secret]) for data, secret in iterate_secret_data()], HARMLESS_DATA),
}
logger = logging.getLogger("shop")

# What a library sends of what came in by one of the ways, as the texts in it.
Send = Callable[[str, Any], list[str]]


def iterate_texts(value: Any) -> Iterator[str]:
    """Iterate over all texts and keys of a document."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield str(key)
            yield from iterate_texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from iterate_texts(item)
    elif isinstance(value, str):
        yield value


def raise_with(text: str) -> ValueError:
    """Return an exception that was raised with such a message."""
    error = ValueError(text)
    with suppress(ValueError):
        raise error
    return error


def start_otel_crumbs() -> Send:
    """Use otel_crumbs; its exporter keeps the document that `http` would send."""
    import otel_crumbs
    from otel_crumbs.export.http.document import document_of
    from otel_crumbs.testing import capture_events

    def send(way: str, value: Any) -> list[str]:
        with capture_events() as events, otel_crumbs.operation("checkout"):
            if way == LOG:
                logger.warning("%s", value)
            elif way == DATA:
                otel_crumbs.record("note", data=value)
            otel_crumbs.capture_exception(raise_with(value if way == EXCEPTION else "failed"))
            return [*iterate_texts(document_of(events[0]))]

    return send


def start_sentry() -> Send:
    """Use sentry-sdk; its transport keeps the envelopes."""
    import sentry_sdk
    from sentry_sdk.transport import Transport

    sent: list[Any] = []

    class Memory(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            sent.extend(json.loads(item.get_bytes()) for item in envelope.items if item.type == "event")

    sentry_sdk.init(dsn="http://key@127.0.0.1:1/1", transport=Memory)

    def send(way: str, value: Any) -> list[str]:
        sent.clear()
        with sentry_sdk.isolation_scope() as scope:
            scope.clear_breadcrumbs()
            if way == LOG:
                logger.warning("%s", value)
            elif way == DATA:
                sentry_sdk.add_breadcrumb(message="note", data=value)
            sentry_sdk.capture_exception(raise_with(value if way == EXCEPTION else "failed"))
        [event] = sent
        event.pop("modules", None)
        return [*iterate_texts(event)]

    return send


def start_logfire() -> Send:
    """Use logfire; an exporter in memory keeps the spans that its scrubber has seen."""
    import logfire
    from opentelemetry import trace
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept = InMemorySpanExporter()
    processors = [SimpleSpanProcessor(kept)]
    logfire.configure(
        send_to_logfire=False, console=False, additional_span_processors=processors, inspect_arguments=False
    )
    logger.addHandler(logfire.LogfireLoggingHandler())
    tracer = trace.get_tracer("shop")

    def send(way: str, value: Any) -> list[str]:
        kept.clear()
        with tracer.start_as_current_span("checkout") as span:
            if way == LOG:
                logger.warning("%s", value)
            elif way == DATA:
                logfire.info("note", data=value)
            else:
                span.record_exception(raise_with(value))
        return [text for span in kept.get_finished_spans() for text in iterate_texts(json.loads(span.to_json()))]

    return send


LIBRARIES = {"otel_crumbs": start_otel_crumbs, "sentry-sdk": start_sentry, "logfire": start_logfire}


def ask(library: str, *, show: bool) -> dict[str, list[int]]:
    """Send every text by every way with one library, and count what is as it should be."""
    logger.setLevel(logging.INFO)
    logger.propagate = library == "sentry-sdk"
    logger.addHandler(logging.NullHandler())
    send = LIBRARIES[library]()
    counts = {}
    for name, (way, secrets, harmless) in CASES.items():
        missed = [value for value, hidden in secrets if holds(send(way, value), hidden)]
        changed = [value for value in harmless if not is_whole(send(way, value), value)]
        counts[name] = [len(missed), len(changed)]
        if show:
            print(*(f"{name}, missed: {value!r}" for value in missed), sep="\n")
            print(*(f"{name}, changed: {value!r}" for value in changed), sep="\n")
    return counts


def is_whole(texts: list[str], value: Any) -> bool:
    """Tell whether each text of a value is in one of the texts."""
    return all(any(part in text for text in texts) for part in iterate_texts(value))


def holds(texts: list[str], secrets: list[str]) -> bool:
    """Tell whether any of the secrets is in any of the texts."""
    return any(secret in text for secret in secrets for text in texts)


def ask_in_process(name: str) -> dict[str, list[int]]:
    """Ask a library in a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--ask", name], stdout=subprocess.PIPE, text=True, check=True)
    counts: dict[str, list[int]] = json.loads(done.stdout.splitlines()[-1])
    return counts


def make_table(answers: dict[str, dict[str, list[int]]]) -> list[str]:
    """Return the rows of the page."""
    lines = [f"| | {' | '.join(answers)} |", f"|---|{'---|' * len(answers)}"]
    for at, words in enumerate(("secrets that are gone", "look-alikes that are whole")):
        for name, case in CASES.items():
            total = len(case[1 + at])
            cells = " | ".join(f"{total - counts[name][at]:,} of {total:,}" for counts in answers.values())
            lines.append(f"| {name}: {words} | {cells} |")
    return lines


def main() -> None:
    """Ask every library, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="write the table of docs/comparison.md")
    parser.add_argument("--show", choices=LIBRARIES, help="print the texts on which a library goes wrong")
    parser.add_argument("--ask", choices=LIBRARIES, help="print the numbers of one library as JSON")
    options = parser.parse_args()
    if options.show or options.ask:
        print(json.dumps(ask(options.show or options.ask, show=bool(options.show))))
        return
    lines = make_table({name: ask_in_process(name) for name in LIBRARIES})
    print("\n".join(lines))
    if options.write:
        write_table(PAGE, "scrubbers", lines, versions("opentelemetry-sdk", "sentry-sdk", "logfire"))


if __name__ == "__main__":
    main()
