"""The command `otel-crumbs view`: it receives, keeps and shows until it is interrupted."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from .groups import count_errors
from .program import run_program
from .serving import Address, AddressError, make_token, open_socket, serve_store
from .store import Store, find_default_file
from .store_error import StoreError

TOKEN_VARIABLE = "OTEL_CRUMBS_VIEW_TOKEN"  # noqa: S105 - its name
_GRPC_PORT = 4317
# Seconds that the first page has for itself.
_PATIENCE = 0.5
# Of what the terminal is told while it shows something else.
_MAX_NOTES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    The command line.

    Args:
        host: The address to listen on.
        port: For OTLP over HTTP and for browsers.
        file: The store; None means the default one.
        memory: Whether nothing is written to disk.
        keep_days: For so long events are kept.
        keep_bytes: So many are kept at most.
        open_browser: Whether a browser is opened.
        terminal: Whether the terminal shows it, too.
        read: Files and folders whose events are read first.
        program: A command to start, that sends here.

    """

    host: str = "127.0.0.1"
    port: int = 4318
    file: Path | None = None
    memory: bool = False
    keep_days: float = 30
    keep_bytes: int = 500 * 1024 * 1024
    open_browser: bool = False
    terminal: bool = False
    read: Sequence[Path] = ()
    program: Sequence[str] = ()


def run(options: Options) -> int:
    """Run the viewer, and return the exit code."""
    try:
        with ExitStack() as stack:
            listener = stack.enter_context(open_socket(options.host, options.port))
            store = stack.enter_context(open_store(options))
            store.prune()
            read_files(store, options.read)
            token = make_token(options.host, os.environ.get(TOKEN_VARIABLE))
            address = Address(host=options.host, port=listener.getsockname()[1], token=token)
            notes: deque[str] = deque(maxlen=_MAX_NOTES)
            on_failure = notes.append if options.terminal else warn
            serving = stack.enter_context(serve_store(store, address, listener, on_failure))
            ended = None if options.program else watch_signals()
            greet(store, address)
            if options.open_browser:
                open_browser(address.page, on_failure)
            # gRPC takes as long to import as the first page to show, which somebody waits for.
            serving.wait_for_page(_PATIENCE)
            open_grpc(stack, store, address, serving.announce)
            if ended is None:
                return run_program(options.program, address)
            if options.terminal:
                from .terminal import TerminalApp  # noqa: PLC0415 - needs the extra

                TerminalApp(store, address, notes, ended.is_set).run()
                return 0
            return wait_for_end(ended)
    except (AddressError, StoreError) as error:
        sys.stderr.write(f"otel-crumbs: {error}\n")
        return 1


def open_store(options: Options) -> Store:
    """Return the store that the options name."""
    file = None if options.memory else options.file or find_default_file()
    return Store(file, max_bytes=options.keep_bytes, max_age=options.keep_days * 86400)


def read_files(store: Store, paths: Sequence[Path]) -> None:
    """Read files and folders into the store."""
    if paths:
        from .read_files import read_into  # noqa: PLC0415 - only where something is read

        for path in paths:
            say(f"{path}: {read_into(store, path)} events")


def open_browser(page: str, on_failure: Callable[[str], None]) -> None:
    """Show a page in the user's browser, which may be a program that runs until it is closed."""
    import webbrowser  # noqa: PLC0415 - only where it is asked for

    def show() -> None:
        if not webbrowser.open(page):
            on_failure("no browser could be opened; the variable BROWSER names one")

    threading.Thread(target=show, name="otel-crumbs browser", daemon=True).start()


def open_grpc(stack: ExitStack, store: Store, address: Address, announce: Callable[[], None]) -> None:
    """Receive by gRPC, too, until the stack is closed, where that can be, and print where."""
    from .grpc_receiver import GrpcReceiver  # noqa: PLC0415 - takes long to import

    receiver = stack.enter_context(GrpcReceiver(store, address, _GRPC_PORT, announce))
    if receiver.endpoint:
        say(f"or to      {receiver.endpoint} (OTLP over gRPC)")


def greet(store: Store, address: Address) -> None:
    """Print where to look, and where to send."""
    groups, errors, _ = count_errors(store)
    say(f"look at    {address.page}")
    say(f"send to    {address.url} (OTLP over HTTP)")
    say(f"or to      {address.dsn} (DSN of sentry-sdk)")
    if address.token:
        say(f'           with OTEL_EXPORTER_OTLP_HEADERS="Authorization=Bearer%20{address.token}"')
    say(f"kept in    {store.file or 'memory'}: {errors} events of {groups} failures")


def say(line: str) -> None:
    """Print a line for people."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def warn(line: str) -> None:
    """Print a failure once, as it would come again with each request."""
    if line not in _warned:
        _warned.add(line)
        say(f"otel-crumbs: {line}")


_warned: set[str] = set()


def watch_signals() -> threading.Event:
    """Return an event that is set when a signal ends the viewer."""
    ended = threading.Event()
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: ended.set())
    return ended


def wait_for_end(ended: threading.Event) -> int:
    """Wait for Ctrl+C or a signal."""
    say("Ctrl+C ends it.")
    try:
        while not ended.wait(3600):
            pass
    except KeyboardInterrupt:
        sys.stderr.write("\n")
    return 0
