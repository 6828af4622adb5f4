"""A branch: one thread or asyncio task, inside an operation or outside any, and the entries it left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

from otel_crumbs.base.counters import recorded

from . import runner as here
from .entry import Entry
from .ring import OwnRing, Ring
from .runner import name_of

if TYPE_CHECKING:
    from asyncio import Task

    from .operation import Operation

# A chain of tasks that start each other without end must not keep all of its
# ancestors alive: deeper than this, a branch hangs on the root instead.
MAX_DEPTH = 32

_tick = recorded.tick


class Branch:
    """
    The trail of one thread or task: the entries that it recorded, and those of its descendants.

    A branch sees its own entries and its ancestors'; a parent sees its
    children's; siblings never see each other's.
    """

    __slots__ = ("__weakref__", "_task", "_thread", "below", "depth", "name", "operation", "own", "parent")

    def __init__(
        self,
        size: int,
        operation: Operation | None = None,
        parent: Branch | None = None,
        *,
        of_thread: bool = False,
    ) -> None:
        self.operation = operation
        self.own = OwnRing(size)
        self.below: Ring | None = None
        running = threading.get_ident() if of_thread else here.find_runner()
        # A strong reference to a task would close the circle task -> context -> branch -> task.
        self._task: ref[Task[Any]] | None = None if isinstance(running, int) else ref(running)
        self._thread = running if isinstance(running, int) else 0
        self.name: str | None = None
        self.parent: Branch | None = None
        self.depth = 0
        if parent is not None:
            self.name = name_of(running)
            self.parent = parent if parent.depth < MAX_DEPTH else parent.root
            self.depth = self.parent.depth + 1

    @property
    def root(self) -> Branch:
        """The branch that has no parent: the operation's, or the thread's own."""
        branch = self
        while branch.parent is not None:
            branch = branch.parent
        return branch

    @property
    def widest_branch(self) -> Branch:
        """The widest branch of the same work: the operation's first, else that of the task that started the thread."""
        if self.operation is not None:
            return self.root
        parent = self.parent
        if parent is None or self._task is not None or parent._task is None:  # noqa: SLF001 - it is a branch, too
            return self
        return parent

    def is_current(self) -> bool:
        """Return whether the branch's own thread or task is the one that runs now."""
        loop = here.running_loop()
        if loop is None or (task := here.current_task(loop)) is None:
            return self._thread == threading.get_ident()
        return self._task is not None and self._task() is task

    def append(self, entry: Entry) -> None:
        """Add an entry here, where the ancestors see it too."""
        # The body of Ring.append() without the call: this runs at every span's end, note and log line.
        _tick()
        own = self.own
        last = own.last
        last.append(entry)
        if len(last) > own.limit:
            own.make_room()
        if self.parent is not None:
            self._append_to_ancestors(entry)

    def clear(self) -> None:
        """Forget the entries."""
        self.own = OwnRing(self.own.size)
        self.below = None

    def iterate_lineage(self) -> Iterator[Branch]:
        """Iterate over this branch and its ancestors."""
        branch: Branch | None = self
        while branch is not None:
            yield branch
            branch = branch.parent

    def sees(self, other: Branch) -> bool:
        """Return whether *other* is this branch, an ancestor or a descendant."""
        return other in self.iterate_lineage() or self in other.iterate_lineage()

    def _append_to_ancestors(self, entry: Entry) -> None:
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.below is None:
                ancestor.below = Ring(self.own.size)
            ancestor.below.append(entry)
            ancestor = ancestor.parent

    def iterate_rings(self) -> Iterator[Ring]:
        """Iterate over all that this branch sees."""
        if self.below is not None:
            yield self.below
        for branch in self.iterate_lineage():
            yield branch.own
