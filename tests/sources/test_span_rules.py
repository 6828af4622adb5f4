"""What spans tell where their instrumentations say little, or something unusual."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from otel_crumbs.sources import redirects
from otel_crumbs.sources.reasons import phrase_of, reason_of
from otel_crumbs.sources.span_rules import SpanFacts, Telling, tell


def told(name: str = "GET", **attributes: Any) -> Telling:
    """Return what a span with these attributes tells; two underscores are a dot."""
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    facts = SpanFacts(name=name, scope="shop", attributes=named, failed=False, error=None, took="2.0 ms")
    telling = tell(facts)
    assert telling is not None
    return telling


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("URLError: <urlopen error [Errno -2] Name or service not known>", "name or service not known"),
        (
            "SSLError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed (_ssl.c:1)",
            "TLS: certificate verify failed",
        ),
        ("ReadTimeout: ", "timed out"),
        ("ServerDisconnectedError: Server disconnected", None),
        ("", None),
        (None, None),
    ],
)
def test_a_reason_is_dug_out_of_what_a_client_says(said: str | None, reason: str | None) -> None:
    """Exceptions of clients are long, and their causes are at the end."""
    assert reason_of(said) == reason


def test_statuses_have_a_phrase_if_they_are_known() -> None:
    """Servers may invent others."""
    assert [phrase_of(status) for status in (503, 799, "503", None)] == ["Service Unavailable", None, None, None]


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"url__full": "https://me:secret@shop/x?y=1#z"}, "GET https://shop/x -> 200 in 2.0 ms"),
        ({"url__full": "http://[shop/x"}, "GET http://[shop/x -> 200 in 2.0 ms"),
        ({"http__host": "shop:80", "http__target": "/x?y=1"}, "GET http://shop:80/x -> 200 in 2.0 ms"),
        ({"url__path": "/x"}, "GET /x -> 200 in 2.0 ms"),
    ],
)
def test_addresses_are_put_together_and_kept_short(attributes: dict[str, Any], message: str) -> None:
    """Without the user, without the query string, and as they are where nobody can read them."""
    telling = told(http__method="GET", http__status_code=200, **attributes)

    assert telling.message == message
    assert "secret" not in str(telling)


@pytest.mark.parametrize(("system", "category"), [("valkey", "redis"), ("memcached", "memcached"), ("redis", "redis")])
def test_stores_that_answer_by_key_are_no_queries(system: str, category: str) -> None:
    """Valkey is what Redis was."""
    telling = told(db__system__name=system, db__query__text="GET ?")

    assert (telling.type, telling.category, telling.message) == ("query", category, "GET ?")


def test_a_status_of_grpc_may_be_a_word() -> None:
    """As the new conventions have it."""
    telling = told("/shop.Cart/Add", rpc__system__name="grpc", rpc__response__status_code="OK")

    assert telling.data["status"] == "OK"


def test_watching_redirects_leaves_nothing_behind() -> None:
    """The methods of clients are their own again."""
    before = vars(urllib.request.HTTPRedirectHandler)["redirect_request"]

    undo = redirects.install()
    during = vars(urllib.request.HTTPRedirectHandler)["redirect_request"]
    undo()

    assert during is not before
    assert vars(urllib.request.HTTPRedirectHandler)["redirect_request"] is before
