"""The shop's process: found, started under opentelemetry-instrument, watched, and always ended."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from time import monotonic, sleep
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

# What the console script `opentelemetry-instrument` runs; it need not be on the PATH.
INSTRUMENT = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"

# A development server has nothing to save: it gets a moment to go by itself.
PATIENCE = 3.0


class ShopFailedError(RuntimeError):
    """The shop did not open, or closed too early."""


def find_shop_folder() -> Path:
    """Return the folder of the shop: inside the installed package, or in a checkout."""
    here = Path(__file__).resolve()
    candidates = [here.parent / "django_shop", here.parents[2] / "examples" / "django_shop"]
    for candidate in candidates:
        if (candidate / "manage.py").is_file():
            return candidate
    raise ShopFailedError(f"the example shop is in none of {', '.join(map(str, candidates))}")


class Shop:
    """The shop as a subprocess that sends its telemetry to *endpoint*; a context manager."""

    def __init__(self, endpoint: str) -> None:
        self.folder = find_shop_folder()
        self.port = find_free_port()
        self._endpoint = endpoint
        self._scratch = tempfile.TemporaryDirectory(prefix="otel-crumbs-demo-", ignore_cleanup_errors=True)
        self._output = Path(self._scratch.name, "output.txt")

    def __enter__(self) -> Self:
        server = [sys.executable, "manage.py", "runserver", "--noreload", f"127.0.0.1:{self.port}"]
        environment = self._make_environment()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [sys.executable, "-c", INSTRUMENT, *server],
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._process.terminate()
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        finally:
            self._scratch.cleanup()

    def wait_until_open(self, deadline: float) -> None:
        """Return as soon as the shop takes connections."""
        while not is_open(self.port):
            self.check()
            if monotonic() > deadline:
                raise ShopFailedError("the shop did not open in time")
            sleep(0.05)

    def check(self) -> None:
        """Raise if the process has ended."""
        code = self._process.poll()
        if code is not None:
            raise ShopFailedError(f"the shop's process ended with exit code {code}")

    def read_last_lines(self, count: int = 15) -> list[str]:
        """Return the last lines that the process printed."""
        return self._output.read_text("utf-8", "replace").splitlines()[-count:]

    def _make_environment(self) -> dict[str, str]:
        # The demo shows the defaults, whatever this shell is set up for.
        ours = {name: text for name, text in os.environ.items() if not name.startswith(("OTEL_", "DJANGO_", "SHOP_"))}
        return ours | {
            # The Django instrumentation reads the settings before manage.py can say which.
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "OTEL_SERVICE_NAME": "coffee-corner",
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._endpoint,
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            "OTEL_METRICS_EXPORTER": "none",
            "SHOP_DATABASE": str(Path(self._scratch.name, "shop.sqlite3")),
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
            "PYTHONIOENCODING": "utf-8:replace",
            "PYTHONUNBUFFERED": "1",
        }


def find_free_port() -> int:
    """Return a loopback port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def is_open(port: int) -> bool:
    """Return whether somebody listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0
