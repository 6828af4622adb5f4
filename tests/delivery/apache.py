"""An Apache with mod_wsgi, which serves one of the programs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.e2e.website import Website
from tests.loopback import free_port

from .running import NO_TELEMETRY, PROGRAMS, environment

PROGRAM = shutil.which("apache2", path="/usr/sbin:/usr/bin") or ""
MODULES = Path("/usr/lib/apache2/modules")
# Where root is somebody else: Apache runs no application as root, and another user may not read what root has.
AS_SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"] if os.geteuid() == 0 else []
SECONDS_TO_ASK = 30
# Daemon processes of mod_wsgi, or the processes of Apache itself; and the main interpreter, or the one of the site.
DAEMONS, EMBEDDED = "daemons", "embedded"
MAIN, OWN = "%{GLOBAL}", "%{SERVER}"

_CONFIGURATION = """
ServerRoot {folder}
ServerName localhost
PidFile {folder}/pid
Listen 127.0.0.1:{port}
ErrorLog {folder}/errors.log
LogLevel info
Mutex file:{folder}
GracefulShutdownTimeout 20
LoadModule mpm_prefork_module {modules}/mod_mpm_prefork.so
LoadModule authz_core_module {modules}/mod_authz_core.so
LoadModule wsgi_module {mod_wsgi}
StartServers 2
MinSpareServers 2
MaxSpareServers 2
WSGISocketPrefix {folder}/wsgi
WSGIPythonHome {home}
WSGIPythonPath {programs}
WSGIApplicationGroup {interpreter}
WSGIScriptAlias / {programs}/{program}.py
<Directory {programs}>
Require all granted
</Directory>
"""


def find_what_is_missing() -> str:
    """Return why no Apache can run an application here, nothing if it can."""
    if not PROGRAM:
        return "Apache is not installed"
    if find_module() is None:
        return "mod_wsgi is not installed"
    if AS_SOMEBODY:
        done = subprocess.run([*AS_SOMEBODY, "true"], check=False, capture_output=True, timeout=SECONDS_TO_ASK)
        return "" if done.returncode == 0 else "Apache runs nothing as root, and there are no user namespaces"
    return ""


def find_module() -> Path | None:
    """Return Apache's module in the package mod_wsgi, None where that is not installed."""
    spec = find_spec("mod_wsgi")
    if spec is None or spec.origin is None:
        return None
    return next(Path(spec.origin).parent.glob("server/mod_wsgi-py*.so"), None)


class Apache(Website):
    """
    An Apache with two processes that run an application.

    Args:
        program: The name of the application's module.
        endpoint: Where events are sent.
        folder: For what it writes; the home of its user.
        mode: Which processes run the application.
        interpreter: In which interpreter.
        recycled_after: How many requests each process serves, 0 for any number.
        variables: More variables of the environment.

    """

    def __init__(
        self,
        program: str,
        endpoint: str,
        *,
        folder: Path,
        mode: str,
        interpreter: str,
        recycled_after: int = 0,
        **variables: str,
    ) -> None:
        port = free_port()
        self._folder = folder / f"apache-{port}"
        self._folder.mkdir()
        configuration = self._folder / "httpd.conf"
        lines = _CONFIGURATION.format(
            folder=self._folder,
            port=port,
            modules=MODULES,
            mod_wsgi=find_module(),
            home=sys.prefix,
            programs=PROGRAMS,
            program=program,
            interpreter=interpreter,
        )
        if mode == EMBEDDED:
            lines += f"MaxConnectionsPerChild {recycled_after}\n"
        else:
            recycled = f" maximum-requests={recycled_after}" if recycled_after else ""
            lines += f"WSGIDaemonProcess shop processes=2 threads=2 python-home={sys.prefix}{recycled}\n"
            lines += "WSGIProcessGroup shop\nWSGIRestrictEmbedded On\n"
        configuration.write_text(lines)
        super().__init__(
            [*AS_SOMEBODY, PROGRAM, "-f", str(configuration), "-DFOREGROUND"],
            port=port,
            site=PROGRAMS,
            folder=folder,
            environment=environment(folder, endpoint, **NO_TELEMETRY, **variables),
        )

    @property
    def errors(self) -> str:
        """Apache's log of errors."""
        return (self._folder / "errors.log").read_text(encoding="utf-8", errors="replace")

    @property
    def pid(self) -> int:
        """Apache's first process."""
        return int((self._folder / "pid").read_text())
