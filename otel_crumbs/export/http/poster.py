"""The posting of bodies over HTTP by `requests`, on which the standard OTLP exporter depends as well."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Mapping
from time import monotonic

import requests
from requests.utils import get_auth_from_url

from otel_crumbs.base.addresses import show_address
from otel_crumbs.base.fork import PerProcess
from otel_crumbs.base.identity import VERSION
from otel_crumbs.export.exporter import Outcome

from .deadline import DeadlineAdapter, limit_requests
from .responses import ReceiverResponse, outcome_of_failure

COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "deflate": zlib.compress}

USER_AGENT = f"otel-crumbs/{VERSION}"

# The body is read for its first words only; one that never ends must not hold up the next event.
_MAX_BODY = 16 * 1024


class Poster:
    """
    Posts to one URL over connections that are kept, and not shared with a forked child.

    Args:
        url: The URL.
        headers: Sent with every request.
        compression: ``none``, ``gzip`` or ``deflate``.
        verify: Whether the receiver's certificate is checked, or the file of the authority to check it by.
        cert: The file of the client's certificate, or the files of certificate and key.

    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        compression: str = "none",
        verify: str | bool = True,
        cert: str | tuple[str, str] | None = None,
    ) -> None:
        self._url = url
        self._public_url = show_address(url)
        self._headers = headers
        self._compression = compression
        self._verify = verify
        self._cert = cert
        self._session = PerProcess(self._make_session)

    def post(self, body: bytes, timeout: float) -> ReceiverResponse | Outcome:
        """Post a body; return the response, or the outcome where there was none."""
        deadline = monotonic() + timeout
        with limit_requests(deadline):
            return self._post(body, timeout, deadline)

    def _post(self, body: bytes, timeout: float, deadline: float) -> ReceiverResponse | Outcome:
        compress = COMPRESS.get(self._compression)
        try:
            response = self._session.get().post(
                self._url,
                data=compress(body) if compress else body,
                timeout=timeout,
                verify=self._verify,
                cert=self._cert,
                allow_redirects=False,
                stream=True,
            )
        except (OSError, ValueError) as error:
            return outcome_of_failure(self._url, error)
        with response:
            return ReceiverResponse(
                url=self._public_url,
                status=response.status_code,
                reason=response.reason or "",
                headers=response.headers,
                body=_read_beginning(response, deadline),
            )

    def close(self) -> None:
        """Close the connections."""
        session = self._session.get_if_made()
        if session is not None:
            session.close()

    def _make_session(self) -> requests.Session:
        session = requests.Session()
        # Else `requests` looks into the file .netrc, whose password for the host would replace what the settings say.
        session.auth = get_auth_from_url(self._url) if "@" in self._url else _keep_headers
        for scheme in ("http://", "https://"):
            session.mount(scheme, DeadlineAdapter())
        session.headers["User-Agent"] = USER_AGENT
        session.headers.update(self._headers)
        if self._compression in COMPRESS:
            session.headers["Content-Encoding"] = self._compression
        return session


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read_beginning(response: requests.Response, deadline: float) -> bytes:
    """Return the first bytes of a body, read one by one so that a slow receiver cannot outlast the deadline."""
    body = bytearray()
    try:
        for byte in response.iter_content(1):
            body += byte
            if len(body) >= _MAX_BODY or monotonic() > deadline:
                break
    except (OSError, ValueError):  # the status is known, and a body that breaks off says no more
        pass
    return bytes(body)
