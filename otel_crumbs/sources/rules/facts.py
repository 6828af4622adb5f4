"""The facts that rules read of a span, and the description that they make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Any]


# Frozen ones would take twice the time to make, and each span has one.
@dataclass(slots=True, kw_only=True)
class SpanFacts:
    """
    The facts of a span that rules read.

    Args:
        name: Its display name.
        scope: The name of its instrumentation scope.
        attributes: Its attributes.
        failed: Whether its status is ERROR.
        error: The short name of the exception that it failed with, None if unknown.
        took: How long it took, in words; None where it has not ended.
        said: The exception's title or the status's description, None if unknown.
        redirects: The answers that led on to another address, oldest first.

    """

    name: str
    scope: str
    attributes: Attributes
    failed: bool
    error: str | None
    took: str | None
    said: str | None = None
    redirects: tuple[int, ...] = ()

    def find_first(self, *keys: str) -> Any:
        """Return the value of the first of these attributes that is there."""
        for key in keys:
            value = self.attributes.get(key)
            if value is not None and value != "":
                return value
        return None

    @property
    def library(self) -> str:
        """The instrumented library, by the last word of the scope's name."""
        return self.scope.rpartition(".")[2]

    @property
    def level(self) -> str:
        """The level by the span's status alone."""
        return "error" if self.failed else "info"

    @property
    def outcome(self) -> str:
        """The outcome, as the end of a message."""
        if self.took is None:
            return ""
        if self.error:
            return f" -> {self.error} after {self.took}"
        return f" -> failed after {self.took}" if self.failed else f" in {self.took}"

    @property
    def failure(self) -> str:
        """The outcome as the end of a message, empty where the span succeeded."""
        return self.outcome if self.failed else ""


@dataclass(slots=True, kw_only=True)
class Description:
    """The description of a span in the words of a breadcrumb."""

    type: str = "default"
    category: str
    level: str = "info"
    message: str
    data: dict[str, Any] = field(default_factory=dict)
