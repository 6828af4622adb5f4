"""The error event: an exception with its trail, plain and in bounds."""

from __future__ import annotations

from .build import Builder
from .captured import CapturedError, capture_error, capture_recorded
from .model import ErrorEvent, ExceptionInfo, Frame

__all__ = ["Builder", "CapturedError", "ErrorEvent", "ExceptionInfo", "Frame", "capture_error", "capture_recorded"]
