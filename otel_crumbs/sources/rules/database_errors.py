"""
The removal of values from the error messages of databases.

Databases quote values and names in the same way. So a quoted text stays where
the words around it show that it is a name, and becomes ``?`` everywhere else;
parts that only show values are cut.
"""

from __future__ import annotations

import re

from otel_crumbs.base.plain import CUT, MAX_MESSAGE

HIDDEN = "?"
_LONGEST_WORDS = 120
# SQLAlchemy begins with it: "(sqlite3.OperationalError) no such table: hats".
# libpq names server and port before what the server says, and a connect is told with both.
_SERVER_OF_LIBPQ = re.compile(r'\A(?:connection failed: )?connection to server (?:at|on) "[^"]*"[^:]*\bfailed: ')
_CLASS_OF_DRIVER = re.compile(r"\A\([\w.]+\.\w+\) ")
# SQLAlchemy's dialect of asyncpg begins with it: "<class 'asyncpg.exceptions.UndefinedTableError'>: relation ...".
_CLASS_IN_WORDS = re.compile(r"\A<class '[\w.]*?(\w+)'>: ")

# What follows is about the statement and what it was carried out with: SQLAlchemy's, and pymongo's.
_APPENDED = re.compile(r"\s?\[(?:SQL|parameters): .*|, full error: .*", re.DOTALL)

# Drivers of MySQL and ODBC raise exceptions of two arguments, which Python writes as a tuple.
_ARGUMENTS = re.compile(r"""\((?P<code>\d+|'\w+'), (?P<quote>["'])(?P<said>.*)(?P=quote)\)""", re.DOTALL)

# PostgreSQL says more in further lines, and all but the hint quote rows, keys, parameters or the statement.
_FURTHER = re.compile(r"\n(?=(?:LINE \d+|DETAIL|HINT|QUERY|CONTEXT):)")
_QUOTES_VALUES = re.compile(r"(?:LINE \d+|DETAIL|QUERY|CONTEXT):")

# Values that are known by both their ends may have quotes within, and need have none around them.
_BETWEEN = re.compile(
    r"""
      (?<=Duplicate\ entry\ ').*(?='\ for\ key\b)     # MySQL
    | (?<=value:\ ').*(?='\ for\ column\b)            # MySQL
    | (?<=\bnear\ ').*(?='\ at\ line\b)               # MySQL: the rest of the statement
    | (?<=value\ ").*(?="\ is\ out\ of\ range)        # PostgreSQL
    | (?<=invalid\ value\ ").*(?="\ for\ ")           # PostgreSQL
    | (?<=:\ ["']).*(?=["']\s*\Z|…\Z)                 # PostgreSQL and MySQL, at the end
    | (?<=value\ ').*(?='\ to\ data\ type\b)          # SQL Server
    | (?<=\bkey\ value\ is\ \().*(?=\))               # SQL Server
    | (?<=\bcolumn\ values\ \().*(?=\))               # Oracle
    | (?<=\bdup\ key:\ \{).*(?=\})                    # MongoDB
    """,
    re.DOTALL | re.VERBOSE,
)

# An apostrophe within a word is no quote; b'...' and N'...' are quoted. Names come as "a"."b" and 'a'@'b' as well.
_QUOTED = re.compile(
    r"""(?:(?<!\w)|(?<=\b[bBeEnNuUxX]))(?P<quote>["'])(?P<said>.*?)(?:(?P=quote)(?:[.@](?P=quote).*?(?P=quote))*(?!\w)|\Z)""",
    re.DOTALL,
)
_BEFORE_NAME = re.compile(
    r"""
    \b(?: alias | attribute | class | collation | column | command | constraint | cursor | database | domain | encoding
        | extension | field | function | host | index | key | language | named? | object | option | parameter
        | partition | placeholder | policy | procedure | publication | relation | role | rule | savepoint | schema
        | sequence | server(?:\ at|\ on)? | socket | statement | subscription | table | tablespace | trigger | type
        | user | variable | view
    )\s+\Z
    | \bhost(?:addr)?:\ \Z                            # psycopg's list of what it tried
    """,
    re.IGNORECASE | re.VERBOSE,
)
_AFTER_NAME = re.compile(r": invalid identifier| command\b")  # Oracle, Redis
_LONGEST_BEFORE = 32
_NEAR = re.compile(r"\bnear \Z")
_WORD = re.compile(r"[A-Za-z_]\w*")
# A part of MySQL's statement, or a path of Oracle's.
_UNMISTAKABLE_NAME = re.compile(r"'(?:field list|\w+ clause|group statement)'|\"[A-Z][\w$#]*\"(?:\.\"[A-Z][\w$#]*\")+")
# A connection string, or the end of a password that was taken for the host.
_NO_NAME = re.compile(r"""[^"']@|://""")

_LIBRARIES = frozenset(
    {
        *("MySQLdb", "aiomysql", "aiosqlite", "asyncpg", "cx_Oracle", "mysql", "oracledb", "peewee", "psycopg"),
        *("psycopg2", "pymongo", "pymssql", "pymysql", "pyodbc", "redis", "sqlalchemy", "sqlite3", "tortoise"),
    }
)


def remove_values(said: str | None) -> str | None:
    """Return the error message of a database without the values that it quotes."""
    if not said:
        return None
    # More is not shown, and looking through it would take long.
    said = said[:MAX_MESSAGE]
    first, *further = _FURTHER.split(_ARGUMENTS.sub(_unpack, _APPENDED.sub("", said)))
    return "\n".join(_hide_values(part) for part in (first, *further) if not _QUOTES_VALUES.match(part))


def split_class(said: str | None) -> tuple[str | None, str | None]:
    """Return the short name of the exception's class that a driver's words begin with, None if none, and the rest."""
    found = _CLASS_IN_WORDS.match(said or "")
    return (None, said) if found is None or said is None else (found[1], said[found.end() :])


def find_words(said: str | None, error: str | None) -> str | None:
    """
    Return the words of a database about a failure, on one line and short; None where it has none.

    Args:
        said: The title of the exception, or the description of the span's status.
        error: The exception's class, which is left out of the words.

    """
    text = remove_values(said)
    if not text:
        return None
    line = " ".join(text.partition("\n")[0].split())
    line = _CLASS_OF_DRIVER.sub("", line.removeprefix(f"{error}:").lstrip())
    line = _SERVER_OF_LIBPQ.sub("", line)
    line = line.rstrip(" .:;")
    if not line or line == error:
        return None
    return line if len(line) <= _LONGEST_WORDS else f"{line[: _LONGEST_WORDS - 1].rstrip()}{CUT}"


def is_database_exception(kind: str) -> bool:
    """Return whether an exception's full name is of a database's driver or of a library on top of one."""
    return kind.partition(".")[0] in _LIBRARIES or kind.startswith("django.db.")


def _unpack(found: re.Match[str]) -> str:
    code = found["code"].strip("'")
    return f"({code}) " + found["said"].replace(f"\\{found['quote']}", found["quote"])


def _hide_values(part: str) -> str:
    return _QUOTED.sub(_hide_unless_name, _BETWEEN.sub(HIDDEN, part))


def _hide_unless_name(found: re.Match[str]) -> str:
    return found[0] if _is_name(found) else f"{found['quote']}{HIDDEN}{found['quote']}"


def _is_name(found: re.Match[str]) -> bool:
    if _NO_NAME.search(found[0]):
        return False
    before = found.string[max(0, found.start() - _LONGEST_BEFORE) : found.start()]
    if _NEAR.search(before):
        return bool(_WORD.fullmatch(found["said"]))
    named = _BEFORE_NAME.search(before) or _AFTER_NAME.match(found.string, found.end())
    return bool(named or _UNMISTAKABLE_NAME.fullmatch(found[0]))
