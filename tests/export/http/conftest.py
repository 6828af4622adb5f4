"""A receiver for the tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.export.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running
