"""Tests of `otel_crumbs.testing.reset`, and a gate: every state of a module is one that it resets."""

from __future__ import annotations

import ast
import logging
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import ExitStack
from urllib.request import HTTPRedirectHandler, Request

import pytest

import otel_crumbs
from otel_crumbs.base import counters, guard, memo, patching, resource
from otel_crumbs.base.memo import Memo
from otel_crumbs.capture import process_pools
from otel_crumbs.export import metrics
from otel_crumbs.install import get_installation
from otel_crumbs.instrumentor import CrumbsInstrumentor
from otel_crumbs.sources.databases import sqlite
from otel_crumbs.sources.logs import logging_hook
from otel_crumbs.sources.logs.callbacks import handlers, register_logging_handler, register_special_log_handler
from otel_crumbs.sources.logs.thresholds import thresholds
from otel_crumbs.sources.spans import entry, redirects
from otel_crumbs.testing.reset import reset_all
from otel_crumbs.trails import current, current_branch, exception_marks, iterate_branches, on_failure, open_contexts
from tests.application import Application, messages, no_global_providers
from tests.gates.project import PACKAGE, package_files

# It has what one of the hooks is for.
pytest.importorskip("opentelemetry.instrumentation.dbapi")

# What reset_all() brings back: the names of modules' states, each with a function that shows it.
RESET: Mapping[str, Callable[[], object]] = {
    "base/counters.py counters": lambda: dict(counters.counters._counts),
    "base/counters.py evicted": lambda: counters.evicted.value,
    "base/counters.py recorded": lambda: counters.recorded.value,
    "base/guard.py _last_logged": lambda: dict(guard._last_logged),
    "base/memo.py _holder": lambda: memo._holder.current() is None,
    "base/patching.py _finder": lambda: patching._finder in sys.meta_path,
    "base/patching.py _patches": lambda: [patch for patch in patching._patches.values() if patch.active],
    "base/resource.py _detect_resource": lambda: resource._detect_resource.cache_info().currsize,
    "capture/process_pools.py _installed": lambda: [*process_pools._installed],
    "export/metrics.py process_metrics": lambda: metrics.process_metrics.active,
    "install.py _installation": get_installation,
    "instrumentor.py CrumbsInstrumentor": lambda: CrumbsInstrumentor().is_instrumented_by_opentelemetry,
    "sources/databases/sqlite.py _recording": lambda: sqlite._recording.active,
    "sources/logs/callbacks.py handlers": lambda: (handlers.any, [*handlers._general], {**handlers._special}),
    "sources/logs/logging_hook.py _codes_around_handlers": lambda: dict(logging_hook._codes_around_handlers),
    "sources/logs/thresholds.py thresholds": lambda: ({**thresholds.known}, {**thresholds._asked}, thresholds._level),
    "sources/spans/entry.py _category_of_scope": lambda: dict(entry._category_of_scope),
    "sources/spans/redirects.py _statuses": lambda: dict(redirects._statuses),
    "trails/context_block.py open_contexts": lambda: dict(open_contexts),
    "trails/current_branch.py _ambient_branch": current_branch._ambient_branch.get,
    "trails/current_branch.py _operation_branch": current_branch._operation_branch.get,
    "trails/current_branch.py current": lambda: (
        *(current.size, dict(current._unseen), dict(current.open_blocks)),
        [dict(branch.open_spans) for branch in iterate_branches() if branch.open_spans],
        dict(vars(current._thread)),
    ),
    "trails/exception_mark.py exception_marks": lambda: (len(exception_marks._references), len(exception_marks._parts)),
    "trails/operation_block.py on_failure": lambda: [*on_failure],
}
# What need not be reset, each with the reason.
KEPT = {
    "base/fork.py _hooks": "weak: an object leaves it when it goes",
    "base/fork.py _things": "weak: an object leaves it when it goes",
    "base/interpreter_lock.py _in_haste": "set for the length of a block",
    "capture/own_words.py _asking": "set for the length of a capture",
    "base/plain.py _asking": "set for the length of a call",
    "base/guard.py _watchers": "taken out by the function that watch_failures() returns",
    "base/late_names.py _functions": "imported modules stay imported",
    "base/patching.py _lock": "a lock",
    "capture/slow_operations.py _NEVER": "a number",
    "base/exceptions.py stand_ins": "has what Celery handles, for the length of a call",
    "capture/celery_stand_ins.py _handled": "has what Celery handles, for the length of a call",
    "capture/celery_tasks.py _finders": "taken out by the function that provide_stories() returns",
    "capture/celery_tasks.py _reports": "taken out by the function that provide_deaths() returns",
    "recorder/layout.py BODY": "a format",
    "recorder/layout.py HEADER": "a format",
    "recorder/layout.py OOM_KILLS": "a format",
    "recorder/layout.py STATE": "a format",
    "base/threads.py _conditions": "taken out by the function that forbid_threads() returns",
    "base/threads.py _own_thread": "set in threads of the package alone",
    "base/threads.py _own_work": "set for the length of a block",
    "base/threads.py _start_new_thread": "a function of Python's",
    "base/threads.py allocate_native_lock": "a function of Python's",
    "capture/postponed_answers.py _postponed": "set for the length of a call",
    "event/scrubbing/marks.py KINDS": "names",
    "event/traceback_reader.py _frame_texts": "the same for the same lines of code; few",
    "event/traceback_reader.py _hop": "a function",
    "export/http/deadline.py _deadline": "set for the length of a block",
    "export/spool/location.py _name_base": "the same for the same variables of the environment",
    "setup/installation.py installation_lock": "a lock",
    "shutdown/signal_actions.py _actions": "functions of CPython's, found once",
    "base/interpreters.py is_main_interpreter": "the same for the whole life of an interpreter",
    "shutdown/signal_watcher.py _CREDENTIALS": "a format",
    "sources/databases/aiomysql.py _in_batches": "a cursor is in it for the length of a call",
    "sources/swallowed/monitoring.py _handlers": "emptied by undoing, see test_monitoring.py",
    "sources/swallowed/monitoring.py _running": "of each thread; bounded",
    "trails/runner.py _unset": "never has a value",
    "trails/operation_block.py on_opened": "emptied by undoing, as on_failure is",
    "trails/exception_mark.py on_report": "emptied by undoing, see test_monitoring.py",
    "sources/retries/botocore.py _newest": "of each thread; its next attempt takes the place",
    "sources/retries/urllib3.py _newest": "of each thread; its next attempt takes the place",
    "view/rendering.py make_environment": "the same for the same templates",
    "view/run.py _warned": "lines that a command has printed",
    "trails/branch.py _branches": "weak: a branch leaves it when it goes",
    "trails/context_attributes.py _numbers": "numbers only have to differ",
    "trails/entry.py entry_makers": "filled by modules when they are imported",
    "trails/exception_mark.py _ONE_OWNER": "a number",
    "trails/parameters.py _ALL": "a signature",
    "trails/operation.py _numbers": "numbers only have to differ",
    "trails/ring.py _get_category": "a function",
    "trails/ring.py _is_notable": "a function",
    "trails/runner.py current_task": "asyncio stays imported",
    "trails/runner.py running_loop": "asyncio stays imported",
}
# Calls whose results never change.
CONSTANT = frozenset(
    {
        *(
            "EntryKind",
            "LateFunction",
            "Layers",
            "MappingProxyType",
            "Outcome",
            "ParamSpec",
            "Path",
            "Row",
            "Rule",
            "Scrubber",
            "TypeVar",
        ),
        *("_find_fastest_getter", "compile", "create_key", "datetime", "frozenset", "getLogger", "getattr"),
        *("hasattr", "index", "len", "make_dataclass", "make_getattr", "object", "range", "split", "sum", "tuple"),
    }
)


def states_of(source: str) -> Iterator[str]:
    """Iterate over the names of what can change in a module: objects, containers, caches, and what `global` rebinds."""
    tree = ast.parse(source)
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and is_changeable(node.value):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (ast.unparse(target) for target in targets)
        if isinstance(node, ast.FunctionDef) and {"cache", "lru_cache"} & set(map(ast.unparse, node.decorator_list)):
            yield node.name
    for node in ast.walk(tree):
        if isinstance(node, ast.Global):
            yield from node.names


def is_changeable(value: ast.expr | None) -> bool:
    """Return whether a value can change; a table that is written out in full does not."""
    if isinstance(value, ast.Call):
        return ast.unparse(value.func).rpartition(".")[2] not in CONSTANT
    is_empty = not getattr(value, "keys", getattr(value, "elts", None))
    return isinstance(value, ast.List | ast.Dict | ast.Set) and is_empty


def test_every_state_of_a_module_is_known() -> None:
    """A new one needs a row in one of the tables."""
    found = {
        f"{path.relative_to(PACKAGE)} {name}"
        for path in package_files()
        for name in states_of(path.read_text(encoding="utf-8"))
    }
    by_class = {"instrumentor.py CrumbsInstrumentor"}  # its base class keeps the one instance

    assert found | by_class == RESET.keys() | KEPT.keys()


def test_everything_is_as_after_the_import(app: Application) -> None:
    """Each state changes when the package is used, and is brought back."""
    reset_all()
    before = {name: show() for name, show in RESET.items()}

    with ExitStack() as stack:
        held = use_everything(app, stack)
        during = {name: show() for name, show in RESET.items()}
        reset_all()
        after = {name: show() for name, show in RESET.items()}

    assert [name for name in RESET if during[name] == before[name]] == []
    assert after == before
    assert messages() == []
    assert held is not memo.hold_memo()


def suspend_in_context() -> Generator[None, None, None]:
    """Have a generator leave a context block open."""
    with otel_crumbs.context(order=3):
        yield


def use_everything(app: Application, stack: ExitStack) -> Memo:
    """Use each part of the package, and leave a request and an operation open; return the memo, to be held."""
    CrumbsInstrumentor().instrument(exporter="none", max_breadcrumbs=3, log_level="error")
    otel_crumbs.record("outside")
    stack.enter_context(otel_crumbs.operation("job"))
    stack.enter_context(app.request())
    rows = suspend_in_context()
    next(rows)
    stack.callback(rows.close)
    for number in range(30):
        with app.tracer.start_as_current_span(f"step {number}"):
            HTTPRedirectHandler().redirect_request(
                Request("http://a.example/"),
                None,
                302,
                "Found",
                {},
                "http://b.example/",  # type: ignore[arg-type]
            )
    otel_crumbs.ignore_logger("noisy")
    register_logging_handler(lambda *_: False)
    register_special_log_handler("shop", lambda *_: False)
    logging.getLogger("shop").error("a line")
    guard.warn("a test", "is warned of")
    counters.counters.count("sent", exporter="test")
    with no_global_providers():
        resource.find_resource_attributes()
    # It is marked as long as somebody has it.
    error = ValueError("boom")
    stack.callback(error.with_traceback, None)
    otel_crumbs.capture_exception(error)
    return memo.hold_memo()


def test_uninstalling_brings_flags_and_caches_back(app: Application) -> None:
    """The memory of an installation goes with it."""
    # Garbage of other tests may still name their blocks.
    others = dict(current.open_blocks)
    installation = otel_crumbs.install(exporter="none", max_breadcrumbs=3)
    with app.request(), otel_crumbs.operation("job"):
        for _ in range(30):
            with app.tracer.start_as_current_span("step"):
                pass
    size = current.size
    installation.uninstall()

    assert (size, current.size) == (3, 100)
    assert entry._category_of_scope == {}
    assert current.open_blocks.keys() <= others.keys()
