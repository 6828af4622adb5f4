"""
Send customers into the shop who make it fail in ten ways, again and again.

`python loader.py URL` goes on until it is stopped, `--rounds 1` makes each failure once.
"""

from __future__ import annotations

import argparse
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way to make the shop fail: requests before it, and the requests that are made at the same time."""

    name: str
    path: str
    method: str = "GET"
    before: tuple[str, ...] = ()
    bodies: tuple[str, ...] = ("",)


WAYS = (
    Way(name="a page: an average over no reviews", path="/products/4/"),
    Way(name="a checkout: the provider answers 503, and nobody looks", path="/orders/1/pay/", method="POST"),
    Way(
        name="the last mug: two customers",
        path="/products/3/buy/",
        method="POST",
        before=("/products/3/restock/",),
        bodies=("customer=ada", "customer=grace"),
    ),
    Way(name="a reminder: no mail server, handled but reported", path="/orders/2/remind/", method="POST"),
    Way(name="a search: a number that is none", path="/search/?word=new&most=40,50"),
    Way(name="suppliers: three threads, of which one finds nobody", path="/suppliers/"),
    Way(name="an export: the answer has begun", path="/orders/export/"),
    Way(name="letters: forty times the same query", path="/newsletter/"),
    Way(name="a refund: one error from another", path="/orders/2/refund/", method="POST"),
    Way(name="the till: an answer of 503 without an exception", path="/till/"),
)


def main() -> None:
    """Go round and round."""
    options = parse_arguments()
    done = 0
    while options.rounds is None or done < options.rounds:
        for line in go_round(options.url):
            print(line, flush=True)
            time.sleep(options.pause)
        done += 1


def parse_arguments() -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description="Make the example shop fail in ten ways.")
    parser.add_argument("url", help="where the shop is")
    parser.add_argument("--rounds", type=int, help="how often (default: until it is stopped)")
    parser.add_argument("--pause", type=float, default=2.0, help="seconds between two failures (default: 2)")
    return parser.parse_args()


def go_round(url: str) -> Iterator[str]:
    """Make the shop fail in each way, and say how it answered."""
    for way in WAYS:
        for path in way.before:
            visit(url + path, "POST", "")
        with ThreadPoolExecutor(max_workers=len(way.bodies)) as customers:
            answers = sorted(customers.map(partial(visit, url + way.path, way.method), way.bodies))
        yield f"{way.method:<4} {way.path:<28} {' and '.join(answers):<12} {way.name}"


def visit(url: str, method: str, body: str) -> str:
    """Send one request, and return the status; an answer that breaks off says so."""
    request = urllib.request.Request(url, body.encode() if method == "POST" else None, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - the shop's own address
            answer.read()
            return str(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return str(error.code)
    except HTTPException:
        return "200, broken off"
    except OSError:
        return "no answer"


if __name__ == "__main__":
    main()
