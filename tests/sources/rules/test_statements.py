"""A statement alone tells what it does: long lists of columns are folded, and nothing else."""

# ruff: noqa: S608 - nobody runs these

from __future__ import annotations

import pytest

from otel_crumbs.sources.rules.statements import fold_columns

COLUMNS = ", ".join(f'"wagtailcore_page"."column_{number}"' for number in range(24))
SHOWN = ", ".join(COLUMNS.split(", ")[:3])


@pytest.mark.parametrize(
    ("statement", "folded"),
    [
        (
            f'SELECT {COLUMNS} FROM "wagtailcore_page" WHERE id = %s',
            f'SELECT {SHOWN}, … 21 more FROM "wagtailcore_page" WHERE id = %s',
        ),
        (f"select distinct {COLUMNS} from pages", f"select distinct {SHOWN}, … 21 more from pages"),
        (
            f"INSERT INTO pages ({COLUMNS}) VALUES ({', '.join(['%s'] * 24)}) RETURNING id",
            f"INSERT INTO pages ({SHOWN}, … 21 more) VALUES (…) RETURNING id",
        ),
        (
            f"INSERT INTO pages ({COLUMNS}) VALUES ({', '.join(['?'] * 24)})",
            f"INSERT INTO pages ({SHOWN}, … 21 more) VALUES (…)",
        ),
    ],
)
def test_a_long_list_of_columns(statement: str, folded: str) -> None:
    """The first few are there, and how many more."""
    assert fold_columns(statement) == folded


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id, title FROM pages",
        f"SELECT (SELECT count(*) FROM users), {COLUMNS} FROM pages",
        f"SELECT 'a, b FROM c', {COLUMNS} FROM pages",
        f"INSERT INTO users (name, password, {COLUMNS}) VALUES ('ada', 'sesame')",
        f"SELECT {'a' * 200} FROM pages",
        f"SELECT {COLUMNS}",
        f"UPDATE pages SET {COLUMNS}",
        "",
    ],
)
def test_other_statements_stay(statement: str) -> None:
    """Beside values the columns say which is a secret, and a subquery is no list of columns."""
    assert fold_columns(statement) == statement
