"""The warnings about events that are delayed, lost, or kept for the next process."""

from __future__ import annotations

from math import ceil

from otel_crumbs.base.guard import warn


def warn_of_pause(exporter: str, seconds: float, where: str) -> None:
    """Warn that nothing is sent for some seconds, because the receiver asks for that."""
    warn(
        f"paused by {exporter}",
        "otel_crumbs sends nothing by the exporter %r for %d seconds: the receiver asks for it. "
        "Error events are %s until then.",
        exporter,
        ceil(seconds),
        where,
    )


def warn_of_delay(exporter: str, reason: str, where: str) -> None:
    """Warn that an attempt failed, and that the event is tried again."""
    warn(
        f"delayed by {exporter}",
        "otel_crumbs could not deliver an error event by the exporter %r yet: %s. It is %s and tried again.",
        exporter,
        reason,
        where,
    )


def warn_of_loss(exporter: str, reason: str, lost: int) -> None:
    """Warn that an event is lost."""
    warn(
        f"lost by {exporter}",
        "otel_crumbs could not deliver an error event by the exporter %r: %s (%d lost so far).",
        exporter,
        reason,
        lost,
    )


def warn_of_undelivered(exporter: str, *, kept: int, folder: str, lost: int) -> None:
    """Warn that the process ends before everything was delivered."""
    parts = [f"kept in {folder} for the next process of this service: {kept}"] if kept else []
    parts += [f"lost: {lost}"] if lost else []
    warn(
        f"left by {exporter}",
        "The process ends before the exporter %r of otel_crumbs could deliver all error events (%s).",
        exporter,
        "; ".join(parts),
    )
