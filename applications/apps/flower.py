"""Flower: Tornado, on top of Celery's client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from application import Application, Place, ask

WORKS = """
import celery

app = celery.Celery("works", broker="redis://127.0.0.1:9/0")
app.conf.broker_transport_options = {"max_retries": 1, "retry_on_timeout": False}
app.conf.broker_connection_max_retries = 1


@app.task
def pack(order):
    return order
"""


def _make_tasks(place: Place) -> None:
    (place.folder / "works.py").write_text(WORKS, encoding="utf-8")


def _settings(place: Place) -> Mapping[str, str]:
    return {"FLOWER_UNAUTHENTICATED_API": "true"}


def _command(place: Place) -> Sequence[str]:
    return ["celery", "-A", "works", "flower", f"--port={place.port}", "--address=127.0.0.1"]


def _provoke(place: Place) -> int:
    headers = {"Content-Type": "application/json"}
    return ask(f"{place.url}/api/task/async-apply/works.pack", b'{"args": [7]}', headers)


APPLICATION = Application(
    name="flower",
    packages=("flower", "redis"),
    fault="Nobody listens where the broker was; a task is to be sent",
    prepare=_make_tasks,
    settings=_settings,
    command=_command,
    provoke=_provoke,
    healthy="/healthcheck",
    story=("works.pack", "PING -> ConnectionError (connection refused)", "Broker or result backend unavailable"),
)
