"""The mechanisms that notice an error; each of them ends in `reporter.Reporter`."""

from __future__ import annotations
