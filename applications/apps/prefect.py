"""Prefect's server: FastAPI on asynchronous SQLAlchemy and SQLite."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing

from application import Application, Place, ask, read

JSON = {"Content-Type": "application/json"}


def settings(place: Place) -> Mapping[str, str]:
    """Return what keeps a server, and a flow beside it, to the folder of its own."""
    return {
        "PREFECT_HOME": str(place.folder / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }


def command(place: Place) -> Sequence[str]:
    """Return the command of a server that performs nothing by itself."""
    return ["prefect", "server", "start", "--host=127.0.0.1", f"--port={place.port}", "--no-services"]


def _provoke(place: Place) -> int:
    _, body = read(f"{place.url}/api/flows/", json.dumps({"name": "pack-orders"}).encode(), JSON)
    with closing(sqlite3.connect(place.folder / "prefect" / "prefect.db")) as database, database:
        database.execute("drop table flow_run_state")
    run = {"flow_id": json.loads(body)["id"], "state": {"type": "PENDING"}}
    return ask(f"{place.url}/api/flow_runs/", json.dumps(run).encode(), JSON)


APPLICATION = Application(
    name="prefect",
    # The instrumentation refuses SQLAlchemy 2.1 so far.
    packages=("prefect", "sqlalchemy<2.1"),
    fault="The table of the states of flow runs is gone; a flow run is to begin",
    settings=settings,
    command=command,
    provoke=_provoke,
    healthy="/api/health",
    story=("INSERT INTO flow_run", "no such table: main.flow_run_state"),
)
