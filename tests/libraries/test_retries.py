"""What was tried before a call succeeded is the story: each attempt is one breadcrumb, whoever tells of it."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

import boto3
import botocore.config
import botocore.endpoint
import httpcore._async.connection
import httpcore._sync.connection
import httpx
import pytest
import requests
import stamina
import tenacity
import urllib3
import urllib3.connectionpool
from requests.adapters import HTTPAdapter

import otel_crumbs
from otel_crumbs import Breadcrumb
from tests.loopback import nobody_listens

from .describing import message_of, trail_of, trail_of_async
from .partner import Partner

_TOOK = re.compile(r" (in|after) \d+(?:\.\d+)? (?:ms|s)(?= \(attempt)")
AGAIN = urllib3.Retry(5, status_forcelist=[503], backoff_factor=0)


def describe(trail: list[Breadcrumb], url: str = "") -> list[str]:
    """Return messages without an address, and without how long each took."""
    return [_TOOK.sub(r" \1 a moment", message_of(each)).replace(url, "") for each in trail]


def test_attempts_of_urllib3(partner: Partner) -> None:
    """Its span tells of the last one, and each of the others is a breadcrumb with its number."""
    with urllib3.PoolManager(retries=AGAIN) as pool:
        trail = trail_of(lambda: pool.request("GET", f"{partner.url}/busy/urllib3"))

    assert describe(trail, partner.url) == [
        "GET /busy/urllib3 -> 200 in a moment",
        "GET /busy/urllib3 -> 503 in a moment (attempt 1)",
        "GET /busy/urllib3 -> 503 in a moment (attempt 2)",
    ]
    assert [each.data.get("attempt") for each in trail] == [None, 1, 2]
    assert {each.level for each in trail[1:]} == {"error"}
    assert trail[1].timestamp + trail[1].duration_ms * 1e6 <= trail[2].timestamp  # type: ignore[operator]  # it has one


def test_attempts_of_requests(partner: Partner) -> None:
    """It leaves them to urllib3."""
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=AGAIN))
        trail = trail_of(lambda: session.get(f"{partner.url}/busy/requests", timeout=10))

    assert describe(trail, partner.url) == [
        "GET /busy/requests -> 200 in a moment",
        "GET /busy/requests -> 503 in a moment (attempt 1)",
        "GET /busy/requests -> 503 in a moment (attempt 2)",
    ]


def test_attempts_of_urllib3_that_nobody_instrumented(partner: Partner) -> None:
    """Each is a request of http.client, and told once."""
    opentelemetry = pytest.importorskip("opentelemetry.instrumentation.urllib3")
    opentelemetry.URLLib3Instrumentor().uninstrument()
    try:
        with urllib3.PoolManager(retries=AGAIN) as pool:
            trail = trail_of(lambda: pool.request("GET", f"{partner.url}/busy/alone"))
    finally:
        opentelemetry.URLLib3Instrumentor().instrument()

    assert describe(trail, partner.url) == ["GET /busy/alone -> 503 in a moment", "GET /busy/alone -> 200 in a moment"]
    assert [each.repeated for each in trail] == [2, 1]


def test_attempts_that_find_nobody() -> None:
    """The last one is the span's, with its exception; urllib3's own lines of the others are left out."""
    url = nobody_listens()
    with urllib3.PoolManager(retries=urllib3.Retry(2, backoff_factor=0)) as pool:
        trail = trail_of(lambda: pool.request("GET", f"{url}/pay"))

    assert describe(trail, url) == [
        "GET /pay -> MaxRetryError (connection refused) after a moment",
        "GET /pay -> NewConnectionError (connection refused) after a moment (attempt 1)",
        "GET /pay -> NewConnectionError (connection refused) after a moment (attempt 2)",
    ]


def test_a_call_that_is_not_tried_again(partner: Partner) -> None:
    """Its only attempt is the call."""
    with urllib3.PoolManager(retries=AGAIN) as pool:
        trail = trail_of(lambda: pool.request("GET", f"{partner.url}/404"))

    assert describe(trail, partner.url) == ["GET /404 -> 404 in a moment"]


def test_attempts_of_aws(partner: Partner) -> None:
    """They are calls to AWS, as the one that succeeds."""
    s3 = boto3.client(
        "s3",
        endpoint_url=f"{partner.url}/busy",
        region_name="eu-west-1",
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106 - nobody's
        config=botocore.config.Config(retries={"mode": "standard", "max_attempts": 3}),
    )

    trail = trail_of(lambda: s3.get_object(Bucket="hats", Key="aws"))

    assert describe(trail) == [
        "S3.GetObject -> 200 in a moment",
        "S3.GetObject -> 503 in a moment (attempt 1)",
        "S3.GetObject -> 503 in a moment (attempt 2)",
    ]
    assert {each.category for each in trail} == {"aws"}


def test_attempts_of_httpx_to_connect() -> None:
    """The transport tries to connect again, and the span tells of the last time."""
    url = nobody_listens()
    with httpx.Client(transport=httpx.HTTPTransport(retries=2)) as client:
        trail = trail_of(lambda: client.get(f"{url}/pay?order=1"))

    assert describe(trail, url) == [
        "GET /pay -> ConnectError (connection refused) after a moment",
        "GET /pay -> ConnectError (connection refused) after a moment (attempt 1)",
        "GET /pay -> ConnectError (connection refused) after a moment (attempt 2)",
    ]


def test_attempts_of_httpx_to_connect_in_a_coroutine() -> None:
    """Its asynchronous transport does the same."""
    url = nobody_listens()

    async def call() -> None:
        """Ask."""
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=1)) as client:
            await client.get(f"{url}/pay")

    trail = trail_of_async(call)

    assert describe(trail, url) == [
        "GET /pay -> ConnectError (connection attempts failed) after a moment",
        "GET /pay -> ConnectError (connection attempts failed) after a moment (attempt 1)",
    ]


class Stock:
    """A partner in this process, which fails twice before it works."""

    def __init__(self) -> None:
        self.asked = 0

    def load(self) -> int:
        """Return how often it was asked."""
        self.asked += 1
        if self.asked < 3:
            message = f"busy for the {self.asked}. time"
            raise ConnectionError(message)
        return self.asked


SHORTLY = {"wait": tenacity.wait_fixed(0.001), "stop": tenacity.stop_after_attempt(3)}
STORY = [
    "{} -> ConnectionError: busy for the 1. time after a moment (attempt 1)",
    "{} -> ConnectionError: busy for the 2. time after a moment (attempt 2)",
]


def story(name: str) -> list[str]:
    """Return what is told of a function that fails twice."""
    return [line.format(name) for line in STORY]


def test_a_function_that_tenacity_runs_again() -> None:
    """Each failure is told, with how long the pause was."""
    trail = trail_of(tenacity.Retrying(**SHORTLY).wraps(Stock().load))

    assert describe(trail) == story(f"{__name__}.Stock.load")
    assert trail[0].data["wait_s"] == 0.001
    assert trail[0].level == "warning"


def test_the_words_of_an_attempt_are_on_one_line() -> None:
    """As httpx has a second line in its errors, and how long it took stands behind."""

    def load() -> None:
        """Fail once, in many words."""
        calls.append(1)
        if len(calls) == 1:
            message = "503 Service Unavailable\n  for more see elsewhere"
            raise ConnectionError(message)

    calls: list[int] = []
    trail = trail_of(tenacity.Retrying(**SHORTLY).wraps(load))

    assert [line.rpartition(".load -> ")[2] for line in describe(trail)] == [
        "ConnectionError: 503 Service Unavailable for more see elsewhere after a moment (attempt 1)"
    ]


def test_a_coroutine_function_that_tenacity_runs_again() -> None:
    """It is told where it ran."""
    stock = Stock()

    @tenacity.retry(**SHORTLY)
    async def load() -> int:
        await asyncio.sleep(0)
        return stock.load()

    trail = trail_of_async(load)

    assert [line.rpartition(".load -> ")[2] for line in describe(trail)] == [
        line.rpartition("{} -> ")[2] for line in STORY
    ]


def test_a_block_that_tenacity_runs_again() -> None:
    """It has no name."""
    stock = Stock()

    def call() -> None:
        for attempt in tenacity.Retrying(**SHORTLY):
            with attempt:
                stock.load()

    assert describe(trail_of(call)) == story("block")


def test_a_result_that_tenacity_does_not_accept() -> None:
    """The result itself is not told."""
    results = iter([None, 42])

    def find() -> int | None:
        return next(results)

    trail = trail_of(tenacity.Retrying(retry=tenacity.retry_if_result(lambda found: found is None)).wraps(find))

    [line] = describe(trail)
    assert line.endswith(".find -> result not accepted after a moment (attempt 1)")


def test_a_function_that_stamina_runs_again() -> None:
    """Its own log line says nothing that the breadcrumb does not."""

    @stamina.retry(on=ConnectionError, attempts=3, wait_initial=0.001, wait_max=0.001, wait_jitter=0)
    def load() -> int:
        return stock.load()

    stock = Stock()
    trail = trail_of(load)

    assert [line.rpartition(".load -> ")[2] for line in describe(trail)] == [
        line.rpartition("{} -> ")[2] for line in STORY
    ]


def test_an_attempt_that_a_log_line_is_about() -> None:
    """The application's own words are enough."""
    says = tenacity.before_sleep_log(logging.getLogger("shop"), logging.WARNING)

    trail = trail_of(tenacity.Retrying(**SHORTLY, before_sleep=says).wraps(Stock().load))

    assert [each.category for each in trail] == ["shop", "shop"]


def test_an_attempt_that_a_call_is_about(partner: Partner) -> None:
    """The request that a function failed with is told once."""
    url = nobody_listens()
    asked: list[str] = []

    def load() -> None:
        asked.append("once")
        requests.get(f"{url if len(asked) < 2 else partner.url}/200", timeout=10)

    trail = trail_of(tenacity.Retrying(**SHORTLY).wraps(load))

    assert [each.type for each in trail] == ["http", "http"]


HOOKED: list[Callable[[], object]] = [
    lambda: urllib3.connectionpool.HTTPConnectionPool._make_request,
    lambda: urllib3.Retry.increment,
    lambda: botocore.endpoint.Endpoint._get_response,
    lambda: botocore.endpoint.Endpoint._needs_retry,
    lambda: httpcore._sync.connection.Trace,
    lambda: httpcore._async.connection.Trace,
    lambda: tenacity.RetryCallState.prepare_for_next_attempt,
]


def test_the_hooks_are_taken_out() -> None:
    """The libraries are as they were, and nothing is told any more."""
    hooked = [read() for read in HOOKED]

    otel_crumbs.uninstall()

    assert not any(read() is before for read, before in zip(HOOKED, hooked, strict=True))
    assert not any("otel_crumbs" in str(getattr(read(), "__code__", "")) for read in HOOKED)


def test_an_exception_has_no_frame_of_a_hook(partner: Partner) -> None:
    """The application prints and exports its traceback as before."""
    with pytest.raises(urllib3.exceptions.MaxRetryError) as caught, urllib3.PoolManager() as pool:
        pool.request("GET", f"{partner.url}/503", retries=urllib3.Retry(1, status_forcelist=[503], backoff_factor=0))

    files = [entry.path for entry in caught.traceback]
    assert not any("otel_crumbs/sources" in str(path) for path in files)
