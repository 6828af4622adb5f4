"""What a machine may lack: a test that needs it is skipped, or fails where it is required."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def skip_or_fail(reason: str, variable: str) -> NoReturn:
    """Skip the test, or fail where an environment variable says that nothing may be missing."""
    if os.environ.get(variable):
        pytest.fail(f"{reason} ({variable} is set)")
    pytest.skip(reason)
