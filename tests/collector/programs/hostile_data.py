"""Report an exception whose trail holds what OTLP cannot carry, between two breadcrumbs that it can."""

# ruff: noqa: T201, TRY301 - what it prints is its output, and it fails as applications do

from __future__ import annotations

import json
from typing import Any

import otel_crumbs


class Hostile:
    """An object that does not want to be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def main() -> None:
    """Record what is hostile, fail, report the failure and wait until it is sent."""
    otel_crumbs.install()
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    deep: dict[str, Any] = {}
    for _ in range(100):
        deep = {"deeper": deep}
    otel_crumbs.record("before", category="shop", data={"plain": 1})
    for name, value in {
        "surrogate": "\ud800",
        "huge": 2**70,
        "bytes": b"\xff\x00",
        "cycle": cycle,
        "deep": deep,
        "keys": {1: "one", None: "none", (2, 3): "tuple"},
        "hostile": Hostile(),
        "not a number": float("nan"),
        "endless": float("inf"),
        "null character": "a\x00b",
    }.items():
        otel_crumbs.record(name, category="hostile", data={"value": value})
    otel_crumbs.record("\udcff", category="hostile.message", data={"\udcff": "key"})
    otel_crumbs.record("after", category="shop", data={"plain": 2})
    try:
        raise ValueError("\udcff")
    except ValueError as error:
        otel_crumbs.capture_exception(error)
    print(json.dumps({"flushed": otel_crumbs.flush(10)}))


if __name__ == "__main__":
    main()
