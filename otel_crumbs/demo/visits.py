"""The customers of the shop: their requests, and the responses."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPConnection
from time import monotonic


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request, and how many error events it has to cause."""

    method: str = "GET"
    path: str
    wish: str
    body: str = ""
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopResponse:
    """The shop's response to a visit; it has no status where the shop hung up."""

    visit: Visit
    status: int | None


# Visits of one row happen at the same time: two customers want the last mug.
# Exactly one of them gets it, so the events are counted for the row.
VISITS: tuple[tuple[Visit, ...], ...] = (
    (Visit(path="/", wish="look around"),),
    (Visit(path="/products/1/", wish="look at the moka pot"),),
    (Visit(path="/products/4/", wish="look at the new kettle", events=1),),
    (Visit(path="/orders/99/", wish="see an order that does not exist"),),
    (
        Visit(method="POST", path="/products/3/buy/", wish="ada buys the last mug", body="customer=ada", events=1),
        Visit(method="POST", path="/products/3/buy/", wish="so does grace", body="customer=grace"),
    ),
    (Visit(method="POST", path="/orders/2/remind/", wish="remind grace of her order", events=1),),
    (Visit(method="POST", path="/orders/1/pay/", wish="pay for order 1", events=1),),
)

EXPECTED_EVENTS = sum(visit.events for row in VISITS for visit in row)


def make_visits(port: int, deadline: float) -> Iterator[ShopResponse]:
    """Make the visits; each row waits for the one before."""
    make = partial(make_visit, port=port, deadline=deadline)
    with ThreadPoolExecutor(max_workers=max(map(len, VISITS))) as customers:
        for row in VISITS:
            yield from customers.map(make, row)


def make_visit(visit: Visit, *, port: int, deadline: float) -> ShopResponse:
    """Send one request, past any proxy, and read the whole response."""
    connection = HTTPConnection("127.0.0.1", port, timeout=max(0.1, deadline - monotonic()))
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if visit.body else {}
    try:
        connection.request(visit.method, visit.path, visit.body or None, headers)
        response = connection.getresponse()
        response.read()
    except OSError:
        return ShopResponse(visit=visit, status=None)
    finally:
        connection.close()
    return ShopResponse(visit=visit, status=response.status)
