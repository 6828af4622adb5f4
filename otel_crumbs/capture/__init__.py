"""The doors that an exception can come through; each ends in `once.Reporter`."""

from __future__ import annotations
