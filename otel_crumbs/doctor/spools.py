"""The undelivered events on disk."""

from __future__ import annotations

import time
from collections.abc import Iterator

from otel_crumbs.export import ExporterWorker
from otel_crumbs.export.spool.private_folder import UnsafeFolderError
from otel_crumbs.export.spool.spool_file import count_events
from otel_crumbs.setup.installation import Installation

from .section import Row, Section, State

KILOBYTE = 1024


def describe_spools(installation: Installation) -> Section:
    """Return the section about each exporter's spool of this service."""
    return Section(title="Undelivered events", key="spool", rows=tuple(_iterate_spools(installation)))


def _iterate_spools(installation: Installation) -> Iterator[Row]:
    workers = [worker for worker in installation.delivery.workers if worker.spool.location is not None]
    if not workers and installation.delivery.workers:
        yield Row(name="on disk", value="none are kept", remark="OTEL_CRUMBS_SPOOL_DIR", state=State.NOTE)
    for worker in workers:
        try:
            yield from _describe_spool(worker)
        except (OSError, UnsafeFolderError) as error:
            yield Row(name=worker.exporter.name, value="cannot be looked into", remark=str(error), state=State.BAD)


def _describe_spool(worker: ExporterWorker) -> Iterator[Row]:
    spool = worker.spool.find_spool()
    if spool is None:
        yield Row(name=worker.exporter.name, value="none are kept", remark="there is no private folder here")
        return
    found = spool.look()
    name, path = worker.exporter.name, str(spool.path)
    if not found.waiting:
        yield Row(name=name, value="none", remark=path)
    else:
        value = f"{found.events} of {found.bytes / KILOBYTE:.0f} KiB, the oldest {_format_age(found.oldest)} old"
        yield Row(name=name, value=value, remark=path, state=State.NOTE)
    if found.elsewhere:
        count = sum(map(count_events, found.elsewhere))
        remark = "captured for another receiver, to which alone they go. Remedy: that endpoint again, or delete them"
        yield Row(name=name, value=f"{count} for another receiver", remark=remark, state=State.NOTE)
    if found.set_aside:
        remark = "*.unreadable: look at them, or delete them"
        yield Row(name=name, value=f"{found.set_aside} set aside", remark=remark, state=State.NOTE)


def _format_age(captured: int | None) -> str:
    seconds = max(0.0, time.time() - (captured or 0) / 1e9)
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} seconds"
