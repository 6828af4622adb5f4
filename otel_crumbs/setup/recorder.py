"""The recorder and the recovery as the settings want them: where the recordings are, and who reports the dead."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.guard import warn
from otel_crumbs.base.patching import Patch, Undo, combine, on_import, replace
from otel_crumbs.base.resource import find_resource_attributes, find_service_name
from otel_crumbs.capture import celery_tasks
from otel_crumbs.export.spool.location import find_default_base
from otel_crumbs.export.spool.private_folder import PrivateFolder
from otel_crumbs.recorder.child_watch import ChildWatch
from otel_crumbs.recorder.recorder import Recorder, is_supported
from otel_crumbs.recorder.recovery import Recovery
from otel_crumbs.trails import Branch, Operation, current

from .config import Config
from .parsers import DEFAULT_SPOOL, NO_SPOOL
from .providers import on_tracer_provider

if TYPE_CHECKING:
    from otel_crumbs.event import CapturedError

# A parent that ends waits so long for the deaths of its children to be read, in seconds.
_SECONDS_FOR_CHILDREN = 10.0
_FOLDER = "recordings"


class RecorderParts:
    """
    The recorder of a process, and the watch on others.

    Args:
        config: The effective settings.
        emit: Takes the captured error of a death, and returns once it is safe.

    """

    def __init__(self, config: Config, emit: Callable[[CapturedError], object]) -> None:
        folder = find_folder(config.recorder, config.spool_dir)
        self.recorder = Recorder(folder, _describe_process)
        self._recovery = Recovery(folder, emit, size=config.max_breadcrumbs, service=find_service_name)
        self._watch = ChildWatch(self._recovery)

    def install(self) -> Undo | None:
        """Record, and report the dead; return the function that undoes it."""
        if not is_supported():
            warn("recorder", "otel_crumbs records nothing: the system has no private folders and locks.")
            return None
        undo = self.recorder.install()
        return combine(
            undo,
            self._watch.install(),
            on_tracer_provider(self._describe_again),
            on_import("gunicorn.workers.base", self._attach_to_gunicorn),
            celery_tasks.provide_stories(self._find_story),
            celery_tasks.provide_deaths(self._watch.is_reported),
        )

    def end(self) -> None:
        """Report the children that died, and leave no recording: the process ends well."""
        self._watch.wait(time.monotonic() + _SECONDS_FOR_CHILDREN)
        self.recorder.end()

    def _describe_again(self, _: object) -> Undo:
        """Describe the process by the resource of its provider."""
        self.recorder.describe()
        return lambda: None

    def _attach_to_gunicorn(self, module: Any) -> Undo:
        self.recorder.expect_timeout()

        def make(original: Callable[..., None], patch: Patch) -> Callable[..., None]:
            def init_signals(*args: Any, **kwargs: Any) -> None:
                original(*args, **kwargs)
                if patch.active:
                    # The worker has just taken SIGABRT for itself.
                    self.recorder.renew_stacks()

            return init_signals

        return replace(module.Worker, "init_signals", make)

    def _find_story(self, pid: int, name: str | None) -> Branch | None:
        """Return a branch with what a child of this process has done, which is about to be killed."""
        recording = self._recovery.find_name(pid)
        process = None if recording is None else self._recovery.read(recording)
        if process is None:
            return None
        self._watch.explain(pid)
        recorded = process.find_operation()
        branch = Branch(current.size, Operation(name=(recorded.name if recorded else None) or name))
        for entry in process.make_entries(recorded):
            branch.append(entry)
        return branch


def find_folder(setting: str, spool_dir: str = DEFAULT_SPOOL) -> PrivateFolder:
    """Return the folder of the recordings for a value of the setting, and that of the spool beside which it may be."""
    if setting != DEFAULT_SPOOL:
        return PrivateFolder(Path(setting))
    if spool_dir not in {DEFAULT_SPOOL, NO_SPOOL}:
        beside = Path(spool_dir).absolute().parent / _FOLDER
        if _is_writable(beside):
            # The folder above it may be of another user, as a mount is, and is none of ours.
            return PrivateFolder(beside)
    elif (base := find_default_base()) is not None and _is_writable(base.parent):
        return PrivateFolder(base.parent, _FOLDER)
    return PrivateFolder(Path(f"/dev/shm/otel-crumbs-{os.geteuid()}"))  # noqa: S108 - checked to be of this user alone


def _is_writable(folder: Path) -> bool:
    """Return whether a folder can be made, or be written to."""
    existing = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    return os.access(existing, os.W_OK)


def _describe_process() -> Mapping[str, Any]:
    return {"service": find_service_name(), "resource": dict(find_resource_attributes())}
