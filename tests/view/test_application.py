"""The viewer over HTTP, with a real server: what senders get, and what browsers do."""

from __future__ import annotations

import gzip
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection

import pytest

from otel_crumbs import Breadcrumb
from otel_crumbs.view.body import MAX_BODY
from otel_crumbs.view.queries import list_errors
from otel_crumbs.view.store import Store

from .events import TRACE, TRAIL, ZERO, body_of, error_event, put
from .running import Viewer, read_news, viewing

ID = "e" * 32
BOMB = gzip.compress(bytes(70 * 2**20), 1)
SECRET = "secret"  # noqa: S105 - of this test
GONE = ("/errors/0000000000", "/traces/x", "/groups/x", f"/errors/{ID}.exe", "/errors/a/difference/b")
GET = b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n"
HOSTILE = "<script>alert(1)</script> \x1b[31m \u202e \"' </textarea><img src=x onerror=alert(2)>"


@pytest.fixture
def viewer(store: Store) -> Iterator[Viewer]:
    """Run a viewer."""
    with viewing(store) as running:
        yield running


def test_an_event_is_acknowledged_when_it_is_stored(viewer: Viewer) -> None:
    """In the form of the request."""
    assert viewer.send(error_event()) == 200

    answer = viewer.ask("/v1/logs", "POST", b"{}", Content_Type="application/json; charset=utf-8")

    assert (answer.status, answer.text, answer.headers["content-type"]) == (200, "{}", "application/json")
    assert len(list_errors(viewer.store)) == 1


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff garbage", {"Content_Type": "application/x-protobuf"}, 400),
        (
            BOMB,
            {"Content_Type": "application/x-protobuf", "Content_Encoding": "gzip"},
            413,
        ),
        (b"x", {"Content_Type": "text/plain"}, 415),
        (b"{}", {"Content_Type": "application/json", "Origin": "http://evil.example"}, 403),
        (b"{}", {"Content_Type": "application/json", "Sec_Fetch_Site": "cross-site"}, 403),
    ],
    ids=["garbage", "bomb", "other type", "other origin", "other site"],
)
def test_bad_requests_get_a_status_and_one_line(
    viewer: Viewer, body: bytes, headers: dict[str, str], status: int
) -> None:
    """And nothing is stored."""
    answer = viewer.ask("/v1/logs", "POST", body, **headers)

    assert answer.status == status
    assert answer.text.count("\n") == 1
    assert viewer.ask("/health").text == "ok\n"


def test_a_body_that_is_too_large_is_not_read(viewer: Viewer) -> None:
    """Whether it says so, or only goes on and on."""
    large = {"Content-Type": "application/x-protobuf", "Content-Length": str(MAX_BODY + 1)}
    connection = HTTPConnection(viewer.address.host, viewer.address.port, timeout=120)
    connection.request("POST", "/v1/logs", headers=large)

    assert connection.getresponse().status == 413
    connection.close()


def test_a_name_that_leads_to_loopback_is_refused(viewer: Viewer) -> None:
    """Else a foreign page could read errors by DNS rebinding."""
    assert viewer.ask("/", Host="evil.example").status == 421
    assert viewer.ask("/", Host="localhost:4318").status == 200
    assert viewer.ask("/", Host="[::1]:4318").status == 200


def test_pages_may_load_nothing_from_elsewhere(viewer: Viewer) -> None:
    """Nor be put into a foreign page, nor run what stands in them."""
    headers = viewer.ask("/").headers

    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self'")
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


def test_elsewhere_a_token_is_needed(store: Store) -> None:
    """It is in the address that is printed once, in a cookie then, or in a header of senders."""
    with viewing(store, token=SECRET) as viewer:
        opened = viewer.ask("/errors/x?token=secret&text=a")
        cookie = opened.headers["set-cookie"].partition(";")[0]

        assert viewer.ask("/").status == viewer.ask("/?token=wrong").status == 401
        assert viewer.send(error_event()) == 401
        assert (opened.status, opened.headers["location"]) == (303, "/errors/x?text=a")
        assert "HttpOnly; SameSite=Lax" in opened.headers["set-cookie"]
        assert viewer.ask("/", Cookie=cookie).status == 200
        assert viewer.ask("/", Authorization="Bearer secret", Host="viewer:4318").status == 200
        assert viewer.ask("/health").status == 200
        assert viewer.ask("//evil.example/?token=secret").headers["location"] == "/evil.example/"


def test_everything_that_an_event_says_is_text(viewer: Viewer) -> None:
    """In pages, in the file that is taken along, and in Markdown."""
    crumb = Breadcrumb(timestamp=ZERO, message=HOSTILE, category=HOSTILE, data={HOSTILE: HOSTILE}, branch=HOSTILE)
    fields = {"operation": HOSTILE, "resource": {"service.name": HOSTILE}, "attributes": {HOSTILE: HOSTILE}}
    put(viewer.store, error_event(breadcrumbs=(crumb,), thread=HOSTILE, mechanism=HOSTILE, **fields))

    group = list_errors(viewer.store)[0].group
    paths = ["/", f"/errors/{ID}", f"/groups/{group}", f"/traces/{TRACE:032x}", f"/errors/{ID}/difference/{ID}"]
    pages = {path: viewer.ask(path) for path in [*paths, f"/errors/{ID}.html"]}

    for path, page in pages.items():
        assert page.status == 200, path
        assert "<script>alert" not in page.text, path
        assert "<img" not in page.text, path
        assert "\x1b" not in page.text, path
        assert "\u202e" not in page.text, path
        assert "&lt;script&gt;alert(1)" in page.text, path
    assert "\x1b" not in viewer.ask(f"/errors/{ID}.md").text


def test_ten_thousand_breadcrumbs_and_long_words_are_shown(viewer: Viewer) -> None:
    """A page has the newest of them, as a browser takes long for all, says how many it has not, and leads there."""
    trail = tuple(Breadcrumb(timestamp=ZERO - n, message=f"n{n} " + "x" * 20, category="c") for n in range(10_000))
    put(viewer.store, error_event(breadcrumbs=(*trail, Breadcrumb(timestamp=ZERO, message="w" * 8192))))

    page, whole, file = (viewer.ask(f"/errors/{ID}{end}") for end in ("", "?all", ".html"))

    assert [each.status for each in (page, whole, file)] == [200, 200, 200]
    assert [each.text.count('<tr class="row breadcrumb') for each in (page, whole, file)] == [2_000, 10_001, 10_001]
    assert "8,001 earlier rows are not on this page." in page.text
    assert "earlier rows" not in whole.text
    assert "w" * 8192 in page.text


def test_an_event_is_taken_along_as_markdown_json_and_one_file(viewer: Viewer) -> None:
    """The file needs nothing, and its policy lets its own script run and no other."""
    put(viewer.store, error_event())

    markdown, document, file = (viewer.ask(f"/errors/{ID}{kind}") for kind in (".md", ".json", ".html"))

    assert f"The whole event: {viewer.address.url}/errors/{ID}" in markdown.text
    assert json.loads(document.text)["event_id"] == ID
    assert "<style>" in file.text
    assert 'href="/' not in file.text
    assert 'src="' not in file.text
    assert "script-src 'sha256-" in file.headers["content-security-policy"]
    assert viewer.ask(f"/errors/{ID}.md?all").text.count("| query |") == 1


def test_a_group_its_neighbours_and_their_difference_are_shown(viewer: Viewer) -> None:
    """One goes from event to event of a failure, and sees what one of them alone has."""
    more = Breadcrumb(timestamp=ZERO + 9 * 10**9, message="cache hit 77", category="redis")
    put(viewer.store, error_event("a" * 32), error_event("b" * 32, seconds=10, breadcrumbs=(*TRAIL, more)))

    page = viewer.ask(f"/errors/{'b' * 32}").text
    difference = viewer.ask(f"/errors/{'a' * 32}/difference/{'b' * 32}").text

    assert f'rel="prev" href="/errors/{"a" * 32}"' in page
    assert f"/errors/{'a' * 32}/difference/{'b' * 32}" in page
    assert "<strong>3</strong> alike" in difference
    assert difference.count('<tr class="plus"') == 1
    assert "cache hit 77" in difference


def test_the_list_is_searched_and_filtered(viewer: Viewer) -> None:
    """By what stands in the address."""
    put(viewer.store, error_event())

    assert ID in viewer.ask("/?text=pay.example&service=coffee-corner&level=error").text
    assert "Nothing matches" in viewer.ask("/?text=nowhere").text
    assert "Nothing matches" in viewer.ask("/?period=1h").text
    assert viewer.ask("/?offset=-5&period=x&limit=%00").status == 200


def test_an_empty_store_says_how_to_send(viewer: Viewer) -> None:
    """With the address of this very viewer."""
    page = viewer.ask("/").text

    assert f"export OTEL_EXPORTER_OTLP_ENDPOINT={viewer.address.url}" in page


@pytest.mark.parametrize("path", GONE)
def test_what_is_not_there_says_why(viewer: Viewer, path: str) -> None:
    """It was removed, or never came."""
    answer = viewer.ask(path)

    assert answer.status == 404
    assert "There is no such" in answer.text


def test_files_are_only_its_own(viewer: Viewer) -> None:
    """No path leads out of the folder."""
    assert viewer.ask("/static/view.css").headers["content-type"].startswith("text/css")
    assert viewer.ask("/static/..%2Fapplication.py").status == 404


def test_news_come_by_themselves(viewer: Viewer) -> None:
    """To every page that is open, with how many came."""
    connection = HTTPConnection(viewer.address.host, viewer.address.port, timeout=120)
    connection.request("GET", "/live?after=0")
    viewer.send(error_event())

    assert read_news(connection) == {"count": 1, "last": 1, "title": error_event().title}
    connection.close()


def test_a_client_that_never_reads_holds_up_nobody(viewer: Viewer) -> None:
    """Neither news nor answers are kept for it: what it asked for is more than the system has room for."""
    slow = [socket.socket() for _ in range(10)]
    for number, each in enumerate(slow):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        each.connect((viewer.address.host, viewer.address.port))
        each.settimeout(0)
        with suppress(BlockingIOError):
            each.sendall(GET % b"/live?after=0" if number % 2 else GET % b"/static/view.css" * 1000)

    statuses = {viewer.send(error_event(f"{number:032x}")) for number in range(20)}

    assert statuses == {200}
    assert viewer.ask("/").status == 200
    for each in slow:
        each.close()


def test_what_cannot_be_stored_is_sent_again_later(viewer: Viewer) -> None:
    """The sender is told so, and the terminal says what to do."""
    viewer.store.close()

    answer = viewer.ask("/v1/logs", "POST", body_of(error_event()), Content_Type="application/x-protobuf")

    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert len(viewer.said) == 1
    assert viewer.ask("/").status == 503
    assert viewer.ask("/health").status == 503
