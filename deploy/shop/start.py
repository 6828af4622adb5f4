"""
Open the shop behind gunicorn, and send its telemetry to what is there.

Which services there are is decided by the profiles of docker-compose.yml: one that
was not started has no address.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

HERE = Path(sys.executable).parent
BIND = "0.0.0.0:8000"

# Where the profile `clickhouse` has a Collector of its own, it takes everything, and hands it to the viewer as well.
COLLECTORS = ("collector-clickhouse", "collector")
BUGSINK = "bugsink"
BUGSINK_DSN = "http://0123456789abcdef0123456789abcdef@bugsink:8000/1"


def main() -> None:
    """Bring the database up to date, then become gunicorn."""
    os.environ.update(find_receivers(is_there))
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], check=True)
    command = make_command(os.environ.get("SHOP_BIND", BIND))
    os.execv(command[0], command)  # noqa: S606 - no shell is what is wanted


def find_receivers(is_there: Callable[[str], bool]) -> dict[str, str]:
    """Return the variables that send telemetry to the services that are there."""
    found = {}
    for name in COLLECTORS:
        if is_there(name):
            found["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://{name}:4318"
            break
    if is_there(BUGSINK):
        found |= {"OTEL_CRUMBS_EXPORTER": "otlp,sentry", "OTEL_CRUMBS_SENTRY_DSN": BUGSINK_DSN}
    return found


def is_there(name: str) -> bool:
    """Return whether a service has an address."""
    try:
        socket.gethostbyname(name)
    except OSError:
        return False
    return True


def make_command(bind: str) -> list[str]:
    """Return what starts gunicorn under opentelemetry-instrument."""
    gunicorn = [str(HERE / "gunicorn"), "--bind", bind, "--workers", "2", "--threads", "4", "config.wsgi"]
    return [str(HERE / "opentelemetry-instrument"), *gunicorn]


if __name__ == "__main__":
    main()
