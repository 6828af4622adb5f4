"""Fork, and let child and parent fail, each in its own way."""

from __future__ import annotations

import logging
import os
import sys

logging.basicConfig(level=logging.INFO)
logger = logging.getLogger("forks")


def main() -> None:
    """Fail twice, in two processes."""
    logger.info("before the fork")
    child = os.fork()
    if child == 0:
        logger.info("in the child")
        raise RuntimeError("the child fails")
    _, status = os.waitpid(child, 0)
    logger.info("in the parent")
    sys.stdout.write(f"the child ended with {os.waitstatus_to_exitcode(status)}\n")
    raise RuntimeError("the parent fails")


if __name__ == "__main__":
    main()
