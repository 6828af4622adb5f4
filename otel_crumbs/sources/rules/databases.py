"""The rules for spans of databases, caches and key-value stores."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from .database_errors import find_words, remove_values, split_class
from .facts import Description, SpanFacts
from .reasons import find_reason
from .statements import fold_columns

# Stores that answer by key run commands, not queries.
_KEY_VALUE_STORES = frozenset({"redis", "valkey", "memcached", "memcache"})

# An application sends the same statements over and over.
_MAX_STATEMENTS = 256

# The name of spans and breadcrumbs of connections.
CONNECT = "connect"
_MONGODB = "mongodb"
_COLLECTION = "db.mongodb.collection"
# What clients of MongoDB send to greet a server, to identify themselves, and to clean up: nobody hears of its failure.
_GREETINGS = frozenset({"hello", "ismaster", "isMaster", "ping", "buildInfo", "saslStart", "saslContinue"})
_CLEANING_UP = frozenset({"endSessions", "killCursors"})
_DEFAULT_PORTS = frozenset({"5432", "3306", "1433", "1521", "27017"})

_TRANSACTION = re.compile(r"(?:BEGIN|START TRANSACTION|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b", re.IGNORECASE)
# Statements that Django and SQLAlchemy send on every new connection, and asyncpg's pool after each use of one.
_SETTING_UP = re.compile(
    r"SELECT (?:set_config\('(?:TimeZone|role)'|sqlite_compileoption_used\()"
    r"|PRAGMA (?:foreign_keys|legacy_alter_table|read_uncommitted|busy_timeout|journal_mode|synchronous)\b"
    r"|PRAGMA (?:cache_size|temp_store|mmap_size|journal_size_limit)\b"
    r"|SELECT (?:pg_catalog\.version|current_schema)\(\)$|SHOW standard_conforming_strings\b|SET SQL_AUTO_IS_NULL\b"
    r"|SHOW TRANSACTION ISOLATION LEVEL$|SET NAMES \w+$|(?-i:SELECT (?:VERSION|DATABASE)\(\))$"
    r"|SELECT @@(?:sql_mode|lower_case_table_names|tx_isolation|transaction_isolation)$"
    r"|SELECT pg_advisory_unlock_all\(\);\s+CLOSE ALL;",
    re.IGNORECASE,
)
# Django has SQLite quote the parameters of each statement, in order to show it to a developer:
# https://docs.djangoproject.com/en/stable/faq/models/#how-can-i-see-the-raw-sql-queries-django-is-running
_QUOTING = re.compile(r"SELECT QUOTE\(\?\)(?:, QUOTE\(\?\))*")


def describe_query(facts: SpanFacts) -> Description:
    """Describe a statement sent to a database."""
    whole, statement, level = _read_statement(str(facts.find_first("db.query.text", "db.statement") or facts.name))
    facts = _name_error(facts)
    return Description(
        type="query",
        category="query",
        level="error" if facts.failed else level,
        message=_add_target(statement, facts) + _describe_failure(facts, is_connect=whole == CONNECT),
        data={
            "db.system": facts.find_first("db.system.name", "db.system"),
            "db.namespace": facts.find_first("db.namespace", "db.name"),
            "statement": whole if whole != statement else None,
            "rows": facts.find_first("db.response.returned_rows"),
            # Only there where the instrumentation was asked for it.
            "parameters": facts.find_first("db.statement.parameters"),
            "library": facts.library,
            "error": remove_values(facts.said),
        },
    )


@lru_cache(maxsize=_MAX_STATEMENTS)
def _read_statement(words: str) -> tuple[str, str, str]:
    """Return a statement on one line, the same with its columns folded, and its level where it succeeds."""
    whole = fold(words)
    statement = fold_columns(whole)
    # Those that only frame a transaction matter least.
    return whole, statement, "debug" if frames_transaction(statement) else "info"


def describe_command(facts: SpanFacts) -> Description:
    """Describe a command sent to a cache or key-value store."""
    system = str(facts.find_first("db.system.name", "db.system"))
    command = str(facts.find_first("db.query.text", "db.statement") or facts.name)
    return Description(
        type="query",
        category="redis" if system == "valkey" else system,
        level=facts.level,
        # A pipeline has a line for each of its commands.
        message="; ".join(map(fold, command.splitlines()))
        + _describe_failure(facts, is_connect=True, took=f" after {facts.took}" if facts.took else ""),
        data={
            "db.system": system,
            "db.namespace": facts.find_first("db.namespace", "db.redis.database_index"),
            "library": facts.library,
            "error": remove_values(facts.said),
        },
    )


def _name_error(facts: SpanFacts) -> SpanFacts:
    """Return the facts of a span with the exception's class, where the words of the driver alone name it."""
    if facts.error or not facts.said:
        return facts
    error, said = split_class(facts.said)
    return facts if error is None else replace(facts, error=error, said=f"{error}: {said}")


def _describe_failure(facts: SpanFacts, *, is_connect: bool, took: str = "") -> str:
    if not facts.failed:
        return ""
    words = find_words(facts.said, facts.error)
    reason = (find_reason(words) if is_connect else None) or words
    return f" -> {facts.error or 'failed'}{f' ({reason})' if reason else ''}{took}"


def _add_target(statement: str, facts: SpanFacts) -> str:
    """Return a statement; of a connect to which server and database, of a command of MongoDB on what."""
    if _find_system(facts) == _MONGODB:
        command, _, rest = statement.partition(" ")
        names = facts.find_first("db.namespace", "db.name"), facts.find_first("db.collection.name", _COLLECTION)
        return " ".join(filter(None, (command, ".".join(str(name) for name in names if name), rest)))
    if statement != CONNECT:
        return statement
    server, port = facts.find_first("server.address", "net.peer.name"), facts.find_first("server.port", "net.peer.port")
    shown = f":{port}" if server and port and str(port) not in _DEFAULT_PORTS else ""
    parts = (f"{server}{shown}" if server else "", facts.find_first("db.namespace", "db.name") or "")
    return " ".join([statement, "/".join(str(part) for part in parts if part)]).rstrip()


def is_key_value(facts: SpanFacts) -> bool:
    """Return whether a span is of a store that answers by key."""
    return _find_system(facts) in _KEY_VALUE_STORES


def _find_system(facts: SpanFacts) -> str:
    return str(facts.find_first("db.system.name", "db.system"))


def is_greeting(facts: SpanFacts) -> bool:
    """Return whether a command of MongoDB is the client's own: it succeeded, or nobody hears that it did not."""
    if _find_system(facts) != _MONGODB or facts.took is None:
        return False
    command = str(facts.find_first("db.query.text", "db.statement") or "").partition(" ")[0]
    return command in _CLEANING_UP or (command in _GREETINGS and not facts.failed)


def is_housekeeping(facts: SpanFacts) -> bool:
    """Return whether a span is of the library's own housekeeping, and succeeded."""
    if facts.failed or facts.took is None:
        return False
    statement = facts.find_first("db.query.text", "db.statement")
    if statement is None:
        return facts.library == "sqlalchemy"  # "connect": each time that the pool lends a connection
    return sets_up_connection(str(statement))


def is_quoting(facts: SpanFacts) -> bool:
    """Return whether a statement has its database write out the parameters of another one, and succeeded."""
    if facts.failed or facts.took is None:
        return False
    return is_quoting_statement(facts.find_first("db.query.text", "db.statement"))


def is_quoting_statement(statement: object) -> bool:
    """Return whether a statement only has its database write out values, for somebody who looks at statements."""
    return isinstance(statement, str) and _QUOTING.fullmatch(statement) is not None


def is_ping(statement: object) -> bool:
    """Return whether a statement asks for nothing but an answer."""
    return isinstance(statement, str) and statement.strip(" ;\n").upper() in {"", "SELECT 1", "SELECT 1 FROM DUAL"}


def sets_up_connection(statement: str) -> bool:
    """Return whether a statement is one that libraries send on every new connection."""
    return bool(_SETTING_UP.match(statement.lstrip()))


def frames_transaction(statement: str) -> bool:
    """Return whether a statement begins or ends a transaction or a part of one."""
    return bool(_TRANSACTION.match(statement))


def fold(statement: object) -> str:
    """Return a statement on one line."""
    return " ".join(str(statement).split())
