"""
A handler that catches everything catches what is not its own, too: a time limit that a signal handler threw in.

So each either raises what it caught once more, or asks `is_thrown_in` whether it must.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.gates.project import PACKAGE, package_files

BROAD = frozenset({"BaseException", "Exception"})
# Each with the reason why nothing can be thrown in there.
ALLOWED = {
    "doctor/exporters.py": "in a thread of its own, which the command line waits for",
    "trails/operation_wrappers.py": "it goes on to the application's generator, which it was thrown at",
}


def broad_handlers(code: str) -> Iterator[ast.ExceptHandler]:
    """Iterate over the handlers that catch every exception."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.ExceptHandler):
            types = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or (isinstance(kind, ast.Name) and kind.id in BROAD) for kind in types):
                yield node


def lets_through(handler: ast.ExceptHandler) -> bool:
    """Return whether a handler raises what it caught, always or where it was thrown in."""
    if isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None:
        return True
    return any(
        isinstance(statement, ast.If)
        and isinstance(statement.test, ast.Call)
        and isinstance(statement.test.func, ast.Name)
        and (statement.test.func.id, handler.name) == ("is_thrown_in", getattr(statement.test.args[0], "id", None))
        and isinstance(statement.body[-1], ast.Raise)
        and statement.body[-1].exc is None
        for statement in handler.body
    )


def test_no_handler_keeps_what_was_thrown_in() -> None:
    """Nothing of ours stands between a time limit and who set it."""
    found = {
        _name(path): handler.lineno
        for path in package_files()
        for handler in broad_handlers(path.read_text(encoding="utf-8"))
        if not lets_through(handler)
    }

    assert set(found) == set(ALLOWED), found


@pytest.mark.parametrize(
    ("body", "allowed"),
    [
        ("raise", True),
        ("clean_up(); raise", True),
        ("pass", False),
        ("raise ValueError from error", False),
        ("\n  if is_thrown_in(error):\n    raise\n  report(error)", True),
        ("\n  if is_thrown_in(other):\n    raise\n  report(error)", False),
        ("\n  if is_thrown_in(error):\n    return\n  report(error)", False),
    ],
)
def test_what_lets_through(body: str, *, allowed: bool) -> None:
    """The gate itself knows one from the other."""
    [handler] = broad_handlers(f"try:\n  work()\nexcept BaseException as error: {body}\n")

    assert lets_through(handler) is allowed


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()
