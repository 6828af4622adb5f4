"""The environment variables of this package, so that ``opentelemetry-instrument --help`` lists them."""

from __future__ import annotations

from .config import SETTINGS

globals().update({setting.variable: setting.variable for setting in SETTINGS})
