"""Literals in statements, and the values that databases quote in their errors: each becomes `?`."""

from __future__ import annotations

import re
from functools import lru_cache

HIDDEN = "?"

# An application has a few statements that come again and again.
_MAX_KNOWN = 256

# Databases in whose texts a backslash escapes the quote, and which quote texts by `"` too.
_WITH_BACKSLASHES = frozenset(
    {"mysql", "mariadb", "clickhouse", "gcp.bigquery", "bigquery", "spark", "hive", "databricks"}
)
_NUMBER = r"0[xX][0-9A-Fa-f]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
# The size of a type is no value: `VARCHAR(255)`.
_TYPES = (
    r"(?:n?(?:var)?char2?|character(?:[ ]varying)?|(?:var)?binary|bit(?:[ ]varying)?|decimal|numeric|number|float|double|real"
    r"|(?:tiny|small|medium|big)?int(?:eger)?|time(?:stamp(?:tz)?)?|datetime2?|vector|raw)"
)
# Most of a statement is words, which are gone over many at a time.
_WORDS = r"(?:[^\W\d][\w$#]{0,128}(?![\w$#'(]|[ ]\()(?:[\s,=*<>);]|\.(?!\d)){0,8}){1,64}"
_KEPT = (
    rf"(?P<kept>{_WORDS}|(?i:\b{_TYPES}[ ]?\(\d{{1,9}}(?:,[ ]?\d{{1,9}})?\))|…[ ]\d{{1,6}}[ ]more\b|/\*.*?(?:\*/|\Z)|--[ ][^\n]*|`[^`]*(?:`|\Z)%s"
    # Names, placeholders with a name or a number, and what begins with a digit and is none.
    rf"|(?:[$:@?]\d|[^\W\d])[\w$#]{{0,128}}(?![\w$#'])|(?!(?:{_NUMBER})(?!\w))\d\w*)"
)
_DOLLARS = r"\$(?P<tag>(?:[^\W\d]\w{0,31})?)\$.*?(?:\$(?P=tag)\$|\Z)"
_STANDARD = re.compile(
    _KEPT % r'|"[^"]*(?:"|\Z)'
    + rf"|(?P<literal>[eE]'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)|(?:[nNbBxX]|[uU]&)?'(?:[^']|'')*(?:'|\Z)|{_DOLLARS}|(?<![\w$])(?:{_NUMBER})(?!\w))",
    re.DOTALL,
)
_BACKSLASHED = re.compile(
    _KEPT
    % ""
    + rf"|(?P<literal>(?:[nNbBxX]|_[a-z0-9]{{1,16}}[ ]?)?(?:'(?:[^'\\]|''|\\.)*(?:'|\\?\Z)|\"(?:[^\"\\]|\"\"|\\.)*(?:\"|\\?\Z))"
    rf"|(?<![\w$])(?:{_NUMBER})(?!\w))",
    re.DOTALL,
)
_MAY_HAVE_LITERALS = re.compile(r"['\"\d]|\$\w*\$")


def hide_literals(statement: str, system: object = None) -> str:
    """
    Return a statement with `?` in the place of each text and number, as it is to the letter where it has none.

    Comments, names, placeholders and the sizes of types stay. See `the convention
    <https://opentelemetry.io/docs/specs/semconv/database/database-spans/#sanitization-of-dbquerytext>`_.

    Args:
        statement: A statement of SQL, or its beginning.
        system: Which database it is for, by the name that OpenTelemetry has for it.

    """
    return _hide_literals(statement, isinstance(system, str) and system in _WITH_BACKSLASHES)


@lru_cache(_MAX_KNOWN)
def _hide_literals(statement: str, has_backslashes: bool) -> str:  # noqa: FBT001 - a part of a cache's key
    if not _MAY_HAVE_LITERALS.search(statement):
        return statement
    expression = _BACKSLASHED if has_backslashes else _STANDARD
    return expression.sub(_hide, statement)


def _hide(found: re.Match[str]) -> str:
    if found["kept"] is not None:
        return found[0]
    # A text that was cut shows that it was.
    return f"{HIDDEN}…" if found[0].endswith("…") else HIDDEN


# The packages whose exceptions quote values, and that of SQLAlchemy, which appends the statement and its parameters.
_PACKAGES = frozenset(
    "psycopg psycopg2 asyncpg aiopg pg8000 pymysql MySQLdb mysql mariadb aiomysql asyncmy sqlalchemy peewee tortoise".split()  # noqa: SIM905 - a list is longer than the screen
)
_MODULES = ("django.db.",)
_VALUES = re.compile(
    # Without the words that follow a value, or far from them, the rest of the line is the value's.
    # PostgreSQL: https://www.postgresql.org/docs/current/protocol-error-fields.html
    r"(?P<key>\bKey[ ]\([^()\n]{1,512}(?:\([^()\n]{0,128}\)[^()\n]{0,128})?\)=\()(?:[^\n]{0,4096}?"
    r"(?=\)[ ](?:already[ ]exists|is[ ]not[ ]present|is[ ]still[ ]referenced|conflicts[ ]with|is[ ]duplicated)|…?(?:\\n|\n|$))"
    r"|[^\n]*)"
    r"|(?P<row>\bFailing[ ]row[ ]contains[ ]\()(?:[^\n]{0,8192}?(?=\)\.?(?:\\n|[\n'\"]|$)|…?(?:\n|$))|[^\n]*)"
    r"|(?P<input>\binvalid[ ]input[ ](?:syntax|value)[ ]for[ ][\w ]{1,64}:[ ]\\?\")[^\"\n\\]{1,4096}"
    # MySQL: https://dev.mysql.com/doc/mysql-errors/8.0/en/server-error-reference.html
    r"|(?P<entry>\bDuplicate[ ]entry[ ]\\?')(?:[^\n]{1,4096}?(?=\\?'[ ]for[ ]key\b)|[^\n]*)"
    r"|(?P<value>\b[Ii]ncorrect[ ][\w ]{1,32}value:[ ]\\?')(?:[^\n]{1,4096}?(?=\\?'(?:[ ]for[ ]|$|[\"\n)]))|[^\n]*)"
)
_QUOTED_STATEMENT = re.compile(
    r"^LINE \d+: [^\n]*|\[(?:SQL|parameters): .*?(?:\](?=\n|\Z)|\Z)", re.DOTALL | re.MULTILINE
)
_BEGIN = re.compile(r"(?:LINE \d+|\[(?:SQL|parameters)): ")


def has_quoted_values(type_of_exception: str) -> bool:
    """Return whether an exception, by its class with the module, is one of databases, which quote values."""
    return type_of_exception.partition(".")[0] in _PACKAGES or type_of_exception.startswith(_MODULES)


def hide_quoted_values(text: str) -> str:
    """Return the message of an exception of a database, or its stack, with `?` in the place of values."""
    text = _VALUES.sub(lambda found: f"{found[found.lastgroup or 0]}{HIDDEN}", text)
    return _QUOTED_STATEMENT.sub(_hide_in_quoted, text)


def _hide_in_quoted(found: re.Match[str]) -> str:
    begin = _BEGIN.match(found[0])
    at = begin.end() if begin else 0
    return found[0][:at] + hide_literals(found[0][at:])
