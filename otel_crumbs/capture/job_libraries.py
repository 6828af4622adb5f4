"""
Jobs of dramatiq, RQ, arq, huey and APScheduler: each is an operation, and one that fails is an event.

The method by which a library performs a job is wrapped in an operation block. What it logs of
a job that failed is inside, and what the library retries or expects without such a line
stays without an event. No library is imported: it is hooked when the application imports it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import guarded, remove_own_frame, warn
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.base.plain import to_text
from otel_crumbs.trails import current, operation

# Names that applications give, in characters.
_MAX_NAME = 200


class Job(NamedTuple):
    """A job that is about to be performed."""

    name: Any
    id: Any = None
    queue: Any = None


Describe = Callable[[Mapping[str, Any]], Job]


class JobHook(NamedTuple):
    """
    The function of a library that performs a job.

    Args:
        library: The name under which it is installed.
        module: The module that has the function.
        place: The function's name there, with its class.
        describe: Returns the job, given the function's arguments by their names.

    """

    library: str
    module: str
    place: str
    describe: Describe


def _describe_dramatiq(arguments: Mapping[str, Any]) -> Job:
    message = arguments["message"]
    return Job(message.actor_name, message.message_id, message.queue_name)


def _describe_rq(arguments: Mapping[str, Any]) -> Job:
    job = arguments["self"]
    return Job(_read_function_name(job), job.id, job.origin)


def _read_function_name(job: Any) -> str | None:
    try:
        return job.func_name  # type: ignore[no-any-return]  # a text, or nothing that is used
    except BaseException as error:
        # It may have to read what the application has serialised.
        if is_thrown_in(error):
            raise
        return None


def _describe_arq(arguments: Mapping[str, Any]) -> Job:
    # The function's name is in the job's data, which the worker reads inside.
    return Job("job", arguments["job_id"], arguments["self"].queue_name)


def _describe_huey(arguments: Mapping[str, Any]) -> Job:
    task = arguments["task"]
    return Job(task.name, task.id, arguments["self"].name)


def _describe_apscheduler(arguments: Mapping[str, Any]) -> Job:
    job = arguments["job"]
    return Job(getattr(job, "name", None) or getattr(job, "task_id", None), str(job.id))


_EXECUTORS = "apscheduler.executors."
HOOKS = (
    JobHook("dramatiq", "dramatiq.worker", "_WorkerThread.process_message", _describe_dramatiq),
    JobHook("rq", "rq.job", "Job.perform", _describe_rq),
    JobHook("arq", "arq.worker", "Worker.run_job", _describe_arq),
    JobHook("huey", "huey.api", "Huey._execute", _describe_huey),
    JobHook("apscheduler", "apscheduler._schedulers.async_", "AsyncScheduler._run_job", _describe_apscheduler),
    # Each executor has the function under its own name, which children of a pool of processes find there.
    *[
        JobHook("apscheduler", f"{_EXECUTORS}{name}", "run_job", _describe_apscheduler)
        for name in ("pool", "asyncio", "debug", "gevent", "tornado", "twisted")
    ],
    *[
        JobHook("apscheduler", f"{_EXECUTORS}{name}", "run_coroutine_job", _describe_apscheduler)
        for name in ("asyncio", "tornado")
    ],
)


def install() -> Undo:
    """Make operations of the jobs of libraries; return the function that undoes it."""
    return combine(
        *[on_import(hook.module, partial(_attach, hook=hook)) for hook in HOOKS],
        on_import("arq.worker", _attach_to_arq),
    )


def _attach(module: Any, hook: JobHook) -> Undo | None:
    *owners, name = hook.place.split(".")
    owner = module
    for each in owners:
        owner = getattr(owner, each, None)
    original = getattr(owner, name, None)
    if not _is_known(original, hook):
        warn(
            f"jobs of {hook.library}",
            "otel_crumbs does not know this release of %s (%s): its jobs have no trails of their own. Remedy: decorate "
            "them with @otel_crumbs.operation(), or install another release.",
            hook.library,
            _find_version(hook.library),
        )
        return None
    make = _make_async if inspect.iscoroutinefunction(original) else _make
    return replace(owner, name, partial(make, hook=hook))


def _is_known(original: Any, hook: JobHook) -> bool:
    """Return whether a function takes what it must to describe the job."""
    try:
        names = [*inspect.signature(original).parameters]
    except (TypeError, ValueError):
        return False
    asked = _Asked()
    hook.describe(asked)
    return asked.names <= set(names)


class _Asked(dict[str, Any]):
    """Arguments that are only asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def __missing__(self, name: str) -> Any:
        self.names.add(name)
        return _Anything()


class _Anything:
    """An object with every attribute."""

    def __getattr__(self, _: str) -> str:
        return ""


def _make(original: Callable[..., Any], patch: Patch, hook: JobHook) -> Callable[..., Any]:
    names = [*inspect.signature(original).parameters]

    def perform(*args: Any, **kwargs: Any) -> Any:
        block = _open(hook, names, args, kwargs) if patch.active else None
        try:
            result = original(*args, **kwargs)
        except BaseException as error:
            _close(block, error)
            remove_own_frame(error)
            raise
        _close(block, None)
        return result

    return perform


def _make_async(original: Callable[..., Any], patch: Patch, hook: JobHook) -> Callable[..., Any]:
    names = [*inspect.signature(original).parameters]

    async def perform(*args: Any, **kwargs: Any) -> Any:
        block = _open(hook, names, args, kwargs) if patch.active else None
        try:
            result = await original(*args, **kwargs)
        except BaseException as error:
            _close(block, error)
            remove_own_frame(error)
            raise
        _close(block, None)
        return result

    return perform


@guarded("a job began")
def _open(hook: JobHook, names: list[str], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> operation:
    job = _describe(hook, {**dict(zip(names, args, strict=False)), **kwargs}) or Job("job")
    block = operation(_cut(job.name))
    block.__enter__()
    if (opened := current.find_branch().operation) is not None:
        opened.attributes = _make_attributes(hook.library, job)
    return block


@guarded("a job was described")
def _describe(hook: JobHook, arguments: Mapping[str, Any]) -> Job:
    return hook.describe(arguments)


def _close(block: operation | None, error: BaseException | None) -> None:
    if block is not None:
        block.__exit__(None if error is None else type(error), error, None)


def _make_attributes(library: str, job: Job) -> dict[str, Any]:
    """Return attributes of a job: https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/ ."""
    found = {"messaging.message.id": job.id, "messaging.destination.name": job.queue}
    known = {key: _cut(value) for key, value in found.items() if value}
    return {"messaging.system": library, "messaging.operation.type": "process", **known}


def _cut(value: Any) -> str:
    return to_text(value if type(value) is str else "job", _MAX_NAME)


def _attach_to_arq(worker: Any) -> Undo | None:
    """Name the operation of a job of arq, once its worker has read which function it calls."""
    if not hasattr(worker, "deserialize_job_raw"):
        return None  # a warning has said so

    @guarded("a job of arq was named")
    def name_job(read: Any) -> None:
        opened = current.find_branch().operation
        if opened is not None and type(read) is tuple and (opened.attributes or {}).get("messaging.system") == "arq":
            opened.name = _cut(read[0])

    def make(original: Callable[..., Any], patch: Patch) -> Callable[..., Any]:
        def deserialize_job_raw(*args: Any, **kwargs: Any) -> Any:
            try:
                read = original(*args, **kwargs)
            except BaseException as error:
                remove_own_frame(error)
                raise
            if patch.active:
                name_job(read)
            return read

        return deserialize_job_raw

    return replace(worker, "deserialize_job_raw", make)


def _find_version(library: str) -> str:
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - only for a warning

    try:
        return version(library)
    except PackageNotFoundError:
        return "of an unknown version"
