"""A branch: one thread or asyncio task, inside an operation or outside any, and the entries it left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from weakref import ref

from otel_crumbs.base.counters import evicted, recorded

from . import runner as here
from .entry import Entry, is_entry, settle_entries
from .ring import MAX_NEWEST, Ring
from .runner import name_of

if TYPE_CHECKING:
    from asyncio import Task

    from opentelemetry.trace import SpanContext

    from .open_spans import OpenSpans
    from .operation import Operation

# A chain of tasks that start each other without end must not keep all of its
# ancestors alive: deeper than this, a branch hangs on the root instead.
MAX_DEPTH = 32

# Spans that the application keeps open for ever keep no more branches than this.
MAX_BRANCHES = 10_000

_ticks = recorded.ticks

# The branches of the process, in the order in which they were made.
_branches: dict[ref[Branch], None] = {}
_forget = _branches.pop


class Branch(Ring):
    """
    The trail of one thread or task: a ring of the entries that it recorded, beside one for those of its descendants.

    A branch sees its own entries and its ancestors'; a parent sees its
    children's; siblings never see each other's.
    """

    # What every branch is asked for at every span and note; the rest is in its `__dict__`, which few need.
    __slots__ = (
        "__dict__",
        "__weakref__",
        "_runs_in",
        "_task",
        "_thread",
        "me",
        "name",
        "open_spans",
        "operation",
        "parent",
        "root_context",
        "root_span",
    )

    _task_id = 0
    below: Ring | None = None
    depth = 0
    children: set[ref[Branch]] | None = None

    def __init__(
        self,
        size: int,
        operation: Operation | None = None,
        parent: Branch | None = None,
        *,
        of_thread: bool = False,
    ) -> None:
        # The body of Ring.__init__() without the call: every request has a branch.
        self.size = size
        self.newest = []
        self._older = None
        self.operation = operation
        # Of the span that opened the operation, if one did.
        self.root_context: SpanContext | None = None
        # The span itself, until somebody asks for the open spans: most end before, and need no table.
        self.root_span: ref[Any] | None = None
        self.open_spans: OpenSpans | None = None
        self.name: str | None = None
        self.parent: Branch | None = None
        # A strong reference to a task would close the circle task -> context -> branch -> task.
        self._task: ref[Task[Any]] | None = None
        task = None if of_thread or here.running_loop() is None else here.find_task()
        # Looked up at each call: gevent replaces it to tell greenlets apart.
        self._thread = self._runs_in = threading.get_ident()
        if task is not None:
            self._thread = 0
            self._task, self._task_id = ref(task), id(task)
            if not hasattr(type(task), "get_loop"):
                self._runs_in = 0  # a task of a library's own, of which asyncio itself has to be asked
        # How spans in the ring know the branch: a strong reference would close the circle branch -> span -> branch.
        # It is put into the table at once, where it gets its hash: without one, its callback fails.
        _branches[me := ref(self, _forget)] = None
        self.me = me
        if len(_branches) > MAX_BRANCHES:
            _release_oldest_branches()
        if parent is not None:
            self.name = name_of(task or self._thread)
            self._attach_to(parent if parent.depth < MAX_DEPTH else parent.root)

    @property
    def root(self) -> Branch:
        """The branch that has no parent: the operation's, or the thread's own."""
        branch = self
        while branch.parent is not None:
            branch = branch.parent
        return branch

    @property
    def thread(self) -> int:
        """The identity of the branch's thread, 0 where it is a task's."""
        return self._thread

    @property
    def task(self) -> Task[Any] | None:
        """The branch's task, None where it is a thread's, or the task is gone."""
        return None if self._task is None else self._task()

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

    def is_of_task(self, task: Any) -> bool:
        """Return whether the branch is a task's, which the garbage collector may be about to free."""
        # By then no reference has it any more; while it is here, nothing else has its identity.
        return self._task is not None and self._task() in (task, None) and self._task_id == id(task)

    def has_failed_with(self, error: BaseException) -> bool:
        """Return whether the branch is a task's that ended with an exception."""
        # Asking by the method would keep asyncio from logging an exception that nobody asked for.
        return self._task is not None and getattr(self._task(), "_exception", None) is error

    def append(self, entry: Entry) -> None:
        """Add an entry here, where the ancestors see it too."""
        # The body of Ring.append() without the call: this runs at every span's end, note and log line.
        next(_ticks)
        newest = self.newest
        newest.append(entry)
        if len(newest) > MAX_NEWEST:
            self.make_room()
        if self.parent is not None:
            self._append_to_ancestors(entry)

    def clear(self) -> None:
        """Forget the entries."""
        super().__init__(self.size)
        self.below = None

    def iterate_lineage(self) -> Iterator[Branch]:
        """Iterate over this branch and its ancestors."""
        branch: Branch | None = self
        while branch is not None:
            yield branch
            branch = branch.parent

    def iterate_descendants(self) -> Iterator[Branch]:
        """Iterate over the branches below this one."""
        for child in tuple(self.children or ()):
            branch = child()
            if branch is not None:
                yield branch
                yield from branch.iterate_descendants()

    def find_open_span(self, span_id: int) -> Any | None:
        """Return a span that started here and is open; None if there is none of that id."""
        return next((span for span in self.iterate_open_spans() if span._context.span_id == span_id), None)  # noqa: SLF001 - no property

    def iterate_open_spans(self) -> Iterator[Any]:
        """Iterate over the spans that started here and are open."""
        self._keep_root_span()
        if self.open_spans is not None:
            yield from self.open_spans.iterate_spans()
        newest: list[Any] = [*self.newest]
        for item in newest:
            if not is_entry(item) and item._events._otel_crumbs_branch is not None:  # noqa: SLF001 - see `open_spans`
                yield item

    def capture_open_spans(self) -> Iterator[Entry]:
        """Iterate over entries for the open spans that this branch sees, as they are now."""
        # Those among the newest entries are open spans of the branch from then on.
        self.root.make_room()
        for branch in (*self.iterate_lineage(), *self.iterate_descendants()):
            branch._keep_root_span()  # noqa: SLF001 - it is a branch, too
            opened = branch.open_spans
            capture = None if opened is None else opened.kind.capture_open
            if opened is not None and capture is not None:
                for span in opened.iterate_spans():
                    entry = capture(branch, span)
                    if entry is not None:
                        yield entry

    def forget_open_spans(self) -> None:
        """Have no open spans, as if they had started before anybody looked."""
        for span in self.iterate_open_spans():
            span._events._otel_crumbs_branch = None  # noqa: SLF001 - see `open_spans`
        if self.open_spans is not None:
            self.open_spans.clear()

    def release_open_spans(self) -> None:
        """Have spans that are still open, here and below, keep no branch alive."""
        for branch in (self, *self.iterate_descendants()):
            branch.release_own_open_spans()

    def release_own_open_spans(self) -> None:
        """Have spans that are still open here not keep the branch alive."""
        self._keep_root_span()
        if self.open_spans is not None:
            self.open_spans.release()

    def _keep_root_span(self) -> None:
        """Have the root span be one of the open spans, if it has not ended."""
        root_span, self.root_span = self.root_span, None
        span = None if root_span is None else root_span()
        if span is not None and span._events._otel_crumbs_branch is not None:  # noqa: SLF001 - see `open_spans`
            settle_entries([span])

    def _attach_to(self, parent: Branch) -> None:
        self.parent = parent
        self.depth = parent.depth + 1
        if parent.children is None:
            parent.children = set()
        siblings = parent.children
        siblings.add(ref(self, siblings.discard))

    def _count_evicted(self, number: int) -> None:
        evicted.add(number)

    def _append_to_ancestors(self, entry: Entry) -> None:
        ancestor = self.parent
        while ancestor is not None:
            if ancestor.below is None:
                ancestor.below = Ring(self.size)
            ancestor.below.append(entry)
            ancestor = ancestor.parent

    def iterate_rings(self) -> Iterator[Ring]:
        """Iterate over all that this branch sees."""
        if self.below is not None:
            yield self.below
        yield from self.iterate_lineage()


def iterate_branches() -> Iterator[Branch]:
    """Iterate over the branches of the process."""
    # No tuple: the collector may run where one is made, and a finaliser make a branch then.
    for known in list(_branches):
        branch = known()
        if branch is not None:
            yield branch


def find_branch_with_open(span_context: SpanContext) -> Branch | None:
    """
    Return the branch where an open span started, by the span's context alone.

    It is asked of a span context that was handed over by hand, and of a span that
    outlives its operation: it goes through all branches but those of other traces.
    """
    for branch in iterate_branches():
        root_context = branch.root_context
        if root_context is not None and root_context.trace_id != span_context.trace_id:
            continue
        if branch.find_open_span(span_context.span_id) is not None:
            return branch
    return None


def _release_oldest_branches() -> None:
    """Have the two oldest branches kept alive by their tasks and threads alone, and no longer by open spans."""
    with suppress(RuntimeError, StopIteration):  # another thread made a branch meanwhile
        for _ in range(2):
            # The end of a branch may be under way: it is gone, and the table still has it.
            known, branch = next((known, branch) for known in _branches if (branch := known()) is not None)
            if _branches.pop(known, known) is None:
                # Somebody else may keep it alive: its turn is the last now.
                _branches[known] = None
                branch.release_own_open_spans()
