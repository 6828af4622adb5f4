"""Report an exception whose trail weighs twenty megabytes before anybody makes it fit."""

# ruff: noqa: T201, TRY301 - what it prints is its output, and it fails as applications do

from __future__ import annotations

import json

import otel_crumbs


def main() -> None:
    """Record far too much, report a failure and wait until it is sent."""
    otel_crumbs.install()
    for number in range(200):
        otel_crumbs.record(f"{number} " + "x" * 50_000, category="heavy", data={"load": "y" * 50_000, "number": number})
    try:
        raise ValueError("z" * 1_000_000)
    except ValueError as error:
        otel_crumbs.capture_exception(error)
    print(json.dumps({"flushed": otel_crumbs.flush(10)}))


if __name__ == "__main__":
    main()
