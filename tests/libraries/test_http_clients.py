"""One HTTP call is one breadcrumb that says what came of it, whichever client made it."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Callable

import aiohttp
import httpx
import pytest
import requests
import urllib3

from otel_crumbs import Breadcrumb
from tests.loopback import nobody_listens

from .describing import details, message_of, reported, trail_of, trail_of_async
from .partner import Partner

# In seconds, for what answers after one.
PATIENCE = 0.3

Get = Callable[[str], list[Breadcrumb]]


def patience(url: str) -> float:
    """Return for how long to wait for an answer."""
    return PATIENCE if url.endswith("/slow") else 10


def get_by_requests(url: str) -> list[Breadcrumb]:
    """Ask with requests."""
    return trail_of(lambda: requests.get(url, timeout=patience(url)))


def get_by_urllib(url: str) -> list[Breadcrumb]:
    """Ask with urllib."""

    def call() -> None:
        try:
            urllib.request.urlopen(url, timeout=patience(url)).close()
        except urllib.error.HTTPError as error:
            error.close()

    return trail_of(call)


def get_by_urllib3(url: str) -> list[Breadcrumb]:
    """Ask with urllib3, once."""
    retries = urllib3.Retry(total=2, connect=0, read=0, other=0, redirect=1, raise_on_redirect=False)
    with urllib3.PoolManager() as pool:
        return trail_of(lambda: pool.request("GET", url, timeout=patience(url), retries=retries))


def get_by_httpx(url: str) -> list[Breadcrumb]:
    """Ask with httpx."""
    with httpx.Client(timeout=patience(url), follow_redirects=True) as client:
        return trail_of(lambda: client.get(url))


def get_by_httpx_async(url: str) -> list[Breadcrumb]:
    """Ask with httpx in a coroutine."""

    async def call() -> None:
        """Ask."""
        async with httpx.AsyncClient(timeout=patience(url), follow_redirects=True) as client:
            await client.get(url)

    return trail_of_async(call)


def get_by_aiohttp(url: str) -> list[Breadcrumb]:
    """Ask with aiohttp."""

    async def call() -> None:
        """Ask."""
        timeout = aiohttp.ClientTimeout(total=patience(url))
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as response:
            await response.read()

    return trail_of_async(call)


CLIENTS: dict[str, Get] = {
    "requests": get_by_requests,
    "urllib": get_by_urllib,
    "urllib3": get_by_urllib3,
    "httpx": get_by_httpx,
    "httpx async": get_by_httpx_async,
    "aiohttp_client": get_by_aiohttp,
}
# Which clients make one span of a call and the redirects in it.
FOLLOWING = ("requests", "urllib", "aiohttp_client")


@pytest.fixture(params=CLIENTS)
def client(request: pytest.FixtureRequest) -> str:
    """Name each client in turn."""
    return str(request.param)


def library(client: str) -> str:
    """Return what a client's instrumentation is called."""
    return client.partition(" ")[0]


def test_a_call_that_is_answered(client: str, partner: Partner) -> None:
    """It says the status and the time it took, and not the query string."""
    [breadcrumb] = CLIENTS[client](f"{partner.url}/200?page=2")

    assert reported([breadcrumb]) == [("http", "http", "info", f"GET {partner.url}/200 -> 200 in a moment")]
    assert details(breadcrumb) == {
        "method": "GET",
        "url": f"{partner.url}/200?page=2",
        "status_code": 200,
        "reason": "OK",
        "library": library(client),
    }


@pytest.mark.parametrize(("status", "level"), [(404, "warning"), (503, "error")])
def test_a_call_that_is_refused(client: str, partner: Partner, status: int, level: str) -> None:
    """A client's error is a warning, a server's an error."""
    [breadcrumb] = CLIENTS[client](f"{partner.url}/{status}")

    assert reported([breadcrumb]) == [("http", "http", level, f"GET {partner.url}/{status} -> {status} in a moment")]
    assert breadcrumb.data["reason"] == {404: "Not Found", 503: "Service Unavailable"}[status]


def test_a_call_that_finds_nobody(client: str) -> None:
    """The breadcrumb that one wants most: no answer, and why."""
    url = nobody_listens()

    [breadcrumb] = CLIENTS[client](f"{url}/pay")

    assert reported([breadcrumb])[0][:3] == ("http", "http", "error")
    assert message_of(breadcrumb).startswith(f"GET {url}/pay -> ")
    assert message_of(breadcrumb).endswith(" after a moment")
    assert str(breadcrumb.data["reason"]).startswith(("connect", "connection "))
    assert "status_code" not in breadcrumb.data
    assert "Error" in breadcrumb.data["error"]


def test_a_call_that_waits_for_too_long(client: str, partner: Partner) -> None:
    """A time-out says so, and for how long it waited."""
    [breadcrumb] = CLIENTS[client](f"{partner.url}/slow")

    assert "(timed out) after " in breadcrumb.message
    assert breadcrumb.data["reason"] == "timed out"
    assert breadcrumb.duration_ms is not None
    assert breadcrumb.duration_ms >= PATIENCE * 1000


def test_a_call_that_fails_at_tls(client: str, partner: Partner) -> None:
    """What OpenSSL says is dug out of the exceptions around it."""
    [breadcrumb] = CLIENTS[client](f"{partner.tls_url}/200")

    assert "(TLS: " in breadcrumb.message
    assert str(breadcrumb.data["reason"]).startswith("TLS: ")
    assert breadcrumb.level == "error"


def test_a_call_that_is_sent_elsewhere(client: str, partner: Partner) -> None:
    """Where the client makes one span of it, the breadcrumb tells of the way; else each step is one."""
    trail = [breadcrumb for breadcrumb in CLIENTS[client](f"{partner.url}/moved") if breadcrumb.type == "http"]

    if client in FOLLOWING:
        assert [message_of(each) for each in trail] == [f"GET {partner.url}/moved -> 302 -> 200 in a moment"]
        assert trail[0].data["redirects"] == 1
    else:
        assert [message_of(each) for each in trail] == [
            f"GET {partner.url}/moved -> 302 in a moment",
            f"GET {partner.url}/200 -> 200 in a moment",
        ]


@pytest.mark.parametrize(("path", "count"), [("/200/livez", 0), ("/200/health", 0), ("/200/healthz/items", 1)])
def test_health_checks_stay_out_while_all_is_well(partner: Partner, path: str, count: int) -> None:
    """They come all the time, and would push out the story."""
    trail = get_by_requests(partner.url + path)

    assert len(trail) == count


def test_a_failed_health_check_is_reported(partner: Partner) -> None:
    """It may well be the cause."""
    trail = get_by_requests(f"{partner.url}/503/health")

    assert reported(trail) == [("http", "http", "error", f"GET {partner.url}/503/health -> 503 in a moment")]
