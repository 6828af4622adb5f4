"""The error event: an exception with its trail, plain and in bounds."""

from __future__ import annotations

from .build import Builder, Seized, seize, seize_record
from .model import ErrorEvent, ExceptionInfo, Frame

__all__ = ["Builder", "ErrorEvent", "ExceptionInfo", "Frame", "Seized", "seize", "seize_record"]
