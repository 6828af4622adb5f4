"""The viewer's store, as the commands open it."""

from __future__ import annotations

from pathlib import Path

from otel_crumbs.view.store import Store, find_default_file


def open_store(file: Path | None, *, create: bool = False) -> Store:
    """
    Open the store of the viewer.

    Args:
        file: Where it is; None means the place of the user's own.
        create: Make an empty one where there is none yet, for who waits for what comes.

    Raises:
        StoreError: If there is none, or it cannot be opened.

    """
    return Store(file or find_default_file(), read_only=not create)
