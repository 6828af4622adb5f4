"""The spool of one exporter: events that are kept and found, and pauses while the disk fails."""

from __future__ import annotations

import errno
import time
from bisect import insort
from collections.abc import Callable

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import warn
from otel_crumbs.event import ErrorEvent

from .codec import NewerVersionError, UnreadableError, decode_event, encode_event
from .file_lock import LockedFile
from .location import SpoolLocation
from .private_folder import UnsafeFolderError
from .spool import Spool
from .spool_file import name_file

# How often to look for the events of other processes of the service.
_SECONDS_BETWEEN_LOOKS = 60.0
_SECONDS_TO_LOOK_AGAIN = 1.0
# A full disk, or a folder that cannot be made, is tried again after this.
_SECONDS_OF_PAUSE = 15.0
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR})


class ExporterSpool:
    """
    The spool as the worker of an exporter uses it: failures of the disk are warned of and raise nothing.

    One thread takes events, and several may keep some at the same time, without
    a lock: what they share is changed in single calls.

    Args:
        location: The folder of all spools, None if nothing is kept on disk.
        exporter: The exporter's name.
        service: Returns the name of the service, as far as it is known now.

    """

    def __init__(self, location: SpoolLocation | None, *, exporter: str, service: Callable[[], str]) -> None:
        self.location = location
        self._exporter = exporter
        self._service = service
        self._spools: dict[str, Spool] = {}
        # The service's name in the last event; at the end of a process it may be too late to ask for it.
        self._known_service = ""
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the files that were kept, as a forked child must: its parent delivers them."""
        # The names of the files that this process wrote, and that were not delivered as far as it knows.
        self.unacknowledged: set[str] = set()
        self._names: list[str] = []
        self._tried: list[str] = []
        self._next_look = 0.0
        # Whether events of other processes may be there, so that the worker must look for them at a certain time.
        self._expects_others = False
        self._looked = False
        self._paused_until = 0.0
        for spool in self._spools.values():
            spool.reset_after_fork()

    @property
    def usable(self) -> bool:
        """Whether an event can be kept on disk, as far as is known."""
        return self.location is not None and time.monotonic() >= self._paused_until

    @property
    def folder(self) -> str:
        """The folder for all services, for the log."""
        return str((self.location and self.location.folder) or "memory")

    @property
    def where(self) -> str:
        """Whether events are kept on disk or in memory, in words for the log."""
        return f"kept in {self.folder if self.usable else 'memory'}"

    def find_spool(self) -> Spool | None:
        """Return the spool of this service, None where there can be none."""
        return self._get_spool(self._known_service or self._service())

    def keep(self, event: ErrorEvent) -> bool:
        """Write an event to the spool, and return whether it is there."""
        spool = self._find_spool_for(event) if self.usable else None
        if spool is None:
            return False
        try:
            deleted = spool.write(event, encode_event(event))
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            return False
        # Before it is counted: lines are logged there, and handlers may take their time.
        insort(self._names, name_file(event))
        self._count_kept(event, deleted)
        return True

    def keep_locked(self, event: ErrorEvent) -> LockedFile | None:
        """Write an event that is in flight, since the process may end before the response; return the locked file."""
        spool = self._find_spool_for(event) if self.usable else None
        if spool is None:
            return None
        try:
            file = spool.write_and_lock(event, encode_event(event))
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            return None
        self._count_kept(event, 0)
        return file

    def has_work(self) -> bool:
        """Return whether there may be an event to deliver."""
        return bool(self.location is not None and (self._names or self._tried or self.seconds_to_next_look() <= 0))

    def seconds_to_next_look(self) -> float:
        """Return for how many seconds not to look for the events of other processes."""
        return max(0.0, self._next_look - time.monotonic()) if self.location is not None else float("inf")

    def seconds_to_wait(self) -> float:
        """Return in how many seconds the worker must look by itself, infinity if it need not wake up for that."""
        return self.seconds_to_next_look() if self._expects_others or self.unacknowledged else float("inf")

    def look_later(self, seconds: float = _SECONDS_BETWEEN_LOOKS) -> None:
        """Look for the events of other processes *seconds* from now."""
        self._next_look = time.monotonic() + seconds
        self._expects_others = self.location is not None

    def look_early(self) -> bool:
        """Look at once for the events of earlier processes if that was not done yet, and return whether it was not."""
        if self._looked or not self._expects_others:
            return False
        self._next_look = 0.0
        return True

    def take_next(self) -> tuple[LockedFile, ErrorEvent] | None:
        """Return the next event that no other process is delivering, None if there is none for now."""
        spool = self.find_spool()
        try:
            while spool is not None and (name := self._find_next_name(spool)) is not None:
                opened = self._open(spool, name)
                if opened is not None:
                    return opened
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            self.look_later()
        return None

    def delete(self, file: LockedFile) -> None:
        """Delete the file of an event that was delivered or refused."""
        self.unacknowledged.discard(file.name)
        try:
            file.delete()
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)

    def retry_later(self, file: LockedFile) -> None:
        """Release the file of an event, to be tried again behind those that were not tried yet."""
        self._tried.append(file.name)
        file.release()

    def _open(self, spool: Spool, name: str) -> tuple[LockedFile, ErrorEvent] | None:
        try:
            file = spool.lock(name)
        except BlockingIOError:
            if name in self.unacknowledged:
                self.look_later(_SECONDS_TO_LOOK_AGAIN)
            return None
        if file is None:
            self.unacknowledged.discard(name)
            return None
        try:
            return file, decode_event(file.read())
        except NewerVersionError:
            file.release()
        except UnreadableError as error:
            self.unacknowledged.discard(name)
            file.set_aside()
            self._warn_of_unreadable(spool, name, error)
        return None

    def _warn_of_unreadable(self, spool: Spool, name: str, error: UnreadableError) -> None:
        counters.count("dropped", exporter=self._exporter, reason="unreadable")
        warn(
            f"unreadable {spool.path}",
            "otel_crumbs cannot read %s and sets it aside as %s.unreadable: %s",
            spool.path / name,
            name,
            error,
        )

    def _find_next_name(self, spool: Spool) -> str | None:
        if not self._names and self._tried:
            while self._tried:
                insort(self._names, self._tried.pop())
        if not self._names and self.seconds_to_next_look() <= 0:
            self._look(spool)
        try:
            return self._names.pop(0)
        except IndexError:
            return None

    def _look(self, spool: Spool) -> None:
        """Find the events of all processes of the service."""
        self._looked = True
        self.look_later()
        deleted = spool.delete_expired()
        counters.count("dropped", deleted, exporter=self._exporter, reason="too old")
        known = self.unacknowledged.copy()
        found = spool.look().waiting
        self._expects_others = bool(found)
        # A file that does not exist any more was delivered by another process.
        self.unacknowledged.difference_update(known.difference(found))
        # Another thread may have kept one in the meantime.
        for name in set(found).difference(self._names):
            insort(self._names, name)

    def _count_kept(self, event: ErrorEvent, deleted: int) -> None:
        self.unacknowledged.add(name_file(event))
        counters.count("spooled", exporter=self._exporter)
        counters.count("dropped", deleted, exporter=self._exporter, reason="spool full")
        if deleted:
            warn(
                f"spool full {self._exporter}",
                "otel_crumbs deleted %d undelivered error events: the spool of the exporter %r is full. "
                "Remedy: a larger OTEL_CRUMBS_SPOOL_MAX_BYTES",
                deleted,
                self._exporter,
            )

    def _find_spool_for(self, event: ErrorEvent) -> Spool | None:
        self._known_service = str(event.resource.get("service.name") or self._service())
        return self._get_spool(self._known_service)

    def _get_spool(self, service: str) -> Spool | None:
        if self.location is None:
            return None
        if service not in self._spools:
            try:
                made = self.location.open_spool(service, self._exporter)
            except UnsafeFolderError as error:
                self._pause(error)
                self.location = None  # and will have none
                return None
            if made is None:
                return None
            return self._spools.setdefault(service, made)
        return self._spools[service]

    def _pause(self, error: OSError | UnsafeFolderError) -> None:
        self._paused_until = time.monotonic() + _SECONDS_OF_PAUSE
        by_default = self.location is None or self.location.base is None
        if by_default and isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
            return  # the folder is the default and not the user's choice, so there is nothing to warn of
        warn(
            f"spool {error}",
            "otel_crumbs cannot keep undelivered error events on disk, so they wait in memory: %s",
            error,
        )
