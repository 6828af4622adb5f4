"""The body of a request, unpacked within bounds."""

from __future__ import annotations

import zlib
from typing import Any

# Exporters of OpenTelemetry's SDK and the Collector send less at once.
MAX_BODY = 16 * 1024 * 1024
# A body that is unpacked to more than this is a bomb.
MAX_UNPACKED = 64 * 1024 * 1024
_PIECE = 1024 * 1024
_WINDOWS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class RefusedError(Exception):
    """A request that is not taken: a status of HTTP, and a line that says why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def unpack(body: bytes, encoding: str, limit: int = MAX_UNPACKED) -> bytes:
    """
    Return a body without its content encoding.

    Raises:
        RefusedError: If the encoding is unknown, the body broken, or too large when it is unpacked.

    """
    name = encoding.strip().lower()
    if name in {"", "identity"}:
        return body
    if name == "br":
        return _unpack_brotli(body, limit)
    if name not in _WINDOWS:
        raise RefusedError(415, f"content encoding {name[:40]!r} is not known; send gzip, deflate, br or none")
    reader = zlib.decompressobj(_WINDOWS[name])
    try:
        content = _read_all(reader, body, limit)
    except zlib.error as error:
        raise RefusedError(400, f"the body is not {name}: {error}") from error
    if not reader.eof:
        raise RefusedError(400, f"the body is cut off: its {name} has no end")
    return content


def _unpack_brotli(body: bytes, limit: int) -> bytes:
    """Unpack as clients of Sentry pack where Brotli is installed."""
    try:
        import brotli  # noqa: PLC0415 - of an extra, and few senders pack so
    except ImportError:
        raise RefusedError(415, "content encoding 'br' needs `pip install 'otel-crumbs[view]'` here") from None
    reader = brotli.Decompressor()
    parts: list[bytes] = []
    size = 0
    try:
        while not reader.is_finished():
            part = reader.process(body, output_buffer_limit=min(_PIECE, limit + 1))
            body = b""
            parts.append(part)
            size += len(part)
            if size > limit:
                raise RefusedError(413, f"the body is larger than {limit // 2**20} MiB when it is unpacked")
            if not part and not reader.is_finished() and reader.can_accept_more_data():
                raise RefusedError(400, "the body is cut off: its br has no end")
    except brotli.error as error:
        raise RefusedError(400, f"the body is not br: {error}") from error
    return b"".join(parts)


def _read_all(reader: Any, body: bytes, limit: int) -> bytes:
    """Unpack piece by piece, so that a bomb takes no more memory than the limit."""
    parts: list[bytes] = []
    size = 0
    while part := reader.decompress(body, min(_PIECE, limit + 1)):
        size += len(part)
        if size > limit:
            raise RefusedError(413, f"the body is larger than {limit // 2**20} MiB when it is unpacked")
        parts.append(part)
        body = reader.unconsumed_tail
    return b"".join(parts)
