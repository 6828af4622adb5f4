"""Warnings of undelivered events say what became of them, and of nothing else."""

from __future__ import annotations

import logging

import pytest

from otel_crumbs.export.delivery.notices import warn_of_undelivered


@pytest.mark.parametrize(
    ("kept", "lost", "wanted"),
    [
        (2, 1, "(kept in /spool for the next process of this service: 2; lost: 1)"),
        (2, 0, "(kept in /spool for the next process of this service: 2)"),
        (0, 1, "(lost: 1)"),
    ],
)
def test_the_end_of_a_process_names_only_what_there_is(
    caplog: pytest.LogCaptureFixture, kept: int, lost: int, wanted: str
) -> None:
    """Nothing is kept "in memory" for another process."""
    with caplog.at_level(logging.WARNING, logger="otel_crumbs"):
        warn_of_undelivered("otlp", kept=kept, folder="/spool", lost=lost)

    assert caplog.text.strip().endswith(f"could deliver all error events {wanted}.")
