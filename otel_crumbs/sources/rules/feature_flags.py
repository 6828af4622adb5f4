"""
Evaluations of feature flags, as events of spans or of logs.

See the `event feature_flag.evaluation
<https://opentelemetry.io/docs/specs/semconv/feature-flags/feature-flags-events/>`_;
hooks of before 2025 write an event ``feature_flag`` with other names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_EVENT_NAMES = frozenset({"feature_flag.evaluation", "feature_flag"})
_KEY = "feature_flag.key"
_RESULTS = (
    "feature_flag.result.variant",
    "feature_flag.variant",
    "feature_flag.result.value",
    "feature_flag.evaluation.value",
)
_REASONS = ("feature_flag.result.reason", "feature_flag.evaluation.reason")
_ERRORS = ("feature_flag.error.message", "feature_flag.evaluation.error.message", "error.message", "error.type")


def describe_evaluation(name: str | None, attributes: Mapping[str, Any]) -> str | None:
    """
    Return an evaluation in words: ``new-checkout -> on (targeting_match)``.

    Args:
        name: The event's name.
        attributes: The event's attributes, plain.

    Returns:
        None where the event is none.

    """
    if name not in _EVENT_NAMES or _KEY not in attributes:
        return None
    failure = _find(attributes, _ERRORS)
    result = f"failed ({failure})" if failure else _find(attributes, _RESULTS)
    reason = None if failure else _find(attributes, _REASONS)
    words = [str(attributes[_KEY]), *([f"-> {result}"] if result else []), *([f"({reason})"] if reason else [])]
    return " ".join(words)


def _find(attributes: Mapping[str, Any], names: tuple[str, ...]) -> str:
    # A value may be a list, and have no hash.
    found = next((value for name in names if (value := attributes.get(name)) is not None and value != ""), "")
    return str(found).lower() if isinstance(found, bool) else str(found)
