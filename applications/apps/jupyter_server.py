"""Jupyter Server: Tornado."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from application import Application, Place, ask

TOKEN = "of-the-test"  # noqa: S105 - of a server that only this machine reaches, for a minute


def _make_kernel(place: Place) -> None:
    folder = place.folder / "jupyter" / "kernels" / "gone"
    folder.mkdir(parents=True)
    specification = {"argv": [str(place.folder / "no-such-python"), "-f", "{connection_file}"], "display_name": "Gone"}
    (folder / "kernel.json").write_text(json.dumps({**specification, "language": "python"}), encoding="utf-8")


def _settings(place: Place) -> Mapping[str, str]:
    return {"JUPYTER_PATH": str(place.folder / "jupyter")}


def _command(place: Place) -> Sequence[str]:
    options = [f"--port={place.port}", "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}"]
    return ["jupyter-server", "--no-browser", "--allow-root", *options]


def _provoke(place: Place) -> int:
    headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
    ask(f"{place.url}/api/kernelspecs", headers=headers)
    return ask(f"{place.url}/api/kernels", b'{"name": "gone"}', headers)


APPLICATION = Application(
    name="jupyter_server",
    packages=("jupyter-server",),
    fault="The interpreter of a kernel is gone; that kernel is started",
    prepare=_make_kernel,
    settings=_settings,
    command=_command,
    provoke=_provoke,
    healthy="/api",
    story=("no-such-python -> FileNotFoundError", "Failed to run command"),
)
