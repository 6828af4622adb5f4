"""The spool of one exporter: events that are kept and found, and pauses while the disk fails."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Sequence

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import warn
from otel_crumbs.event import ErrorEvent

from .codec import NewerVersionError, UnreadableError, decode_events, encode_events
from .file_lock import LockedFile
from .location import SpoolLocation
from .names import WaitingNames
from .private_folder import UnsafeFolderError
from .spool import Spool
from .spool_file import count_events, mark_destination, name_file

# How often to look for the events of other processes of the service.
_SECONDS_BETWEEN_LOOKS = 60.0
_SECONDS_TO_LOOK_AGAIN = 1.0
# Who delivers an event may be killed in the middle of it.
_SECONDS_TO_LOOK_AFTER_OTHERS = 10.0
# A full disk, or a folder that cannot be made, is tried again after this.
_SECONDS_OF_PAUSE = 15.0
# As long as the receiver is away nothing is gained by knowing all files of others: some are tried.
_LOOKED_AT_ONCE = 256
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR})

Found = tuple[list[LockedFile], list[ErrorEvent]]


class ExporterSpool:
    """
    The spool as the worker of an exporter uses it: failures of the disk are warned of and raise nothing.

    One thread takes events, and several may keep some at the same time, without
    a lock: what they share is changed in single calls.

    Args:
        location: The folder of all spools, None if nothing is kept on disk.
        exporter: The exporter's name.
        service: Returns the name of the service, as far as it is known now.
        destination: The address of the exporter's receiver, without secrets; empty where it is not known.

    """

    def __init__(
        self, location: SpoolLocation | None, *, exporter: str, service: Callable[[], str], destination: str = ""
    ) -> None:
        self.location = location
        self._exporter = exporter
        self._service = service
        self._destination = mark_destination(destination)
        self._spools: dict[str, Spool] = {}
        # The service's name in the last event; at the end of a process it may be too late to ask for it.
        self._known_service = ""
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the files that were kept, as a forked child must: its parent delivers them."""
        # The files that this process wrote, and that were not delivered as far as it knows, by name: the spool of each,
        # for the death of another process may be that of another service, and the number of its events.
        self._unacknowledged: dict[str, tuple[Spool, int]] = {}
        self._names = WaitingNames()
        self._next_look = 0.0
        # Whether events of other processes may be there, so that the worker must look for them at a certain time.
        self._expects_others = False
        self._looked = False
        # Whether the receiver took the last event of the spool.
        self._receiver_answers = False
        # Whether the last look was at some of the files only.
        self._knows_some = False
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

    def count_unacknowledged(self) -> int:
        """Return how many events this process wrote that were not delivered as far as it knows."""
        return sum(count for _, count in self._unacknowledged.copy().values()) if self._unacknowledged else 0

    def find_spool(self) -> Spool | None:
        """Return the spool of this service, None where there can be none."""
        return self._get_spool(self._known_service or self._service())

    def keep(self, events: Sequence[ErrorEvent]) -> bool:
        """Write events to one file of the spool, and return whether they are there."""
        name = self._write(events, lambda spool, name, data: spool.write(name, data))
        if name is None:
            return False
        self._names.add(name)
        return True

    def keep_locked(self, events: Sequence[ErrorEvent]) -> LockedFile | None:
        """Write events that are in flight, since the process may end before the response; return the locked file."""
        files: list[LockedFile] = []

        def write(spool: Spool, name: str, data: bytes) -> int:
            files.append(spool.write_and_lock(name, data))
            return 0

        return files[0] if self._write(events, write) is not None else None

    def has_work(self) -> bool:
        """Return whether there may be an event to deliver."""
        return self.location is not None and (bool(self._names) or self.seconds_to_next_look() <= 0)

    def seconds_to_next_look(self) -> float:
        """Return for how many seconds not to look for the events of other processes."""
        return max(0.0, self._next_look - time.monotonic()) if self.location is not None else float("inf")

    def seconds_to_wait(self) -> float:
        """Return in how many seconds the worker must look by itself, infinity if it need not wake up for that."""
        return self.seconds_to_next_look() if self._expects_others or self._unacknowledged else float("inf")

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

    def take_next(self, at_most: int = 1) -> Found | None:
        """
        Return the next events that no other process is delivering, with their files; None if there are none for now.

        Args:
            at_most: How many files of one event each may be taken together; a file of several is taken alone.

        """
        spool = self.find_spool()
        try:
            while spool is not None and (names := self._find_next_names(spool, at_most)):
                opened = [each for name in names if (each := self._open(spool, name)) is not None]
                if opened:
                    return [file for file, _ in opened], [event for _, events in opened for event in events]
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            self.look_later()
        return None

    def note_answer(self) -> None:
        """Remember that the receiver took events, or refused them."""
        if not self._receiver_answers:
            self._receiver_answers = True
            if self._knows_some:
                # Now it pays to know them all, and which of them come first.
                self._next_look = 0.0
                self._names.clear()

    def delete(self, files: Sequence[LockedFile]) -> None:
        """Delete the files of events that are done with, or are in another file."""
        for file in files:
            try:
                file.delete()
            except (OSError, UnsafeFolderError) as error:
                self._pause(error)
            # Last, for a flush ends with this, and the process may be killed then.
            self._unacknowledged.pop(file.name, None)
        for spool in self._spools.values():
            spool.note_deletion()

    def retry_later(self, files: Sequence[LockedFile], *, at_once: bool = False) -> None:
        """
        Release the files of events, to be tried again together.

        Args:
            files: The files.
            at_once: Whether they come next, and not behind those that were not tried yet.

        """
        self._receiver_answers = at_once
        self._names.put_back(tuple(file.name for file in files), at_once=at_once)
        for file in files:
            file.release()

    def _write(self, events: Sequence[ErrorEvent], write: Callable[[Spool, str, bytes], int]) -> str | None:
        spool = self._find_spool_for(events[0]) if self.usable else None
        if spool is None:
            return None
        name = name_file(events, self._destination)
        try:
            deleted = write(spool, name, encode_events(events))
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            return None
        self._unacknowledged[name] = (spool, len(events))
        self._count_kept(len(events), deleted)
        return name

    def _open(self, spool: Spool, name: str) -> tuple[LockedFile, tuple[ErrorEvent, ...]] | None:
        spool = self._unacknowledged.get(name, (spool, 0))[0]
        try:
            file = spool.lock(name)
        except BlockingIOError:
            is_own = name in self._unacknowledged
            seconds = _SECONDS_TO_LOOK_AGAIN if is_own else _SECONDS_TO_LOOK_AFTER_OTHERS
            self.look_later(min(seconds, self.seconds_to_next_look()))
            self._names.skip()
            return None
        if file is None:
            self._unacknowledged.pop(name, None)
            return None
        try:
            return file, decode_events(file.read(), count_events(name))
        except NewerVersionError:
            file.release()
        except UnreadableError as error:
            self._unacknowledged.pop(name, None)
            file.set_aside()
            self._warn_of_unreadable(spool, name, error)
        return None

    def _warn_of_unreadable(self, spool: Spool, name: str, error: UnreadableError) -> None:
        counters.count("dropped", count_events(name), exporter=self._exporter, reason="unreadable")
        warn(
            f"unreadable {spool.path}",
            "otel_crumbs cannot read %s and sets it aside as %s.unreadable: %s",
            spool.path / name,
            name,
            error,
        )

    def _find_next_names(self, spool: Spool, at_most: int) -> tuple[str, ...]:
        if not self._names and self.seconds_to_next_look() <= 0:
            self._look(spool)
        return self._names.take(at_most)

    def _look(self, spool: Spool) -> None:
        """Find the events of all processes of the service, or some of them while the receiver is away."""
        self._looked = True
        self.look_later()
        written = self._unacknowledged.copy()
        known = {name for name, (its, _) in written.items() if its is spool}
        found, complete = spool.find_waiting(None if self._receiver_answers else _LOOKED_AT_ONCE)
        self._knows_some = not complete
        self._expects_others = bool(found)
        if complete:
            deleted = spool.delete_expired()
            counters.count("dropped", deleted, exporter=self._exporter, reason="too old")
            # A file that does not exist any more was delivered by another process.
            for name in known.difference(found):
                self._unacknowledged.pop(name, None)
        self._names.add_all([*found, *(name for name in written if name not in known)])

    def _count_kept(self, kept: int, deleted: int) -> None:
        counters.count("spooled", kept, exporter=self._exporter)
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
                made = self.location.open_spool(service, self._exporter, self._destination)
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
