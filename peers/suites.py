"""The suites: where each comes from, what it needs, and the parts of it that are run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Runner = Literal["unittest", "pytest", "django"]
OPENTELEMETRY = (
    "opentelemetry-api",
    "opentelemetry-exporter-otlp-proto-http",
    "opentelemetry-instrumentation",
    "opentelemetry-instrumentation-asyncio",
    "opentelemetry-instrumentation-dbapi",
    "opentelemetry-instrumentation-django",
    "opentelemetry-instrumentation-logging",
    "opentelemetry-instrumentation-requests",
    "opentelemetry-instrumentation-sqlite3",
    "opentelemetry-instrumentation-threading",
    "opentelemetry-instrumentation-urllib",
    "opentelemetry-instrumentation-wsgi",
    "opentelemetry-sdk",
)
# Whatever reaches into logging, threads, tasks, processes, signals, errors, HTTP, SQL, or the interpreter's own state.
CPYTHON = """
    test_logging test_warnings test_syslog test_traceback test_exceptions test_baseexception test_exception_group
    test_exception_variations test_except_star test_raise test_with test_contextlib test_contextlib_async
    test_context test_coroutines test_asyncgen test_generators test_asyncio
    test_thread test_threading test_threading_local test_threadsignals test_threadedtempfile test_queue test_sched
    test_concurrent_futures test_multiprocessing_fork test_multiprocessing_spawn test_multiprocessing_forkserver
    test_multiprocessing_main_handling test_fork1 test_wait3 test_wait4 test_popen test_signal test_subprocess
    test_sqlite test_sqlite3 test_httplib test_http_cookiejar test_httpservers test_urllib test_urllib2
    test_urllib2_localnet test_urllib_response test_urlparse test_xmlrpc test_docxmlrpc test_wsgiref test_socketserver
    test_code test_code_module test_repl test_cmd_line test_cmd_line_script test_runpy test_atexit test_finalization
    test_trace test_pdb test_bdb test_inspect test_pydoc test_doctest test_profile test_cprofile
    test_sys test_sys_settrace test_sys_setprofile test_audit test_faulthandler test_tracemalloc test_gc test_weakref
    test_import test_site test_pkgutil test_functools test_types test_copy test_os test_posix test_unittest
    test_eintr test_selectors test_interpreters
""".split()  # noqa: SIM905 - a list is longer than the screen
SLOW = frozenset({"test_multiprocessing_fork", "test_multiprocessing_spawn", "test_multiprocessing_forkserver"})
# Apps, and modules of one, near what is hooked: SQL, requests, logging, threads, subprocesses, signals, errors.
DJANGO = (
    ("backends", "transactions", "transaction_hooks", "multiple_database", "test_utils", "db_utils", "raw_query"),
    ("asgi", "async", "handlers", "middleware", "middleware_exceptions", "requests_tests", "servers", "wsgi"),
    ("logging_tests", "mail", "signals", "dispatch", "test_client", "test_client_regress", "view_tests"),
    ("queries", "basic", "delete", "select_for_update", "prefetch_related", "custom_managers", "timezones"),
    # The hashers of passwords, which auth_tests has too, are slow by intention.
    ("auth_tests.test_middleware", "auth_tests.test_signals", "auth_tests.test_views"),
    ("cache", "sessions_tests", "csrf_tests", "messages_tests", "staticfiles_tests"),
    ("user_commands", "admin_scripts", "shell", "test_runner", "migrations"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    What is run in one process.

    Args:
        name: How it is called in the list of differences.
        labels: The runner's own names for it: modules, files or apps.
        seconds: How long it may take; one that takes longer hangs.

    """

    name: str
    labels: tuple[str, ...]
    seconds: int = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """
    Somebody's tests.

    Args:
        name: How it is asked for.
        runner: What reads them.
        sources: The requirement whose source distribution has them; empty for the interpreter's own.
        requirements: What they import.
        environment: Suites of the same name share one.
        list_parts: Lists the parts, for the folder that has the tests.

    """

    name: str
    runner: Runner
    list_parts: Callable[[Path], Sequence[Part]]
    sources: str = ""
    requirements: tuple[str, ...] = ()
    environment: str = ""

    @property
    def package(self) -> str:
        """The distribution that is tested."""
        return self.sources.partition("==")[0]


def list_modules(folder: Path) -> Sequence[Part]:
    """List the modules of CPython's suite that this interpreter has; those of a package are parts of their own."""
    parts = []
    for name in CPYTHON:
        seconds = 1200 if name in SLOW else 600
        module = folder / f"{name}.py"
        for file in [module] if module.exists() else sorted((folder / name).glob("test_*.py")):
            dotted = ".".join(file.relative_to(folder).with_suffix("").parts)
            parts.append(Part(name=dotted, labels=(f"test.{dotted}",), seconds=seconds))
    return parts


def list_folders(folder: Path) -> Sequence[Part]:
    """List the one part that is everything."""
    return [Part(name=path.name, labels=(path.name,)) for path in [folder / "tests"] if path.is_dir()]


def list_files(folder: Path) -> Sequence[Part]:
    """List the files as parts of their own: some stop the process, or wait for ever."""
    files = sorted(path.relative_to(folder) for path in (folder / "tests").glob("test_*.py"))
    return [Part(name=path.stem, labels=(str(path),)) for path in files]


def list_apps(folder: Path) -> Sequence[Part]:
    """List the apps of Django's tests that this release has, in groups, as its runner takes long to start."""
    groups = [tuple(app for app in group if (folder / "tests" / app.partition(".")[0]).is_dir()) for group in DJANGO]
    return [Part(name=f"{group[0]} ... {group[-1]}", labels=group, seconds=1200) for group in groups]


SUITES = {
    suite.name: suite
    for suite in (
        Suite(name="cpython", runner="unittest", list_parts=list_modules),
        Suite(
            name="structlog",
            runner="pytest",
            list_parts=list_folders,
            sources="structlog",
            requirements=("pytest", "pytest-asyncio", "simplejson", "time-machine", "rich", "twisted"),
        ),
        Suite(
            name="loguru",
            runner="pytest",
            list_parts=list_files,
            # The newest whose source distribution has its tests.
            sources="loguru==0.7.2",
            requirements=("pytest<8", "freezegun", "colorama", "exceptiongroup; python_version < '3.11'"),
        ),
        Suite(name="django", runner="django", list_parts=list_apps, sources="django", requirements=("jinja2", "tblib")),
        *(
            Suite(
                name=name,
                runner="pytest",
                list_parts=list_folders,
                sources=name,
                environment="opentelemetry",
                requirements=(
                    *("pytest", "pytest-asyncio", "opentelemetry-test-utils>=0.59b0"),
                    *("django", "httpretty", "mocket", "requests", "responses"),
                ),
            )
            for name in OPENTELEMETRY
        ),
    )
}
# What runs in a few minutes, and has found the most.
QUICK = (
    "structlog",
    "loguru:test_interception",
    "loguru:test_formatting",
    "loguru:test_multiprocessing",
    "loguru:test_propagation",
    "loguru:test_exceptions_catch",
    "cpython:test_logging",
    "cpython:test_code_module",
)
