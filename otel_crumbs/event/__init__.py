"""
The error event: an exception with its trail, plain and in bounds.

Its parts are imported when the first error needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from otel_crumbs.base.late_names import make_getattr

if TYPE_CHECKING:
    from .build import Builder
    from .captured import CapturedError, capture_error, capture_recorded
    from .model import ErrorEvent, ExceptionInfo, Frame

__all__ = ["Builder", "CapturedError", "ErrorEvent", "ExceptionInfo", "Frame", "capture_error", "capture_recorded"]

__getattr__ = make_getattr(
    __name__,
    {
        "Builder": "build",
        "CapturedError": "captured",
        "ErrorEvent": "model",
        "ExceptionInfo": "model",
        "Frame": "model",
        "capture_error": "captured",
        "capture_recorded": "captured",
    },
)
