"""The rules that describe a span in the words of a breadcrumb."""

from __future__ import annotations
