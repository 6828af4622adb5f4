"""For which exceptions the clauses of an `except` are."""

# ruff: noqa: TRY203 - what an `except` names is read here, and never comes

from __future__ import annotations

import dis
import json
import sys
import textwrap
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from otel_crumbs.sources.swallowed.clauses import is_match_possible
from otel_crumbs.sources.swallowed.handlers import is_handler

pytestmark = pytest.mark.skipif(sys.version_info < (3, 12), reason="nobody asks before Python 3.12")


class Shop:
    """Has an exception of its own, as Django's models have."""

    class Missing(LookupError):  # noqa: N818 - named as in Django
        """Nothing there."""

    @property
    def refused(self) -> type[Exception]:
        """Name a class by code."""
        return ValueError


def catch_one() -> FrameType:
    """Name a class of Python's."""
    try:
        return sys._getframe()
    except ValueError:
        raise


def catch_some() -> FrameType:
    """Name some in two clauses, of a module and of a class too."""
    try:
        return sys._getframe()
    except (KeyError, json.JSONDecodeError):
        raise
    except Shop.Missing as error:
        raise error from None


def catch_rest() -> FrameType:
    """Have a bare clause in the end."""
    try:
        return sys._getframe()
    except KeyError:
        raise
    except:
        raise


def catch_argument(kind: type[Exception] = KeyError) -> FrameType:
    """Name a class that only the call knows."""
    try:
        return sys._getframe()
    except kind:
        raise


def catch_unknown() -> FrameType:
    """Name what is not there, and what an attribute may be in truth."""
    try:
        return sys._getframe()
    except KeyError:
        raise
    except Shop().refused:
        raise


def catch_missing() -> FrameType:
    """Name what is no variable."""
    try:
        return sys._getframe()
    except nowhere:  # type: ignore[name-defined] # noqa: F821 - it is missing
        raise


def matches(frame: FrameType, kind: type) -> bool:
    """Return whether the first handler of a function may be for an exception."""
    parts: Any = dis.Bytecode(frame.f_code)
    places = sorted({entry.target for entry in parts.exception_entries})
    place = next(place for place in places if is_handler(frame.f_code, place))
    return is_match_possible(frame.f_code, place, kind, frame)


@pytest.mark.parametrize(
    ("function", "matching", "others"),
    [
        (catch_one, [ValueError, UnicodeError, json.JSONDecodeError], [KeyError, Exception, OSError]),
        (catch_some, [KeyError, json.JSONDecodeError, Shop.Missing], [ValueError, LookupError, IndexError]),
        (catch_rest, [KeyError, ValueError, OSError], []),
        (catch_argument, [KeyError, ValueError], []),
        (catch_unknown, [KeyError, ValueError, OSError], []),
        (catch_missing, [KeyError, ValueError], []),
    ],
)
def test_the_classes_of_clauses(function: Callable[[], FrameType], matching: list[type], others: list[type]) -> None:
    """Those that cannot be known may be any."""
    frame = function()

    assert [kind for kind in [*matching, *others] if matches(frame, kind)] == matching


def test_clauses_of_modules_and_of_classes() -> None:
    """A module's variables are known; those of a class being made are not."""
    text = """
        import sys
        frames.append(sys._getframe())
        try: frames
        except ValueError: pass
        class Shop:
            ValueError = KeyError
            frames.append(sys._getframe())
            try: frames
            except ValueError: pass
    """
    frames: list[FrameType] = []
    exec(textwrap.dedent(text), {"frames": frames})  # noqa: S102 - it is written above
    # A module that has ended has its variables still.
    module, shop = frames

    assert [kind for kind in (ValueError, KeyError) if matches(module, kind)] == [ValueError]
    assert [kind for kind in (ValueError, KeyError) if matches(shop, kind)] == [ValueError, KeyError]


def test_a_function_with_many_names() -> None:
    """A number that needs more than one byte is read whole."""
    names = "\n".join(f"        name{number}" for number in range(300))
    text = f"def catch():\n    if not sys:\n{names}\n    try: return sys._getframe()\n    except ValueError: pass\n"
    found: dict[str, Any] = {"sys": sys}
    exec(text, found)  # noqa: S102 - it is written above

    assert [kind for kind in (ValueError, KeyError) if matches(found["catch"](), kind)] == [ValueError]
