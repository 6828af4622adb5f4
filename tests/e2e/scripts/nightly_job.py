"""Call a partner, log, leave a note, and die of an exception that nobody catches."""

from __future__ import annotations

import logging
import os

import requests

import otel_crumbs

logging.basicConfig(format="%(levelname)s %(name)s %(filename)s:%(lineno)d %(funcName)s %(message)s")
logger = logging.getLogger("nightly")


def main() -> None:
    """Fail after three things that are worth knowing."""
    answer = requests.get(os.environ["PARTNER"] + "/stock", params={"warehouse": "north"}, timeout=30)
    logger.warning("warehouse %s answers %d", "north", answer.status_code, extra={"warehouse": "north"})
    otel_crumbs.record("stock counted", category="nightly.stock", level="warning", data={"left": {"A-1": 0}})
    print("counted")  # noqa: T201 - scripts print
    raise RuntimeError("nothing left in the north")


if __name__ == "__main__":
    main()
