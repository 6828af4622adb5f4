"""Call `install()` with what the first arguments say, and print what it has to say about that."""

from __future__ import annotations

import json
import sys

import otel_crumbs

if __name__ == "__main__":
    try:
        otel_crumbs.install(**json.loads(sys.argv[1]))
    except otel_crumbs.ConfigError as error:
        print(error)  # noqa: T201 - the test reads it
