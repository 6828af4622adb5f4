"""Label Studio: Django and its REST framework, behind a command of its own."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing

from application import Application, Place, ask, read

TOKEN = "of-the-test"  # noqa: S105 - of a server that only this machine reaches, for a minute
HEADERS = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
LABELS = (
    '<View><Text name="review" value="$review"/>'
    '<Choices name="mood" toName="review"><Choice value="good"/><Choice value="bad"/></Choices></View>'
)


def _settings(place: Place) -> Mapping[str, str]:
    (package,) = place.programs.parent.glob("lib/python3*/site-packages/label_studio")
    return {
        "DJANGO_SETTINGS_MODULE": "label_studio.core.settings.label_studio",
        "PYTHONPATH": str(package),
        "LABEL_STUDIO_BASE_DATA_DIR": str(place.folder / "data"),
        "COLLECT_ANALYTICS": "false",
        "LATEST_VERSION_CHECK": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
    }


def _command(place: Place) -> Sequence[str]:
    account = ["--username=ada@shop.example", f"--password={TOKEN}", f"--user-token={TOKEN}"]
    options = ["--no-browser", "--internal-host=127.0.0.1", f"--port={place.port}"]
    return ["label-studio", "start", "--init", "reviews", *account, "--enable-legacy-api-token", *options]


def _provoke(place: Place) -> int:
    api = f"{place.url}/api/projects"
    _, body = read(f"{api}/", json.dumps({"title": "Reviews", "label_config": LABELS}).encode(), HEADERS)
    with closing(sqlite3.connect(place.folder / "data" / "label_studio.sqlite3")) as database, database:
        database.execute("drop table prediction")
    guess = {"from_name": "mood", "to_name": "review", "type": "choices", "value": {"choices": ["good"]}}
    tasks = [{"data": {"review": "It arrived whole"}, "predictions": [{"result": [guess]}]}]
    return ask(f"{api}/{json.loads(body)['id']}/import", json.dumps(tasks).encode(), HEADERS)


APPLICATION = Application(
    name="label_studio",
    packages=("label-studio",),
    fault="The table of predictions is gone; tasks that have one are imported",
    settings=_settings,
    command=_command,
    provoke=_provoke,
    healthy="/health",
    story=('INSERT INTO "prediction"', "no such table: prediction"),
)
