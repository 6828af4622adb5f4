"""The functions that we put around others' calls are in nobody's way."""

from __future__ import annotations

import http.client
import socket

import pytest

import otel_crumbs
from otel_crumbs.testing import capture_events


def test_our_frames_are_not_in_the_stacktrace() -> None:
    """A failed http.client call shows the application and http.client, and nothing of ours between them."""
    with socket.socket() as unused, capture_events() as events:
        unused.bind(("127.0.0.1", 0))

        with pytest.raises(ConnectionRefusedError) as caught:
            http.client.HTTPConnection(*unused.getsockname()).request("GET", "/")
        otel_crumbs.capture_exception(caught.value)

        (event,) = events
        assert "http/client.py" in event.stacktrace
        assert "otel_crumbs/sources" not in event.stacktrace
        assert [frame for frame in event.exception.frames if "otel_crumbs/sources" in frame.path] == []
        assert event.exception.frames[0].path == __file__
