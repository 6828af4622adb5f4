"""The parts of an error's page beside its trail."""

from __future__ import annotations

from otel_crumbs.event import ExceptionInfo, Frame
from otel_crumbs.export.http.document import document_of, encode_json
from otel_crumbs.view.addresses import JSON
from otel_crumbs.view.error_view import make_editor_link, make_error_view, read_source
from otel_crumbs.view.queries import StoredError, get_error
from otel_crumbs.view.receiving import receive
from otel_crumbs.view.store import Store

from .events import SOURCE, error_event, put


def stored(store: Store) -> StoredError:
    """Return the one event of a store."""
    found = get_error(store, "e" * 32)
    assert found is not None
    return found


def test_frames_are_innermost_first_with_their_source(store: Store) -> None:
    """Those of the application are open, with the lines around."""
    put(store, error_event())

    [exception] = make_error_view(stored(store)).exceptions

    own, library = exception.frames
    assert (own.function, own.in_app, own.editor) == ("pay", True, "vscode://file/srv/shop/checkout.py:29")
    assert [(line.number, line.is_current) for line in own.source] == [(28, False), (29, True), (30, False)]
    assert (library.function, library.in_app) == ("_get_response", False)


def test_causes_and_members_of_groups_are_a_tree(store: Store) -> None:
    """Each is as deep as it is far from the first."""
    frame = Frame(path="/srv/x.py", line=1, function="f")
    chain = (
        ExceptionInfo(type="ExceptionGroup", message="two", frames=(frame,)),
        ExceptionInfo(type="ValueError", message="a", parent=0, link="exceptions[0]", notes=("a note",)),
        ExceptionInfo(type="KeyError", message="b", parent=1, link="__cause__"),
    )
    body = encode_json(document_of(error_event(exceptions=chain)))
    receive(store, "/v1/events", body, content_type=JSON)

    exceptions = make_error_view(stored(store)).exceptions

    assert [(each.depth, each.link) for each in exceptions] == [(0, ""), (1, "exceptions[0]"), (2, "raised from")]
    assert exceptions[1].notes == ("a note",)


def test_request_and_other_attributes_are_apart(store: Store) -> None:
    """Which request it was, and what the application said."""
    put(store, error_event(attributes={"http.request.method": "GET", "shop.basket": 3}))

    view = make_error_view(stored(store))

    assert (view.request, view.attributes) == ({"http.request.method": "GET"}, {"shop.basket": 3})


def test_source_of_others_is_no_failure() -> None:
    """Whatever stands there."""
    assert read_source("") == {}
    assert read_source("nonsense\n\nx, line ٣, in f\n> 1 2") == {}
    assert [*read_source(SOURCE)] == [("shop/checkout.py", 29)]
    assert make_editor_link("relative.py", 1) == ""
    assert make_editor_link("/a b/<x>.py", 1) == "vscode://file/a%20b/%3Cx%3E.py:1"
