"""MLflow's server: FastAPI around Flask, on SQLAlchemy, run by `python -m uvicorn`."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing

from application import Application, Place, ask, read

JSON = {"Content-Type": "application/json"}


def _settings(place: Place) -> Mapping[str, str]:
    return {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}


def _command(place: Place) -> Sequence[str]:
    store = f"sqlite:///{place.folder / 'store.db'}"
    return ["mlflow", "server", "--backend-store-uri", store, "--workers=1", f"--port={place.port}"]


def _provoke(place: Place) -> int:
    api = f"{place.url}/api/2.0/mlflow/runs"
    _, body = read(f"{api}/create", json.dumps({"experiment_id": "0"}).encode(), JSON)
    run = json.loads(body)["run"]["info"]["run_id"]
    with closing(sqlite3.connect(place.folder / "store.db")) as database, database:
        database.execute("drop table metrics")
    metric = {"run_id": run, "key": "loss", "value": 0.5, "timestamp": int(time.time() * 1000)}
    return ask(f"{api}/log-metric", json.dumps(metric).encode(), JSON)


APPLICATION = Application(
    name="mlflow",
    # The instrumentation refuses SQLAlchemy 2.1 so far.
    packages=("mlflow", "sqlalchemy<2.1"),
    fault="The table of metrics is gone; a run logs one",
    settings=_settings,
    command=_command,
    provoke=_provoke,
    healthy="/health",
    story=("INSERT INTO metrics", "no such table: metrics"),
    known=(
        "The title is the first line of SQLAlchemy's message, and the reason stands in its second; "
        "the trail has it. "
        "The operation has no route: Flask, inside FastAPI, knows it, and its span is not the operation's own."
    ),
)
