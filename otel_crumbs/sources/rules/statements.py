"""The folding of statements: lists of columns that are longer than what is done with them."""

from __future__ import annotations

import re

_LONGEST_LIST, _SHOWN = 120, 3
_FROM = re.compile(r" FROM ", re.IGNORECASE)
_SELECT = re.compile(r"SELECT (?:DISTINCT )?", re.IGNORECASE)
# Of placeholders alone: beside values the names of the columns say which of them is a secret.
_INSERT = re.compile(
    r"(?P<head>(?:INSERT|REPLACE) INTO [^\s()]+ \()(?P<columns>[^()']+)\) VALUES "
    r"\((?:(?:%s|%\(\w+\)s|\?|:\w+|\$\d+|DEFAULT|NULL)(?:, ?|(?=\))))+\)",
    re.IGNORECASE,
)


def fold_columns(statement: str) -> str:
    """
    Return a statement with only the first few of a long list of columns.

    Args:
        statement: On one line.

    Returns:
        ``SELECT a, b, c, … 21 more FROM``; the statement as it is where its list is short, or is more than columns.

    """
    if len(statement) <= _LONGEST_LIST:
        return statement
    selected = _SELECT.match(statement)
    if selected:
        following = _FROM.search(statement, selected.end())
        columns = statement[selected.end() : following.start()] if following else ""
        folded = _fold_list(columns)
        return statement if folded == columns else f"{selected[0]}{folded}{statement[selected.end() + len(columns) :]}"
    inserted = _INSERT.match(statement)
    if inserted and len(inserted["columns"]) > _LONGEST_LIST:
        return f"{inserted['head']}{_fold_list(inserted['columns'])}) VALUES (…){statement[inserted.end() :]}"
    return statement


def _fold_list(columns: str) -> str:
    # A subquery has a FROM of its own, and a text may have anything in it.
    if len(columns) <= _LONGEST_LIST or "(" in columns or "'" in columns:
        return columns
    names = columns.split(", ")
    further = len(names) - _SHOWN
    return f"{', '.join(names[:_SHOWN])}, … {further} more" if further > 0 else columns
