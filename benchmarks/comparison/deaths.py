"""
Deaths of real programs, each with both libraries: which of them is an event, and with how much of what it did.

    python benchmarks/comparison/deaths.py                         all, most of an hour
    python benchmarks/comparison/deaths.py --only SIGKILL script   some deaths, or hosts, or DEATH:HOST
    python benchmarks/comparison/deaths.py --write                 and put the rows into the table of docs/comparison.md

The work leaves 60 breadcrumbs, and dies in the middle of a statement of SQL. After that the program is started once
more, works for five seconds, and ends well. Deaths for want of memory need a cgroup, and so root.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from jobs import redis_server  # noqa: E402 - the folder above comes first
from libraries import LIBRARIES  # noqa: E402
from page import versions, write_table  # noqa: E402
from receiver import Receiver  # noqa: E402

PAGE = HERE.parents[1] / "docs" / "comparison.md"
PROGRAM = HERE / "dying.py"
STEPS, STATEMENT = 60, b"SELECT * FROM orders"
DEATHS = ("SIGKILL", "SIGSEGV", "abort", "C stack overflow", "out of memory", "os._exit")
LIMITS = ("soft time limit", "hard time limit")
PROGRAMS = ("script", "multiprocessing", "ProcessPoolExecutor")
GUNICORN = ("gunicorn", "--timeout", "2", "--bind", "127.0.0.1:{port}", "dying:application")
SERVERS: dict[str, tuple[str, ...]] = {
    "gunicorn sync": GUNICORN,
    "gunicorn gthread": (*GUNICORN, "--worker-class", "gthread", "--threads", "2"),
    # A worker that starts slowly would be killed.
    "uvicorn": ("uvicorn", "--workers", "2", "--timeout-worker-healthcheck", "60", "--port", "{port}", "dying:asgi"),
}
CELERY = "Celery prefork"
HOSTS = (*PROGRAMS, *SERVERS, CELERY)
CGROUPS = Path("/sys/fs/cgroup")
MEMORY = 512 * 2**20
# For one that takes its time; what nobody has sent by then does not come.
LONGEST, QUIET = 15.0, 3.0
SECONDS_TO_START = 60.0
_LIMITS = {"soft time limit": {"soft_time_limit": 2}, "hard time limit": {"time_limit": 2}}


def main() -> None:
    """Run what is wanted."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", default=[], metavar="NAME", help="some deaths, or some hosts")
    parser.add_argument("--write", action="store_true", help="write the table of docs/comparison.md")
    options = parser.parse_args()
    wanted = [case for case in list_cases() if not options.only or {*case, ":".join(case)} & set(options.only)]
    for death, host in wanted:
        line = make_row(death, host, [measure(name, death, host) for name in LIBRARIES])
        print(line, flush=True)
        if options.write:
            write([line])


def list_cases() -> list[tuple[str, str]]:
    """Return the deaths with the hosts in which they can be."""
    cases = [(death, host) for death in DEATHS for host in HOSTS]
    # A thread that hangs in Python does not keep gunicorn's worker from a word to its master.
    cases += [("timeout in Python", "gunicorn sync"), *(("timeout in C", host) for host in list(SERVERS)[:2])]
    return [*cases, *((limit, CELERY) for limit in LIMITS)]


def make_row(death: str, host: str, cells: Sequence[str]) -> str:
    """Return a row of the table."""
    return f"| {death} | {host} | {' | '.join(cells)} |"


def write(rows: Sequence[str]) -> None:
    """Put rows into the page's table, in the order of the cases, instead of those of the same cases."""
    page = PAGE.read_text(encoding="utf-8")
    table = page.partition("<!-- deaths -->")[2].partition("<!-- end of deaths -->")[0]
    known = {tuple(row.split(" | ")[:2]): row for row in [*table.splitlines(), *rows] if row.startswith("| ")}
    keys = [(f"| {death}", host) for death, host in list_cases()]
    lines = [make_row("death", "host", list(LIBRARIES)), "|---|---|" + "---|" * len(LIBRARIES)]
    lines += [known[key] for key in keys if key in known]
    facts = versions("opentelemetry-sdk", "sentry-sdk", "gunicorn", "uvicorn", "celery")
    write_table(PAGE, "deaths", lines, facts)


def measure(library: str, death: str, host: str) -> str:
    """Have a program die, start it once more, and return the cell of the table."""
    with tempfile.TemporaryDirectory() as home, Receiver() as receiver, limited(death) as enter:
        environment = {
            **os.environ,
            "HOME": home,
            "XDG_STATE_HOME": home,
            "PYTHONPATH": str(HERE),
            "LIBRARY": library,
            "RECEIVER": receiver.dsn,
            "OTEL_SERVICE_NAME": "comparison",
            "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
            "OTEL_CRUMBS_RECORDER": "auto",
            "OTEL_CRUMBS_EXPORTER": "otlp",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            **dict.fromkeys(("OTEL_LOGS_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_TRACES_EXPORTER"), "none"),
        }
        RUNS.get(host, run_program)(enter, environment, death, host, receiver)
        run_program((), environment, "later", "script", receiver)
        wait_for(receiver, 0, QUIET)
        return describe(read_events(receiver.bodies))


def run_program(
    enter: Sequence[str], environment: dict[str, str], death: str, host: str, _: Receiver | None = None
) -> None:
    """Run it as a program."""
    command = [*enter, sys.executable, str(PROGRAM), host, death]
    subprocess.run(command, env=environment, capture_output=True, timeout=20 * LONGEST, check=False)


def run_server(enter: Sequence[str], environment: dict[str, str], death: str, host: str, receiver: Receiver) -> None:
    """Run it as a website, and visit the page on which it dies."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    name, *options = (word.format(port=port) for word in SERVERS[host])
    command = [*enter, *instrumented(environment), str(Path(sys.executable).with_name(name)), *options]
    with running(command, environment):
        visit(port, "not", SECONDS_TO_START)
        visit(port, death, LONGEST)
        wait_for(receiver, 1, LONGEST)


def run_celery(enter: Sequence[str], environment: dict[str, str], death: str, _: str, receiver: Receiver) -> None:
    """Run it as a worker of Celery, and send the task that dies."""
    import celery

    with redis_server() as port:
        environment = {**environment, "BROKER": f"redis://127.0.0.1:{port}/0"}
        worker = [sys.executable, "-m", "celery", "-A", "dying", "worker", "-P", "prefork", "-c", "1"]
        with (
            running([*enter, *instrumented(environment), *worker], environment),
            celery.Celery("sender", broker=environment["BROKER"], set_as_current=False) as sender,
        ):
            sender.send_task("work", [death], **_LIMITS.get(death, {}))
            wait_for(receiver, 1, LONGEST + SECONDS_TO_START / 2)


RUNS = {**dict.fromkeys(SERVERS, run_server), CELERY: run_celery}


def instrumented(environment: dict[str, str]) -> list[str]:
    """Return how the program is started as the documentation of its library has it."""
    program = str(Path(sys.executable).with_name("opentelemetry-instrument"))
    return [program] if environment["LIBRARY"] == "otel_crumbs" else []


@contextmanager
def running(command: Sequence[str], environment: dict[str, str]) -> Iterator[None]:
    """Run a server for as long as the block lasts, and end it in good order."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, env=environment, cwd=HERE, stdout=quiet, stderr=quiet, start_new_session=True)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(LONGEST)
        # A server that does not end leaves no workers behind.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def visit(port: int, way: str, seconds: float) -> None:
    """Visit a page, as soon as anybody listens; the end of the process is an answer, too."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.request("GET", "/" + quote(way))
            connection.getresponse().read()
        except ConnectionRefusedError:
            time.sleep(0.1)
        except (OSError, http.client.HTTPException):
            return
        else:
            return
        finally:
            connection.close()


@contextmanager
def limited(death: str) -> Iterator[list[str]]:
    """Yield the command that runs another one in a cgroup with little memory, where that is the death."""
    if death != "out of memory":
        yield []
        return
    folder, limit = CGROUPS / "memory", "memory.limit_in_bytes"
    if not folder.is_dir():
        folder, limit = CGROUPS, "memory.max"
    group = folder / f"otel-crumbs-{uuid.uuid4().hex}"
    group.mkdir()
    (group / limit).write_text(str(MEMORY))
    shell = shutil.which("sh") or "sh"
    yield [shell, "-c", 'echo $$ > "$0" && exec "$@"', str(group / "cgroup.procs")]
    deadline = time.monotonic() + LONGEST
    while group.exists() and time.monotonic() < deadline:
        with suppress(OSError):
            group.rmdir()
        time.sleep(0.1)


def wait_for(receiver: Receiver, count: int, seconds: float) -> None:
    """Wait until so many events have come and a little longer, or for so many seconds."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (not count or len(read_events(receiver.bodies)) < count):
        time.sleep(0.1)
    if count:
        time.sleep(QUIET / 2)


class Seen(NamedTuple):
    """An event: how many of the breadcrumbs of the work it has, and whether it names the statement in flight."""

    steps: int
    in_flight: bool


def read_events(bodies: Sequence[bytes]) -> list[Seen]:
    """Return the events that came."""
    events = [event for body in bodies for event in (_read_envelope(body) if body[:1] == b"{" else _read_logs(body))]
    return [Seen(len(set(re.findall(rb"<step \d+>", event))), STATEMENT in event) for event in events]


def _read_logs(body: bytes) -> list[bytes]:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    request = ExportLogsServiceRequest.FromString(body)
    scopes = [scope for resource in request.resource_logs for scope in resource.scope_logs]
    return [record.SerializeToString() for scope in scopes for record in scope.log_records]


def _read_envelope(body: bytes) -> list[bytes]:
    _, _, rest = body.partition(b"\n")
    events = []
    while rest:
        header, _, rest = rest.partition(b"\n")
        about = json.loads(header)
        length = about.get("length", len(rest))
        if about["type"] == "event":
            events.append(rest[:length])
        rest = rest[length:].lstrip(b"\n")
    return events


def describe(events: Sequence[Seen]) -> str:
    """Return a cell of the table."""
    if not events:
        return "**none**"
    count = "1 event" if len(events) == 1 else f"**{len(events)} events**"
    steps, in_flight = max(events)
    number = f"{steps}" if steps >= STEPS - 10 else f"**{steps}**"
    return f"{count}, {number} of {STEPS} breadcrumbs, {'the' if in_flight else '**no**'} query"


if __name__ == "__main__":
    main()
