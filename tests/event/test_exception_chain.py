"""The exceptions behind an exception are visited once each, however they hang together."""

from __future__ import annotations

import sys

import pytest

from otel_crumbs.event.exception_chain import MAX_COUNTED, MAX_EXCEPTIONS, count_more, find_chain

GROUPS = pytest.mark.skipif(sys.version_info < (3, 11), reason="exception groups came with Python 3.11")


def chain(length: int) -> BaseException:
    """Return the last of some exceptions, each raised from the one before."""
    error = ValueError("0")
    for number in range(1, length):
        following = ValueError(str(number))
        following.__cause__ = error
        error = following
    return error


@pytest.mark.parametrize(("length", "left_out"), [(1, 0), (32, 0), (33, 1), (9_000, 9_000 - MAX_EXCEPTIONS)])
def test_a_long_chain_is_counted(length: int, left_out: int) -> None:
    """The nearest are found, and it is known how many others there are."""
    found, others = find_chain(chain(length))

    assert (len(found), others) == (min(length, MAX_EXCEPTIONS), left_out)
    assert [str(each.error) for each in found[:2]] == [str(length - 1), str(length - 2)][:length]
    assert [each.parent for each in found] == [None, *range(len(found) - 1)]


def test_counting_ends() -> None:
    """A chain of any length costs no more than one of this length."""
    _, others = find_chain(chain(MAX_COUNTED + 1000))

    assert others == MAX_COUNTED - MAX_EXCEPTIONS
    assert count_more(others) == f"at least {others} more exceptions"


def test_a_web_is_visited_once() -> None:
    """Causes and contexts may point anywhere."""
    errors = [ValueError(str(number)) for number in range(1000)]
    for number, error in enumerate(errors):
        error.__context__ = errors[(number * 7) % 1000]
        if number % 2:
            error.__cause__ = errors[(number * 3) % 1000]

    found, others = find_chain(errors[1])

    assert len({id(each.error) for each in found}) == len(found)
    assert len(found) + others <= 1000


@GROUPS
def test_shared_members_are_visited_once() -> None:
    """There are two ways to each of these groups from the next one: all in all more than could ever be walked."""
    group: BaseException = ValueError("shared")
    for number in range(100):
        group = ExceptionGroup(str(number), [group, group])  # type: ignore[list-item, type-var]  # noqa: F821 - 3.11

    found, others = find_chain(group)

    assert [str(each.error).partition(" ")[0] for each in found[:2]] == ["99", "98"]
    assert {each.link for each in found[1:]} == {"exceptions[0]"}
    assert len(found) + others == 101


@GROUPS
def test_members_come_before_distant_causes() -> None:
    """A group with a long chain behind it still shows what it groups."""
    group = ExceptionGroup("all", [KeyError("one"), KeyError("two")])  # noqa: F821 - 3.11
    group.__cause__ = chain(100)

    found, others = find_chain(group)

    assert [each.link for each in found[:4]] == [None, "__cause__", "exceptions[0]", "exceptions[1]"]
    assert others == 103 - MAX_EXCEPTIONS


def test_counts_are_words() -> None:
    """One is one."""
    assert count_more(1) == "1 more exception"
    assert count_more(2) == "2 more exceptions"
