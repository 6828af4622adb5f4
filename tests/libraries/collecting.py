"""What the folders of tests with real libraries have in common: their marks, and their servers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from .servers import NotInstalledError

# Libraries leave sockets to the garbage collector, warn of each other, and use what Python or servers will not have
# for ever.
NOT_OURS = ("ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::pytest.PytestUnraisableExceptionWarning")


def mark_libraries(items: list[pytest.Item], folder: Path) -> None:
    """Mark every test of a folder."""
    for item in items:
        if folder in item.path.parents:
            item.add_marker(pytest.mark.libraries)
            for warning in NOT_OURS:
                item.add_marker(pytest.mark.filterwarnings(warning))


def started(server: AbstractContextManager[int]) -> Iterator[int]:
    """Run a server while it is needed; skip, or fail where it is required, if it is not installed."""
    try:
        port = server.__enter__()
    except NotInstalledError as missing:
        if os.environ.get("OTEL_CRUMBS_REQUIRE_SERVERS") == "1":
            pytest.fail(f"{missing} (OTEL_CRUMBS_REQUIRE_SERVERS is set)")
        pytest.skip(str(missing))
    yield port
    server.__exit__(None, None, None)
