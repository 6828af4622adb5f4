"""Use our functions wrongly, then die of an exception of our own."""

from __future__ import annotations

import logging
from typing import Any

import otel_crumbs

logger = logging.getLogger("careless")

# Whoever writes this has no type checker either.
anything: Any = otel_crumbs


def main() -> None:
    """Misuse everything once, between two log lines."""
    logger.warning("before")
    anything.record("a list", category="careless", data=["not", "a", "mapping"])
    anything.record("a number", category="careless", data=7)
    anything.record(None, category=None, level="urgent", type=3)
    anything.record(["not", "a", "text"], category=5, level=7, timestamp="yesterday")
    anything.capture_exception("not an exception")
    anything.ignore_logger(None)
    logger.warning("after")
    raise RuntimeError("the real failure")


if __name__ == "__main__":
    main()
