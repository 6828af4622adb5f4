#!/usr/bin/env python3
"""
Build the OpenTelemetry Collector of the tests, once per machine.

The path of the binary is the only line on standard output; progress goes to standard error.
A second call finds the binary in the cache, and a call made meanwhile waits for the first one.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = "0.165.0"
BUILDER = f"go.opentelemetry.io/collector/cmd/builder@v{VERSION}"
CORE = f"go.opentelemetry.io/collector/otelcol v{VERSION}"
MANIFEST = Path(__file__).with_name("collector-manifest.yaml")

# Go's own installer puts it here and leaves PATH to the reader of its instructions.
USUAL_GO = Path("/usr/local/go/bin/go")

SECONDS_BETWEEN_SIGNS_OF_LIFE = 20


class CannotBuildError(Exception):
    """The Collector cannot be built on this machine; the message says why."""


def cached_binary(environ: Mapping[str, str] = os.environ) -> Path:
    """Return where the binary belongs, whether or not it is there yet."""
    base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(MANIFEST.read_bytes()).hexdigest()[:12]
    return base / "otel-crumbs" / f"otelcol-{VERSION}-{digest}" / "otelcol-crumbs"


def build(binary: Path) -> Path:
    """Build the Collector unless it is there, and return its path."""
    if binary.exists():
        return binary
    go = _find_go()
    binary.parent.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(binary.parent / "lock"):
        if not binary.exists():
            _build_beside(binary, go)
    return binary


def _find_go() -> str:
    found = shutil.which("go") or (str(USUAL_GO) if USUAL_GO.exists() else None)
    if found is None:
        raise CannotBuildError("it is built with Go, and there is no `go` here; install Go 1.25 or newer")
    return found


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock that the kernel takes back even from a process that was killed."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _say("another process is building the Collector; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build_beside(binary: Path, go: str) -> None:
    # Beside, so that the last step is a rename and nobody ever sees half a binary.
    with tempfile.TemporaryDirectory(dir=binary.parent, prefix="build-") as name:
        scratch, source = Path(name), Path(name, "source")
        path = os.pathsep.join([str(Path(go).parent), os.environ.get("PATH", "")])
        environ = {**os.environ, "PATH": path, "GOBIN": name, "GOWORK": "off"}

        _say(f"[1/3] installing the Collector's builder {VERSION}")
        _run([go, "install", BUILDER], scratch, environ)

        _say("[2/3] writing the Collector's source")
        generate = ["--config", str(MANIFEST), "--skip-get-modules", "--skip-compilation"]
        _run([str(scratch / "builder"), *generate], scratch, environ)

        # The builder's own way is `go mod tidy`, which also fetches what the tests of every
        # component need, and fails where a proxy lacks one of those modules.
        # `-mod=mod` fetches what the binary is made of.
        _say("[3/3] fetching and compiling it; a few minutes the first time")
        (source / "go.mod").write_text(_go_mod(binary.name), encoding="utf-8")
        flags = ["-mod=mod", "-trimpath", "-ldflags=-s -w", "-o", binary.name]
        _run([go, "build", *flags, "."], source, environ)
        (source / binary.name).replace(binary)


def _go_mod(name: str) -> str:
    """Return the module file of the generated source: what it imports, at our versions."""
    components = re.findall(r"gomod: (\S+ v\S+)", MANIFEST.read_text(encoding="utf-8"))
    requirements = "\n".join(f"require {module}" for module in [CORE, *components])
    return f"module {name}\n\ngo 1.25\n\n{requirements}\n"


def _run(command: list[str], folder: Path, environ: Mapping[str, str]) -> None:
    """Run one step, with its output as our progress and a sign of life when it is silent."""
    started = time.monotonic()
    with subprocess.Popen(command, cwd=folder, env=environ, stdout=sys.stderr) as process:
        while not _ends_soon(process):
            _say(f"      ... {time.monotonic() - started:.0f} s")
    if process.returncode != 0:
        name = Path(command[0]).name
        raise CannotBuildError(f"`{name} {command[1]}` ended with exit code {process.returncode}")


def _ends_soon(process: subprocess.Popen[bytes]) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS_BETWEEN_SIGNS_OF_LIFE)
    return process.returncode is not None


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main() -> int:
    """Build, or only say where the binary is or would be."""
    parser = argparse.ArgumentParser(description="Build the Collector of the tests, once.")
    parser.add_argument("--where", action="store_true", help="print the path without building")
    binary = cached_binary()
    if not parser.parse_args().where:
        try:
            build(binary)
        except CannotBuildError as error:
            _say(f"cannot build the Collector: {error}")
            return 1
    print(binary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
