"""The exporters of JSON documents, which post to any URL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from otel_crumbs.base.addresses import show_address
from otel_crumbs.base.defaults import DEFAULT_MAX_EVENT_BYTES
from otel_crumbs.event import ErrorEvent
from otel_crumbs.event.trim import encode_within
from otel_crumbs.export.batch import encode_batch
from otel_crumbs.export.exporter import Outcome

from .document import encode_event, encode_line
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
    content_type = "application/json"
    encode = staticmethod(encode_event)

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
        self._poster = Poster(endpoint, {"Content-Type": self.content_type, **headers}, compression=compression)

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Send one event."""
        return self._post(self._encode(event), timeout)

    def show(self, event: ErrorEvent) -> str:
        """Return the document of one event."""
        return self._encode(event).decode()

    def shutdown(self) -> None:
        """Close the connections."""
        self._poster.close()

    def _encode(self, event: ErrorEvent) -> bytes:
        return encode_within(event, self.encode, self._max_bytes)

    def _post(self, body: bytes, timeout: float) -> Outcome:
        response = self._poster.post(body, timeout)
        return response if isinstance(response, Outcome) else outcome_of(response)


class JsonLinesExporter(HttpExporter):
    """
    Posts events as JSON documents, each on a line of its own, several of them in one request where they wait.

    The format's convention: https://jsonlines.org/; the content type is that of https://github.com/ndjson/ndjson-spec.
    """

    content_type = "application/x-ndjson"
    encode = staticmethod(encode_line)

    def export_batch(self, events: Sequence[ErrorEvent], timeout: float) -> Outcome:
        """Send several events in one request."""
        body = encode_batch(events, self.encode, self._max_bytes)
        return body if isinstance(body, Outcome) else self._post(body, timeout)
