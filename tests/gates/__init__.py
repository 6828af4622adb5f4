"""Tests on the project itself: what it promises in its files, it keeps."""

from __future__ import annotations
