"""The viewer's errors and their trails for coding agents, by the Model Context Protocol."""

from __future__ import annotations
