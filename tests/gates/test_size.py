"""Modules and functions stay small enough to be read in one go."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from .project import PACKAGE, ROOT

LINES_OF_A_MODULE = 400
LINES_OF_A_FUNCTION = 40

Function = ast.FunctionDef | ast.AsyncFunctionDef


def modules() -> list[Path]:
    """Return the package's modules, and those that run other people's applications and test suites."""
    return sorted(path for folder in (PACKAGE, ROOT / "applications", ROOT / "peers") for path in folder.rglob("*.py"))


def functions(module: Path) -> Iterator[tuple[str, Function]]:
    """Iterate over a module's functions, each with where it is."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, Function):
            yield f"{module.parent.name}/{module.name}:{node.lineno} {node.name}", node


def length(function: Function) -> int:
    """Return the lines from the end of the docstring to the end of the function."""
    first = function.body[0]
    start = first.end_lineno if ast.get_docstring(function) else function.lineno
    return (function.end_lineno or 0) - (start or 0)


def test_no_module_is_longer_than_can_be_read_in_one_go() -> None:
    """A longer one holds more than one idea."""
    long = {
        path.name: n for path in modules() if (n := path.read_text(encoding="utf-8").count("\n")) > LINES_OF_A_MODULE
    }

    assert long == {}


def test_no_function_is_longer_than_a_screen() -> None:
    """A longer one does more than one thing."""
    long = {
        name: n for path in modules() for name, node in functions(path) if (n := length(node)) > LINES_OF_A_FUNCTION
    }

    assert long == {}
