"""
A pytest plugin: the examples in README.md and docs/ run as tests.

A page is one story: its examples run in order, in one namespace.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser, SkipParser

import otel_crumbs


def clean_up(_namespace: dict[str, Any]) -> None:
    """Undo what a page installed."""
    otel_crumbs.uninstall()
    logging.getLogger().setLevel(logging.WARNING)


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser(), SkipParser()],
    path=str(Path(__file__).parents[1]),
    patterns=["*.md"],
    teardown=clean_up,
).pytest()
