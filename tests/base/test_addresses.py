"""Tests of `otel_crumbs.base.addresses`: no part of a password is shown, however an address is misspelt."""

from __future__ import annotations

import pytest

from otel_crumbs.base.addresses import HIDDEN, UNREADABLE, hide_address, show_address

from .misspelt import MISSPELT, SECRET


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("http://localhost:4318/v1/logs", "http://localhost:4318/v1/logs"),
        ("localhost:4317", "localhost:4317"),
        ("https://[::1]:4318", "https://[::1]:4318"),
        ("https://bücher.example/in", "https://bücher.example/in"),
        ("https://shop:secret@crumbs.example/in?key=a#b", "https://crumbs.example/in"),
        ("unix:///run/collector.sock", "unix:///run/collector.sock"),
        ("unix:/run/collector.sock", UNREADABLE),
        ("", UNREADABLE),
    ],
)
def test_of_an_address_the_place_is_shown(address: str, shown: str) -> None:
    """User, password, query and fragment are not."""
    assert show_address(address) == shown


def test_something_may_stand_for_user_and_password() -> None:
    """Where there is one of them."""
    assert show_address("http://shop:secret@crumbs.example/in", "?") == "http://?@crumbs.example/in"
    assert show_address("http://crumbs.example/in", "?") == "http://crumbs.example/in"


@pytest.mark.parametrize("address", MISSPELT)
def test_no_password_is_shown(address: str) -> None:
    """An address is shown as far as nothing in it can be a secret."""
    assert SECRET not in show_address(address)
    assert SECRET not in show_address(address, "?")


@pytest.mark.parametrize("address", MISSPELT)
@pytest.mark.parametrize("words", ["cannot resolve {}: no such host", "{!r} is not valid", "errors in {}: {}"])
def test_no_message_of_a_library_shows_it(address: str, words: str) -> None:
    """Libraries quote the address as a whole, or some of it."""
    parts = [address, address.partition("://")[2], address.rpartition("/")[2], SECRET, f"shop:{SECRET}"]

    for part in filter(None, parts):
        assert SECRET not in hide_address(words.format(part, part), address)


def test_the_rest_of_a_message_stays() -> None:
    """It says where the fault is."""
    address = "http://shop:secret@crumbs.example:4317"

    hidden = hide_address("errors resolving shop:secret@crumbs.example:4317: no such host", address)

    assert hidden == f"errors resolving {HIDDEN}@crumbs.example:4317: no such host"
