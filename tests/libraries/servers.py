"""Servers of Debian's packages on free loopback ports, stopped by the process that started them."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.loopback import free_port

SECONDS_TO_START = 30.0
SECONDS_TO_COMPILE = 600
MONGODB = Path(__file__).parent / "mongodb"
# Debian keeps the server's programs of each release apart.
MARIADB_FOLDERS = ("/usr/sbin",)
POSTGRESQL_FOLDERS = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)


class NotInstalledError(Exception):
    """A server that a test needs is not on this machine."""


def find_program(name: str, *folders: str) -> str:
    """Return where a program is."""
    found = shutil.which(name, path=os.pathsep.join([*folders, *os.get_exec_path()]))
    if found is None:
        raise NotInstalledError(f"{name} is not installed; Debian has it as mariadb-server, postgresql or redis-server")
    return found


def answers(port: int) -> bool:
    """Return whether somebody listens on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def wait_until(condition: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server is there."""
    deadline = time.monotonic() + SECONDS_TO_START
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the server did not start:\n{log.read_text(encoding='utf-8', errors='replace')}")
        time.sleep(0.05)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop a server that we started."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def redis_server() -> Iterator[int]:
    """Run a Redis that keeps nothing; give its port."""
    program = find_program("redis-server")
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with tempfile.TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        process = subprocess.Popen([program, *options], cwd=folder, stdout=output, stderr=output)
        try:
            wait_until(lambda: answers(port), process, log)
            yield port
        finally:
            stop(process)


@contextmanager
def postgresql_server() -> Iterator[int]:
    """Run a PostgreSQL with an empty database `postgres`, whose user `crumbs` needs no password; give its port."""
    initdb, postgres = (find_program(name, *POSTGRESQL_FOLDERS) for name in ("initdb", "postgres"))
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        user = owner_of_the_data()
        if user is not None:
            Path(folder).chmod(0o755)
        data = Path(folder) / "data"
        data.mkdir(mode=0o700)
        if user is not None:
            shutil.chown(data, user)
        make = [initdb, "--pgdata", str(data), "--username", "crumbs", "--auth", "trust", "--no-sync", "-E", "UTF8"]
        subprocess.run(make, check=True, cwd=data, stdout=output, stderr=output, user=user)
        run = [postgres, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", "", "-F"]
        process = subprocess.Popen(run, cwd=data, stdout=output, stderr=output, user=user)
        try:
            wait_until(lambda: is_ready(data), process, log)
            yield port
        finally:
            stop(process)


@contextmanager
def mongodb_server() -> Iterator[int]:
    """Run a server that speaks MongoDB's protocol, which Go compiles here; give its port."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        program = compile_mongodb(Path(folder))
        data = Path(folder) / "data"
        data.mkdir()
        # It ends with its input, and keeps some of its state in its home.
        process = subprocess.Popen(
            [program, str(port), str(data)],
            cwd=folder,
            env={**os.environ, "HOME": folder, "XDG_STATE_HOME": folder},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
        )
        try:
            wait_until(lambda: answers(port), process, log)
            yield port
        finally:
            stop(process)


def compile_mongodb(folder: Path) -> str:
    """Compile the server into a folder, and return where it is; Go keeps what it compiled for the next time."""
    go = shutil.which("go")
    if go is None:
        raise NotInstalledError("Go is not installed, which compiles a server that speaks MongoDB's protocol")
    program = str(folder / "mongodb")
    done = subprocess.run(
        [go, "build", "-o", program, "."],
        capture_output=True,
        check=False,
        cwd=MONGODB,
        env={**os.environ, "GOTOOLCHAIN": "auto"},
        text=True,
        timeout=SECONDS_TO_COMPILE,
    )
    if done.returncode != 0:
        raise NotInstalledError(f"Go cannot compile a server that speaks MongoDB's protocol: {done.stderr[-200:]}")
    return program


@contextmanager
def mariadb_server() -> Iterator[int]:
    """Run a MariaDB with an empty database `test`, which asks nobody for a password; give its port."""
    make, program = (find_program(name, *MARIADB_FOLDERS) for name in ("mariadb-install-db", "mariadbd"))
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, (log := Path(folder) / "log").open("wb") as output:
        data = Path(folder) / "data"
        user = ["--user=root"] if os.geteuid() == 0 else []
        common = ["--no-defaults", f"--datadir={data}", *user]
        subprocess.run([make, *common, "--skip-name-resolve"], check=True, cwd=folder, stdout=output, stderr=output)
        options = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={folder}/socket", "--skip-grant-tables"]
        run = [program, *common, *options, "--skip-networking=0", f"--pid-file={folder}/pid"]
        process = subprocess.Popen(run, cwd=folder, stdout=output, stderr=output)
        try:
            wait_until(lambda: answers(port), process, log)
            yield port
        finally:
            stop(process)


def is_ready(data: Path) -> bool:
    """Return whether PostgreSQL says, in its own file, that it takes connections."""
    state = data / "postmaster.pid"
    return state.exists() and "ready" in state.read_text(encoding="utf-8")


def owner_of_the_data() -> str | None:
    """Return whom PostgreSQL runs as: it refuses to run as root; None for whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise NotInstalledError("PostgreSQL does not run as root, and there is no user postgres or nobody")
