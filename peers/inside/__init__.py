"""The part that is copied into the environments: it runs inside the processes of the suites."""

from __future__ import annotations
