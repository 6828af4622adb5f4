"""
Make real applications fail, and look at the events.

    python applications/run.py                 all, some minutes and much to download
    python applications/run.py datasette       only this one
    python applications/run.py --write         and put what came into docs/applications.md
    python applications/run.py --folder DIR    where the environments are made and found again

Each is installed in an environment of its own, together with what `opentelemetry-bootstrap` proposes, and started by
`opentelemetry-instrument`. Ends with status 1 where one did not send one event that tells the story.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from application import Application, Place, wait_until_healthy
from apps import APPLICATIONS
from environment import installed_version, make_environment, update_crumbs
from page import Outcome, update_page
from receiver import Receiver

FOLDER = Path(__file__).parents[1] / ".nox" / "real-applications"
STOP_SECONDS = 20.0
CUT = 4000


def main() -> None:
    """Run what is asked for."""
    options = _options()
    unknown = sorted(set(options.names) - {application.name for application in APPLICATIONS})
    if unknown:
        raise SystemExit(f"no application {', '.join(unknown)}: there are {', '.join(a.name for a in APPLICATIONS)}")
    outcomes = []
    for application in APPLICATIONS:
        if options.names and application.name not in options.names:
            continue
        outcomes.append(run(application, options.folder.resolve()))
        print(outcomes[-1].text, flush=True)
    if options.write:
        update_page(outcomes)
    sys.exit(any(outcome.faults for outcome in outcomes))


def run(application: Application, folder: Path) -> Outcome:
    """Make one application fail, and return what came of it."""
    environment = folder / application.name / "environment"
    programs = environment / "bin"
    if (environment / "complete").exists():
        update_crumbs(programs)
    else:
        programs = make_environment(environment, application.packages)
        (environment / "complete").touch()
    home = folder / application.name / "home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    with Receiver() as receiver:
        environ = make_environ(programs, home, receiver.url)
        place = Place(folder=home, programs=programs, port=free_port(), environ=environ)
        status = provoke(application, place)
        events = receiver.wait()
    return Outcome(
        application=application,
        version=installed_version(programs, application.packages[0]),
        status=status,
        events=tuple(events),
    )


def provoke(application: Application, place: Place) -> int:
    """Start an application, make it fail, and return the status of the answer; it goes on running meanwhile."""
    application.prepare(place)
    with started(application, place) as process:
        wait_until_healthy(place.url + application.healthy, lambda: process.poll() is not None)
        return application.provoke(place)


@contextmanager
def started(application: Application, place: Place) -> Iterator[subprocess.Popen[bytes]]:
    """Have an application run for as long as a `with` lasts; what it printed is shown where that fails."""
    command = [place.program("opentelemetry-instrument"), *application.command(place)]
    environ = {**place.environ, **application.settings(place)}
    output = place.folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(command, cwd=place.folder, env=environ, stdout=file, stderr=subprocess.STDOUT)
    try:
        yield process
    except Exception:
        print(output.read_text(encoding="utf-8", errors="replace")[-CUT:], file=sys.stderr)
        raise
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def make_environ(programs: Path, home: Path, receiver: str) -> dict[str, str]:
    """Return the variables of a process that sends its events to a receiver, and nothing else anywhere."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TMPDIR", "TZ") if name in os.environ}
    return {
        **kept,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONUNBUFFERED": "1",
        "OTEL_TRACES_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_CRUMBS_EXPORTER": "http",
        "OTEL_CRUMBS_HTTP_ENDPOINT": receiver,
        "OTEL_CRUMBS_SPOOL_DIR": str(home / "spool"),
    }


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--write", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main()
