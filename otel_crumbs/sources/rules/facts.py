"""What the rules read of a span, and what they make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Attributes = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanFacts:
    """
    What the rules read of a span.

    Args:
        name: Its display name.
        scope: The name of its instrumentation scope.
        attributes: Its attributes.
        failed: Whether its status is ERROR.
        error: Short name of what it failed with, None if unknown.
        took: How long it took, in words; None where it has not ended.
        said: The whole of what it failed with, None if unknown.
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

    def first(self, *keys: str) -> Any:
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
        """How grave it is where nothing but the status says so."""
        return "error" if self.failed else "info"

    @property
    def outcome(self) -> str:
        """What came of it, as the end of a message."""
        if self.took is None:
            return ""
        if self.error:
            return f" -> {self.error} after {self.took}"
        return f" -> failed after {self.took}" if self.failed else f" in {self.took}"

    @property
    def failure(self) -> str:
        """What came of it as the end of a message, nothing where all went well."""
        return self.outcome if self.failed else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A span in the words of a breadcrumb."""

    type: str = "default"
    category: str
    level: str = "info"
    message: str
    data: dict[str, Any] = field(default_factory=dict)
