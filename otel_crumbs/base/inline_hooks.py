"""
Inline hooks: calls of this package inside the code of a Python function that others look at by its frames.

A stand-in is one frame more while the original runs. Where that would show, as
around the handlers of a log line, the function keeps its identity and gets
other code: its own, compiled from its source with a few statements added on
lines that are there. File, lines, names and globals stay those of the function,
and so do the number of frames and every traceback.

Code is changed only if compiling the source as it is gives the code that runs.
Undoing puts that code back.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any, cast

from .patching import Undo

# Adds the statements to a function's syntax tree, with `hook_call`; returns False where it is not as expected.
Edit = Callable[[ast.FunctionDef], bool]

# Stands for the hook until the code is compiled: a name would have to be found in the globals of others.
_HOOK = "the hook of otel_crumbs"


class SourceLines:
    """The source of a module, as long as hooks are put in."""

    def __init__(self, module: str) -> None:
        spec = getattr(sys.modules[module], "__spec__", None)
        get_source = getattr(getattr(spec, "loader", None), "get_source", None)
        self._lines = ((get_source(module) if get_source else None) or "").splitlines(keepends=True)

    def read_function(self, first: int) -> str:
        """Return the lines of the function that begins at a line, at the same place in otherwise empty text."""
        last = first
        indent = _count_indent(self._lines[first - 1])
        while last < len(self._lines) and (not self._lines[last].strip() or _count_indent(self._lines[last]) > indent):
            last += 1
        return "\n" * (first - 2) + "if True:\n" + "".join(self._lines[first - 1 : last])


def insert_hook(function: FunctionType, source: SourceLines, edit: Edit, hook: object) -> Undo | None:
    """
    Add calls of a hook to a function's code.

    Args:
        function: Belongs to somebody else.
        source: Of the module that the function was defined in.
        edit: Adds the calls to the syntax tree.
        hook: Has the methods that are called.

    Returns:
        The function that undoes it; None where the function's source is not
        there, or is not as expected. Then nothing was changed.

    """
    original = function.__code__
    try:
        tree = _parse(source.read_function(original.co_firstlineno), original)
    except (IndexError, SyntaxError, ValueError):
        return None
    definition = tree.body[0].body[0]  # type: ignore[attr-defined]  # the function stands below an `if`
    if _compile(tree, original) != original or not edit(definition):
        return None
    changed = _put_in(_compile(ast.fix_missing_locations(tree), original), hook)
    if changed is None:
        return None
    changed = _name_alike(changed, original)
    function.__code__ = changed

    def undo() -> None:
        # Somebody else may have changed the code since.
        if function.__code__ is changed:
            function.__code__ = original

    return undo


def hook_call(text: str, place: ast.stmt) -> list[ast.stmt]:
    """Return the statements of a text, in which ``HOOK`` is the hook, on the line of another statement."""
    statements = ast.parse(text).body
    for statement in statements:
        for node in ast.walk(statement):
            ast.copy_location(node, place)
            for name, value in ast.iter_fields(node):
                if isinstance(value, ast.Name) and value.id == "HOOK":
                    setattr(node, name, ast.Constant(_HOOK))
    return statements


def _count_indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _parse(text: str, original: CodeType) -> ast.Module:
    tree = compile(text, original.co_filename, "exec", ast.PyCF_ONLY_AST, dont_inherit=True)
    return cast("ast.Module", tree)


def _compile(tree: ast.Module, original: CodeType) -> CodeType | None:
    module = compile(tree, original.co_filename, "exec", dont_inherit=True)
    return next((part for part in module.co_consts if isinstance(part, CodeType)), None)


def _put_in(code: CodeType | None, hook: object) -> CodeType | None:
    if code is None or not any(map(_is_mark, code.co_consts)):
        return None
    return code.replace(co_consts=tuple(hook if _is_mark(part) else part for part in code.co_consts))


def _is_mark(constant: object) -> bool:
    return type(constant) is str and constant == _HOOK


def _name_alike(code: CodeType, original: CodeType) -> CodeType:
    qualified_name: Any = getattr(original, "co_qualname", None)  # Python 3.11
    return code.replace(co_qualname=qualified_name) if qualified_name else code  # type: ignore[call-arg]
