"""Tests of `otel_crumbs.testing.reset`."""

from __future__ import annotations

import ast
import logging

import otel_crumbs
from otel_crumbs.base import guard
from otel_crumbs.base.counters import counters, recorded
from otel_crumbs.sources.logs.callbacks import handlers, register_logging_handler
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.sources.spans import entry, redirects
from otel_crumbs.testing import capture_events
from otel_crumbs.testing.reset import reset_all
from otel_crumbs.trails import current
from tests.application import Application, messages
from tests.gates.project import PACKAGE, package_files

# Module-level names of mutable values, each with what resets it, or the reason why nothing has to.
STATE = {
    "base/counters.py": {"counters", "recorded", "evicted"},  # reset_all
    "base/fork.py": {"_things"},  # weak: objects leave it when they go
    "base/guard.py": {"_last_logged", "_lock", "_watchers"},  # reset_all; watchers are tests' own
    "base/memo.py": {"_holder"},  # reset_all
    "base/patching.py": {"_finder", "_lock", "_patches"},  # empty when everything is undone
    "export/metrics.py": {"_installed"},  # instruments cannot be removed
    "setup/installation.py": {"installation_lock"},  # a lock
    "sources/databases/sqlite.py": {"_recording"},  # unset by undoing
    "sources/logs/callbacks.py": {"handlers"},  # reset_all
    "sources/logs/thresholds.py": {"thresholds"},  # reset_all
    "sources/spans/entry.py": {"_category_of_scope"},  # reset_all
    "sources/spans/redirects.py": {"_statuses"},  # cleared by undoing
    "trails/current_branch.py": {"current"},  # reset_all
    "trails/operation.py": {"_numbers"},  # numbers only have to differ
    "trails/operation_block.py": {"on_failure"},  # emptied by undoing
}
# Calls that make something immutable, or a type.
_FIXED = frozenset(
    {
        *("ContextVar", "EntryKind", "Layers", "MappingProxyType", "NewType", "Outcome", "ParamSpec", "Path", "Row"),
        *("TypeVar", "aliases", "compile", "create_key", "datetime", "frozenset", "getLogger", "getattr", "guarded"),
        *("hasattr", "itemgetter", "len", "make_dataclass", "partial", "range", "tuple", "type", "vars"),
    }
)


def mutable_state(source: str) -> set[str]:
    """Return the names at the top of a module whose values can change: containers written there, and instances."""
    found = set()
    for node in ast.parse(source).body:
        value = getattr(node, "value", None)
        targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
        names = {target.id for target in targets if isinstance(target, ast.Name)}
        if isinstance(value, ast.Call):
            called = value.func.attr if isinstance(value.func, ast.Attribute) else getattr(value.func, "id", "")
            if called not in _FIXED and not called.startswith(("_compile", "_find", "_make", "_has")):
                found |= names
        elif isinstance(value, ast.List | ast.Dict | ast.Set) and not getattr(
            value, "keys", getattr(value, "elts", ())
        ):
            found |= names
    return {name for name in found if not name.isupper() or name.startswith("_installed")}


def test_every_state_of_a_module_is_known() -> None:
    """A new one needs something that resets it, and a row in the table."""
    found = {
        str(path.relative_to(PACKAGE)): state
        for path in sorted(package_files())
        if (state := mutable_state(path.read_text(encoding="utf-8")))
    }

    assert found == STATE


def test_everything_is_as_after_the_import(app: Application) -> None:
    """Trails, thresholds, callbacks, caches, counters and warnings are gone."""
    with capture_events():
        otel_crumbs.ignore_logger("noisy")
        register_logging_handler(lambda *_: False)
        with app.request(), app.tracer.start_as_current_span("step"):
            otel_crumbs.record("a note")
            logging.getLogger("shop").warning("a line")
        otel_crumbs.record("outside")
    guard.warn("a test", "is warned of")
    counters.count("sent", exporter="test")

    reset_all()

    assert messages() == []
    assert (thresholds.known, handlers.any, entry._category_of_scope, redirects._statuses) == ({}, False, {}, {})
    assert (counters.count_total("sent"), recorded.value, guard._last_logged) == (0, 0, {})
    assert (dict(current.open_spans), current.open_blocks) == ({}, {})


def test_uninstalling_brings_flags_and_caches_back(app: Application) -> None:
    """What an installation remembers goes with it."""
    # Garbage of other tests may still name their blocks.
    others = dict(current.open_blocks)
    with capture_events(max_breadcrumbs=3):
        with app.request(), otel_crumbs.operation("job"):
            for _ in range(30):
                with app.tracer.start_as_current_span("step"):
                    pass
        size = current.size

    assert (size, current.size) == (3, 100)
    assert entry._category_of_scope == {}
    assert current.open_blocks.keys() <= others.keys()
