"""The setup: settings, exporters, hooks and providers, and the installation that puts them in place and undoes it."""

from __future__ import annotations
