"""An answer that breaks off, or a failure after it, is one event with the trail of its own request."""

from __future__ import annotations

import pytest

from .running import trails_of

BODY = ["view of {}", "first part of {}", "second part of {}"]
AFTER = ["view of {}", "end of {}"]
LINES = {"stream": BODY, "async": BODY, "context": BODY, "closed": AFTER, "background": AFTER}


@pytest.mark.parametrize(
    ("application", "server", "operation", "kinds"),
    [
        ("django", "wsgiref", "GET <str:kind>/<int:number>/", ["stream", "closed"]),
        ("django-async", "uvicorn", "GET <str:kind>/<int:number>/", ["stream", "async", "closed"]),
        ("flask", "wsgiref", "GET /<kind>/<int:number>/", ["stream", "context", "closed"]),
        ("flask", "werkzeug", "GET /<kind>/<int:number>/", ["stream", "context", "closed"]),
        ("starlette", "uvicorn", "GET /{kind}/{number}/", ["stream", "async", "closed", "background"]),
        ("starlette-inner", "uvicorn", "GET /{kind}/{number}/", ["stream", "async", "closed", "background"]),
        ("aiohttp", "aiohttp", "GET /{kind}/{number}/", ["stream", "async"]),
    ],
)
def test_failures_after_the_answer_began(application: str, server: str, operation: str, kinds: list[str]) -> None:
    """Each is one event, also where the server prints it or says nothing; answers that end well are none."""
    trails = trails_of("answers", application, server, *kinds, "excluded", "fine", kinds[0])

    assert {name: trail for name, trail in trails.items() if not name.startswith("excluded")} == {
        f"{kind}/{number}": [[operation, [line.format(f"{kind}/{number}") for line in LINES[kind]]]]
        * (2 if kind == kinds[0] else 1)
        for kind in kinds
        for number in (1, 2)
    }
    # A request that nobody traces is no operation, and is told apart from the requests before it all the same.
    for name, found in trails.items():
        assert all(name in line for _, lines in found for line in lines)
