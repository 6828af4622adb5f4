"""The exporter of JSON documents, which posts to any URL."""

from __future__ import annotations

from collections.abc import Mapping

from otel_crumbs.event import ErrorEvent
from otel_crumbs.export.exporter import Outcome

from .document import document_of, encode_json
from .poster import Poster
from .responses import outcome_of


class HttpExporter:
    """
    Posts each event as a JSON document.

    Args:
        endpoint: The URL.
        headers: Sent with every request.
        compression: ``gzip`` or ``none``.

    """

    name = "http"

    def __init__(self, endpoint: str, *, headers: Mapping[str, str], compression: str = "gzip") -> None:
        self._poster = Poster(endpoint, {"Content-Type": "application/json", **headers}, compression=compression)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        response = self._poster.post(encode_json(document_of(event)), timeout)
        return response if isinstance(response, Outcome) else outcome_of(response)

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()
