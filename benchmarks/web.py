"""
What a request through real Django and FastAPI costs more, p50 and p99, as ratios.

    python benchmarks/web.py                     some minutes
    python benchmarks/web.py django --rounds 5   a first look
    python benchmarks/web.py --write             and put the table into docs/benchmarks.md

Each framework runs with OpenTelemetry's SDK and instrumentations alone, with
otel_crumbs beside them (its collector alive, or refusing connections), and with
sentry-sdk beside them. Every side has a process of its own; blocks of requests
run in turns, and one request in fifty fails and is reported.
"""

from __future__ import annotations

import argparse
import importlib
import json
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from dead_collector import endpoints
from page import replaced, versions

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"
SITES = ("django", "fastapi")
ALONE, OURS, DEAD, THEIRS = "opentelemetry", "otel_crumbs", "otel_crumbs, collector dead", "sentry-sdk"
SIDES = (ALONE, OURS, DEAD, THEIRS)
BLOCK = 200
ONE_IN = 50
BUDGETS = {"p50": 1.03, "p99": 1.05}


def serve(site: str, side: str) -> None:
    """Run one side: a line asks for a block, the answer is the seconds of each request."""
    _set_up_opentelemetry(site)
    _set_up_side(side)
    ask = importlib.import_module(f"sites.{site}_site").make()
    # Lines are printed nowhere, those of Django about the failures neither.
    logging.basicConfig(level=logging.INFO, handlers=[logging.NullHandler()])
    for _ in sys.stdin:
        print(json.dumps([_time(ask, number) for number in range(BLOCK)]), flush=True)


def _time(ask: Callable[[str], None], number: int) -> float:
    where = "/orders/404" if number % ONE_IN == 0 else f"/orders/{number % ONE_IN}"
    began = time.perf_counter()
    ask(where)
    return time.perf_counter() - began


def _set_up_opentelemetry(site: str) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.sqlite3 import SQLite3Instrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    provider = TracerProvider()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    SQLite3Instrumentor().instrument()
    if site == "django":
        from opentelemetry.instrumentation.django import DjangoInstrumentor

        os.environ["DJANGO_SETTINGS_MODULE"] = "sites.django_settings"
        DjangoInstrumentor().instrument()


def _set_up_side(side: str) -> None:
    if side in {OURS, DEAD}:
        import otel_crumbs

        otel_crumbs.install(rate_limit=0)
    elif side == THEIRS:
        import sentry_sdk

        address = os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"].removeprefix("http://")
        sentry_sdk.init(dsn=f"http://key@{address}/1")


def measure(site: str, rounds: int) -> dict[str, list[list[float]]]:
    """Return the times of every side, one list for each block."""
    times: dict[str, list[list[float]]] = {side: [] for side in SIDES}
    with ExitStack() as stack:
        where = stack.enter_context(endpoints())
        home = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        processes = {}
        for side in SIDES:
            environ = {
                **os.environ,
                "OTEL_EXPORTER_OTLP_ENDPOINT": where["refusing" if side == DEAD else "alive"],
                "XDG_STATE_HOME": f"{home}/{side}",
            }
            command = [sys.executable, __file__, site, "--serve", side]
            processes[side] = stack.enter_context(
                subprocess.Popen(command, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            )
            for _ in range(3):
                _ask(processes[side])
        for _ in range(rounds):
            for side in random.sample(SIDES, len(SIDES)):
                times[side].append(_ask(processes[side]))
        for process in processes.values():
            process.kill()
    return times


def _ask(process: subprocess.Popen[str]) -> list[float]:
    assert process.stdin and process.stdout  # noqa: S101, PT018 - for the type checker
    process.stdin.write("\n")
    process.stdin.flush()
    found: list[float] = json.loads(process.stdout.readline())
    return found


def quantiles(times: list[list[float]]) -> dict[str, float]:
    """Return the median, and the time that one request in a hundred exceeds, of each block; then the blocks' median."""
    return {
        "p50": statistics.median(map(statistics.median, times)),
        "p99": statistics.median(statistics.quantiles(block, n=100)[98] for block in times),
    }


def rows(site: str, times: dict[str, list[list[float]]]) -> list[str]:
    """Return the rows of a table for a site."""
    found = {side: quantiles(blocks) for side, blocks in times.items()}
    made = []
    for side in SIDES[1:]:
        ratios = {name: found[side][name] / found[ALONE][name] for name in BUDGETS}
        met = all(ratios[name] <= budget for name, budget in BUDGETS.items())
        verdict = ("yes" if met else "**no**") if side != THEIRS else ""
        added = (found[side]["p50"] - found[ALONE]["p50"]) * 1e6
        made.append(
            f"| {site} | {side} | {ratios['p50']:.3f} x | {ratios['p99']:.3f} x | {verdict} | "
            f"{found[ALONE]['p50'] * 1000:.2f} ms alone, {added:+.0f} µs |"
        )
    return made


def main() -> None:
    """Measure, and print."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("sites", nargs="*", metavar="SITE", help=f"of {', '.join(SITES)}; both by default")
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--write", action="store_true", help="write the table of docs/benchmarks.md")
    options.add_argument("--serve", metavar="SIDE", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.serve:
        serve(chosen.sites[0], chosen.serve)
        return
    table = ["| Request through | with | p50 | p99 | Met (1.03, 1.05) | Beside it |", "|---|---|---|---|---|---|"]
    for site in chosen.sites or SITES:
        table += rows(site, measure(site, chosen.rounds))
    table += [
        "",
        f"Median of {chosen.rounds} blocks of {BLOCK} requests. {versions('opentelemetry-sdk', 'sentry-sdk')}.",
    ]
    print("\n".join(table))
    if chosen.write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(replaced(page, "requests", "\n".join(table)), encoding="utf-8")


if __name__ == "__main__":
    main()
