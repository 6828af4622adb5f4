"""The spool as an exporter's worker uses it: files that it keeps and finds, and pauses where the disk fails."""

from __future__ import annotations

import errno
import time
from bisect import insort
from collections.abc import Callable

from otel_crumbs.base.counters import counters
from otel_crumbs.base.guard import warn
from otel_crumbs.event import ErrorEvent

from .codec import NewerVersionError, UnreadableError, decode, encode
from .file_lock import LockedFile
from .private_folder import UnsafeFolderError
from .spool import Spool, SpoolLocation
from .spool_file import name_file

# How often to look for the events of other processes of the service.
_SECONDS_BETWEEN_LOOKS = 60.0
_SECONDS_TO_LOOK_AGAIN = 1.0
# A disk that is full, or a folder that is not there, may be mended.
_SECONDS_OF_PAUSE = 15.0
_NOT_WRITABLE = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR})


class ExporterSpool:
    """
    The spool of one exporter; nothing here raises.

    Args:
        place: Where spools are, None where there are none.
        exporter: The exporter's name.
        service: Returns the name of the service, as far as it is known now.

    """

    def __init__(self, place: SpoolLocation | None, *, exporter: str, service: Callable[[], str]) -> None:
        self.place = place
        self._exporter = exporter
        self._service = service
        self._spools: dict[str, Spool] = {}
        # As the last event had it: a process that ends may not be able to find out any more.
        self._known_service = ""
        self.reset_after_fork()

    def reset_after_fork(self) -> None:
        """Forget the files that were kept, as a forked child must: its parent delivers them."""
        # Names of the files that this process kept, and has not seen delivered.
        self.unacknowledged: set[str] = set()
        self._names: list[str] = []
        self._tried: list[str] = []
        self._next_look = 0.0
        # Whether somebody may have left something behind, which is worth a timer.
        self._expects_leftovers = False
        self._paused_until = 0.0
        for spool in self._spools.values():
            spool.reset_after_fork()

    @property
    def usable(self) -> bool:
        """Whether it makes sense to try and keep something."""
        return self.place is not None and time.monotonic() >= self._paused_until

    @property
    def folder(self) -> str:
        """The folder for all services, in words."""
        return str(self.place.folder) if self.place is not None else "memory"

    @property
    def where(self) -> str:
        """The place where events are kept, in words."""
        return f"kept in {self.folder if self.usable else 'memory'}"

    def find_spool(self) -> Spool | None:
        """Return the spool of the service as it is called now, None where there can be none."""
        return self._get_spool(self._known_service or self._service())

    def keep(self, event: ErrorEvent) -> bool:
        """Write an event to the spool; return whether it is there."""
        spool = self._find_spool_for(event) if self.usable else None
        if spool is None:
            return False
        try:
            deleted = spool.write(event, encode(event))
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            return False
        self._count_kept(event, deleted)
        insort(self._names, name_file(event))
        return True

    def keep_locked(self, event: ErrorEvent) -> LockedFile | None:
        """Write an event that is being sent at this moment, in case that the process does not see how it ends."""
        spool = self._find_spool_for(event) if self.usable else None
        if spool is None:
            return None
        try:
            file = spool.write_and_lock(event, encode(event))
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)
            return None
        self._count_kept(event, 0)
        return file

    def has_work(self) -> bool:
        """Return whether there is, or may be, something to deliver."""
        return bool(self.place is not None and (self._names or self._tried or self.seconds_to_next_look() <= 0))

    def seconds_to_next_look(self) -> float:
        """Return how long to wait before looking for the events of other processes."""
        return max(0.0, self._next_look - time.monotonic()) if self.place is not None else float("inf")

    def seconds_to_wait(self) -> float:
        """Return when to look again though nothing happens; a timer that is not needed keeps event loops awake."""
        return self.seconds_to_next_look() if self._expects_leftovers or self.unacknowledged else float("inf")

    def look_later(self, seconds: float = _SECONDS_BETWEEN_LOOKS) -> None:
        """Look for the events of other processes in so many seconds."""
        self._next_look = time.monotonic() + seconds
        self._expects_leftovers = self.place is not None

    def take_next(self) -> tuple[LockedFile, ErrorEvent] | None:
        """Return the next event that nobody else is delivering, None where there is none for now."""
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
        """Delete an event that needs no more delivery."""
        self.unacknowledged.discard(file.name)
        try:
            file.delete()
        except (OSError, UnsafeFolderError) as error:
            self._pause(error)

    def put_back(self, file: LockedFile) -> None:
        """Leave an event for later, behind those that were not tried yet."""
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
            return file, decode(file.read())
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
            self._names, self._tried = sorted(set(self._tried)), []
        if not self._names and self.seconds_to_next_look() <= 0:
            self.look_later()
            deleted = spool.delete_expired()
            counters.count("dropped", deleted, exporter=self._exporter, reason="too old")
            self._names = list(spool.look().waiting)
            self._expects_leftovers = bool(self._names)
            # Files that are gone were delivered by another process.
            self.unacknowledged.intersection_update(self._names)
        return self._names.pop(0) if self._names else None

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
        if self.place is None:
            return None
        if service not in self._spools:
            try:
                made = self.place.open_spool(service, self._exporter)
            except (OSError, RuntimeError) as error:  # there is no home
                self._pause(OSError(errno.ENOENT, str(error)))
                return None
            if made is None:
                return None
            self._spools[service] = made
        return self._spools[service]

    def _pause(self, error: OSError | UnsafeFolderError) -> None:
        self._paused_until = time.monotonic() + _SECONDS_OF_PAUSE
        by_default = self.place is None or self.place.base is None
        if by_default and isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
            return  # nobody asked for a spool, and there can be none
        warn(
            f"spool {error}",
            "otel_crumbs cannot keep undelivered error events on disk, so they wait in memory: %s",
            error,
        )
