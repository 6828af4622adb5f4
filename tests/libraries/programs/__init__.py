"""Programs that tests start in processes of their own, for what can be set up only once in a process."""

from __future__ import annotations
