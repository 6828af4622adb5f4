"""The hooks that were there before ours."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Put hooks in place as another tool did earlier; return the exceptions that they got."""
    calls: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", lambda args: calls.append(args.exc_value))
    monkeypatch.setattr(sys, "unraisablehook", lambda args: calls.append(args.exc_value))
    return calls
