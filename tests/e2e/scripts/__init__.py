"""Scripts that the tests start; they do what people's scripts do."""

from __future__ import annotations
