"""
The file beside a recording into which `faulthandler` writes the stacks of all threads when the process crashes.

A process has one such handler, which writes to one file. Where the application has it on already, its output stays
where it is, and a crash has no stacks here. Where it has not, it sees nothing of ours: the handler seems to be off, and
is the application's as soon as it wants it.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Any

from otel_crumbs.base.patching import Patch, Undo, combine, replace
from otel_crumbs.export.spool.private_folder import PrivateFolder

from .layout import STACKS_SUFFIX, SUFFIX


class StacksFile:
    """
    The file of this process.

    Args:
        folder: The folder of all recordings.

    """

    def __init__(self, folder: PrivateFolder) -> None:
        self._folder = folder
        self._file: int | None = None
        self._name = ""
        self._undo: Undo | None = None
        self._enable: Any = None
        self._disable: Any = None

    def begin(self, recording: str) -> None:
        """Have the stacks written beside a recording, unless the application has them written elsewhere."""
        import faulthandler  # noqa: PLC0415 - only where it is used

        if faulthandler.is_enabled():
            return
        self._name = recording.removesuffix(SUFFIX) + STACKS_SUFFIX
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
        with suppress(OSError), self._folder.open() as folder:
            file = os.open(self._name, flags, 0o600, dir_fd=folder)
            self._undo = self._undo or combine(
                replace(faulthandler, "enable", self._make_enable),
                replace(faulthandler, "disable", self._make_disable),
                replace(faulthandler, "is_enabled", self._make_is_enabled),
            )
            self._enable(file=file, all_threads=True)
            self._file = file

    def _make_enable(self, original: Any, patch: Patch) -> Any:
        self._enable = original

        def enable(*args: Any, **options: Any) -> None:
            original(*args, **options)
            if patch.active:
                # The handler is the application's from here on.
                self._file = None

        return enable

    def _make_disable(self, original: Any, patch: Patch) -> Any:
        self._disable = original

        def disable() -> bool:
            if patch.active and self._file is not None:
                # The application has not enabled it.
                return False
            was_enabled: bool = original()
            return was_enabled

        return disable

    def _make_is_enabled(self, original: Any, patch: Patch) -> Any:
        def is_enabled() -> bool:
            enabled: bool = original()
            return enabled and not (patch.active and self._file is not None)

        return is_enabled

    def renew(self) -> None:
        """Have the stacks written at SIGABRT again, for which the application has just set a handler: it is next."""
        file, handler = self._file, signal.getsignal(signal.SIGABRT)
        if file is not None:
            self._disable()
            if handler is not None:
                signal.signal(signal.SIGABRT, handler)
            self._enable(file=file, all_threads=True)

    def close(self) -> None:
        """Have none written into this file, as a forked child must."""
        file, self._file = self._file, None
        if file is not None:
            handler = signal.getsignal(signal.SIGABRT)
            self._disable()
            if callable(handler):
                # It went with the handler of `faulthandler`, which had come after it.
                with suppress(ValueError):
                    signal.signal(signal.SIGABRT, handler)
            os.close(file)

    def delete(self) -> None:
        """Delete the file: the process ends well."""
        self.close()
        if self._undo is not None:
            self._undo()
            self._undo = None
        if self._name:
            with suppress(OSError), self._folder.open() as folder:
                os.unlink(self._name, dir_fd=folder)
