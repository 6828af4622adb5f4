"""Functions that are jobs: all count something, and some fail."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import otel_crumbs

log = logging.getLogger("shop")


class OutOfStockError(Exception):
    """A failure that a library is told to expect."""


def count(item: str) -> None:
    """Count an item, unless it cannot be counted."""
    log.info("counting %s", item)
    otel_crumbs.record(f"counted {item}")
    if item.startswith("bad"):
        raise ValueError(f"{item} cannot be counted")
    if item.startswith("no"):
        raise OutOfStockError(item)


async def count_later(_: Any, item: str) -> None:
    """Count an item in a coroutine."""
    await asyncio.sleep(0)
    count(item)


async def count_in_loop(item: str) -> None:
    """Count an item in a coroutine without a context."""
    await count_later(None, item)
