"""The exporter of JSON documents, which posts to any URL."""

from __future__ import annotations

from collections.abc import Mapping

from otel_crumbs.base.addresses import show_address
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export.exporter import Outcome

from .document import encode_event
from .poster import Poster
from .responses import outcome_of


class HttpExporter:
    """
    Posts each event as a JSON document.

    Args:
        endpoint: The URL.
        headers: Sent with every request.
        compression: ``gzip`` or ``none``.
        max_bytes: What a document may weigh before it is compressed.

    """

    name = "http"

    def __init__(
        self,
        endpoint: str,
        *,
        headers: Mapping[str, str],
        compression: str = "gzip",
        max_bytes: int = DEFAULT_MAX_EVENT_BYTES,
    ) -> None:
        self.destination = show_address(endpoint)
        self._max_bytes = max_bytes
        self._poster = Poster(endpoint, {"Content-Type": "application/json", **headers}, compression=compression)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        response = self._poster.post(self._encode(event), timeout)
        return response if isinstance(response, Outcome) else outcome_of(response)

    def show(self, event: ErrorEvent) -> str:
        """Return the document of one event."""
        return self._encode(event).decode()

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()

    def _encode(self, event: ErrorEvent) -> bytes:
        return encode_within(event, encode_event, self._max_bytes)
