"""Secrets in SQL and in the commands of Redis, where no sign stands between the name and the value."""

from __future__ import annotations

import re
from collections.abc import Callable

from .marks import hidden_mark_of
from .names import Names, find_kind
from .quoted import read_quoted
from .rule import Rule
from .strength import Strength
from .values import MARK, hide_value, is_random, is_stand_in

_LITERAL = r"(?:[NEnebB]?'(?:[^'\\]|''|\\.){0,4096}'|\"[^\"\n]{0,1024}\"|\$(?P<tag>\w{0,16})\$.{0,256}?\$(?P=tag)\$)"
_CLAUSE = re.compile(
    r"(?P<before>\b(?:PASSWORD(?:[ ]FOR[ ][^\s=]{1,64}[ ]?(?:=|TO))?|IDENTIFIED(?:[ ]WITH[ ]\S{1,64})?[ ](?:BY|AS)(?:[ ]PASSWORD)?"
    r"|(?-i:SECRET|TOKEN)|PASSPHRASE|\w{1,16}_PASSWORD)(?:[ ]{1,4}|[ ]{0,4}[=(][ ]{0,4}))"
    rf"(?P<value>{_LITERAL})",
    re.IGNORECASE | re.DOTALL,
)
_DOLLARS = re.compile(
    r"(?P<before>\b(?P<name>\w{2,64})[ ]{0,4}=[ ]{0,4})\$(?P<tag>\w{0,16})\$.{0,256}?\$(?P=tag)\$", re.DOTALL
)
_REVERSED = re.compile(
    r"(?P<value>[NE]?'[^'\n]{1,4096}')(?P<after>[ ]{0,4}(?:=|!=|<>|LIKE|IN|AS)[ ]{0,4}\(?(?:\w{1,64}\.){0,3}\"?(?P<name>\w{2,64}))(?![\w.(])"
)
_STATEMENT = re.compile(r"\b(?:SELECT|WHERE|HAVING|UPDATE|DELETE|INSERT|MERGE|CALL|EXEC(?:UTE)?)\b", re.IGNORECASE)
# What a column is compared with: one literal, the two of BETWEEN, or those of a list. IFNULL() may be around it.
_COMPARED = re.compile(
    r"\b(?P<name>\w{2,64})[\"`\]]?(?:[ ]?,[ ]?'[^'\n]{0,64}'[ ]?)?\)?[ ]{0,4}"
    r"(?:(?:NOT[ ])?BETWEEN|(?:NOT[ ])?(?:I?LIKE|RLIKE|REGEXP|GLOB|SIMILAR[ ]TO)|IS[ ](?:NOT[ ])?DISTINCT[ ]FROM"
    r"|(?:NOT[ ])?IN(?=[ ]?\()|<=>|<>|[<>!=]=?|!?~\*?)"
    r"[ ]{0,4}(?:(?:ANY|ALL|SOME)[ ]?)?\(?(?:ARRAY[ ]?)?[\[(]?[ ]{0,4}(?=[NEnebB]?['$])",
    re.IGNORECASE,
)
_NEXT_COMPARED = re.compile(r"(?:::\w{1,32})?\s{0,4}(?:,|\bAND\b)\s{0,4}(?=[NEnebB]?['$])", re.IGNORECASE)
_A_LITERAL = re.compile(_LITERAL, re.DOTALL)
_DUPLICATE = re.compile(r"(?P<before>\bDuplicate entry )'[^'\n]{1,512}'(?= for key '(?P<name>[\w.]{1,128})')")
_FUNCTION = re.compile(
    r"(?<![\w.])(?:\w{1,64}\.)?(?<!jwt\.)(?:pgp_(?:sym|pub)_(?:en|de)crypt(?:_bytea)?|(?:aes|des)_(?:en|de)crypt|(?:en|de)crypt(?:_iv|bypassphrase)?|crypt|hmac"
    r"|(?:old_)?password|(?:re)?set_\w{0,16}(?:password|passwd|secret|token)|md5|sha[12]?|sha(?:224|256|384|512)|hashbytes|digest|dblink_connect|encode|decode|encrypt_raw)\(",
    re.IGNORECASE,
)
_ALGORITHM = re.compile(
    r"(?i)(?:aes|des|3des|bf|[hrpe]s(?:256|384|512)|md5|sha-?\d*|sha[23]_\d+|hex|base64|escape|utf-?8|cbc|ecb|pkcs|pad|none|cipher-algo=\w+|compress-algo=\d|[/:, -])+[\w-]{0,12}"
)
_ROWS = re.compile(
    r"\b(?:INSERT|REPLACE)\b[^(']{0,256}\((?P<columns>[^()']{1,4096})\)[^()']{0,64}?(?:VALUES?\s{0,16}(?=\(|ROW)|(?P<bare>SELECT\s))"
    r"|\((?P<compared>[^()']{1,4096})\)\s{0,4}(?:(?:NOT\s)?IN\s{0,4}\(\s{0,4}|=\s{0,4})(?=\()",
    re.IGNORECASE,
)
_VALUE = re.compile(rf"\s*(?:(?P<literal>{_LITERAL})|[^,()']+|\([^()']*\))\s*(?P<sign>[,)]?)", re.DOTALL)
_NEXT_ROW = re.compile(r"\s*,?\s*(?:ROW\s?)?\(", re.IGNORECASE)
_BOUND = re.compile(
    r"(?P<before>\b(?:parameters|params|args|values|binds|bindings|arguments)[\"']?[ ]?[:=][ ]?)(?:[\[({]|\$1[ ]=)",
    re.IGNORECASE,
)
_ARGUMENT_BETWEEN = re.compile(r"[^()'\"]*")
_COLUMN = re.compile(r"\b(?P<name>[A-Za-z_]\w{1,63})\b")
_MAX_STEPS = 10_000
_MAX_ARGUMENTS = 100
_LEAST_RANDOM = 16

# https://redis.io/docs/latest/commands/auth/
_REDIS = re.compile(
    r"(?P<before>(?:^|[\s'\"])(?:AUTH2?|HELLO[ ]\d[ ]AUTH)[ ](?:[\w.@-]{1,64}[ ](?=[^\s'\"]{1,512}(?:$|['\"\n]|[ ]SETNAME)))?)(?P<value>[^\s'\"?][^\s'\"]{0,512})(?=$|['\"\n]|[ ]SETNAME)"
    r"|(?P<acl>\bACL[ ]SETUSER[ ]\S{1,64}[ ](?:[^\s>#]\S{0,64}[ ]){0,16})[>#]\S{1,512}"
    r"|(?P<user>(?:^|\n)[ ]{0,4}user[ ]\S{1,64}[ ](?:on|off)[ ](?:[^\s>#]\S{0,64}[ ]){0,16})[>#]\S{1,512}"
    r"|(?P<line>(?:^|\n)[ ]{0,4}(?:requirepass|masterauth|primaryauth|sentinel[ ]auth-pass[ ]\S{1,64})[ ])[^\s?]\S{0,512}"
    r"|(?P<setting>\bCONFIG[ ]SET[ ](?:requirepass|masterauth|masteruser|tls-key-file-pass)[ ])[^\s?]\S{0,512}",
)


def make_statement_rule(names: Names) -> Rule:
    """Return the rule of literals in statements."""

    def is_named(name: str) -> bool:
        return names.judge(name) >= Strength.DIGITS

    def hide_named(found: re.Match[str]) -> str:
        return found["before"] + hidden_mark_of(find_kind(found["name"])) if is_named(found["name"]) else found[0]

    def hide_reversed(found: re.Match[str]) -> str:
        value = found["value"].strip("NE'")
        is_secret = is_named(found["name"]) or (found["name"].lower() == "key" and is_random(value, _LEAST_RANDOM))
        return MARK + found["after"] if is_secret and not is_stand_in(value) else found[0]

    def scrub(text: str) -> str:
        text = _CLAUSE.sub(_hide_clause, text)
        if "$" in text:
            text = _DOLLARS.sub(hide_named, text)
        text = _DUPLICATE.sub(hide_named, text)
        text = _scrub_functions(_REVERSED.sub(hide_reversed, text))
        text = _scrub_rows(text, names)
        if _STATEMENT.search(text):
            text = _scrub_compared(text, is_named)
        bound = _BOUND.search(text)
        return scrub_bound(text, bound.start()) if bound and has_secret_column(text[: bound.start()], names) else text

    return Rule(
        name="statement",
        kind="secret",
        reason="literals of SQL: `PASSWORD 'x'`, `IDENTIFIED BY 'x'`, `VALUES (...)` by column, arguments of encryption",
        source="https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-SYNTAX-CONSTANTS",
        cost="parse",
        hints=("identified", "crypt", "hashbytes", "md5(", "sha1(", "sha2", "digest(", "encode("),
        needs="'",
        named=True,
        scrub=scrub,
    )


def _hide_clause(found: re.Match[str]) -> str:
    is_harmless = is_stand_in(found["value"].strip("'\""))
    return found[0] if is_harmless else found["before"] + hidden_mark_of("password")


def _scrub_functions(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _FUNCTION.finditer(text):
        at = max(found.end(), done)
        for _ in range(_MAX_ARGUMENTS):
            between = _ARGUMENT_BETWEEN.match(text, at)
            at = between.end() if between else at
            quoted = read_quoted(text, at)
            if quoted is None:
                break
            if not (_ALGORITHM.fullmatch(quoted.content) or is_stand_in(quoted.content)):
                pieces += (text[done:at], MARK)
                done = quoted.end
            at = quoted.end
    return "".join([*pieces, text[done:]]) if pieces else text


def _scrub_rows(text: str, names: Names) -> str:
    pieces: list[str] = []
    done = read = 0
    for found in _ROWS.finditer(text):
        columns = [column.strip(' \t\n"`[]') for column in (found["columns"] or found["compared"]).split(",")]
        secret = {at for at, column in enumerate(columns) if names.judge(column) >= Strength.DIGITS}
        if not secret or found.start() < read:
            continue
        find = _find_selected if found["bare"] else _find_literals
        literals, read = find(text, found.end(), secret)
        for start, end in literals:
            pieces += (text[done:start], MARK)
            done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _scrub_compared(text: str, is_named: Callable[[str], bool]) -> str:
    pieces: list[str] = []
    done = 0
    for found in _COMPARED.finditer(text):
        at = found.end() if is_named(found["name"]) else -1
        while at >= done and (literal := _A_LITERAL.match(text, at)):
            if not is_stand_in(literal[0].strip("NEneB'")):
                pieces += (text[done:at], hidden_mark_of(find_kind(found["name"])))
                done = literal.end()
            following = _NEXT_COMPARED.match(text, literal.end())
            at = following.end() if following else -1
    return "".join([*pieces, text[done:]]) if pieces else text


def _find_selected(text: str, at: int, columns: set[int]) -> tuple[list[tuple[int, int]], int]:
    """Return the places of the literals of some columns after SELECT, and the end of the last one."""
    found: list[tuple[int, int]] = []
    column, last = 0, max(columns)
    for _ in range(4 * last + 4):
        value = _VALUE.match(text, at)
        if value is None or value.end() == at or column > last:
            break
        literal = value["literal"]
        if literal and column in columns and not is_stand_in(literal.strip("'")):
            found.append(value.span("literal"))
        if column == last and literal:
            break
        at, column = value.end(), column + (value["sign"] == ",")
    return found, found[-1][1] if found else 0


def _find_literals(text: str, at: int, columns: set[int]) -> tuple[list[tuple[int, int]], int]:
    """Return the places of the literals of some columns in rows of values, and the end of the rows."""
    found: list[tuple[int, int]] = []
    for _ in range(_MAX_STEPS):
        row = _NEXT_ROW.match(text, at)
        if row is None:
            break
        at, column = row.end(), 0
        while value := _VALUE.match(text, at):
            literal = value["literal"]
            if literal and column in columns and not is_stand_in(literal.strip("'")):
                found.append(value.span("literal"))
            if value.end() == at:
                break
            at, column = value.end(), column + (value["sign"] == ",")
            if value["sign"] == ")":
                break
    return found, at


def has_secret_column(statement: str, names: Names) -> bool:
    """Return whether a statement has the name of a secret in it, so that what is bound to it may be one."""
    return any(names.judge(found["name"]) >= Strength.TEXT for found in _COLUMN.finditer(statement))


def scrub_bound(text: str, start: int = 0) -> str:
    """Return a text without the quoted values of the list or tuple in it, which are bound to a statement."""
    pieces: list[str] = []
    done, at = 0, start
    for _ in range(_MAX_STEPS):
        between = _ARGUMENT_BETWEEN_LISTS.match(text, at)
        at = between.end() if between else at
        quoted = read_quoted(text, at)
        if quoted is None:
            break
        if not is_stand_in(quoted.content):
            pieces += (text[done:at], MARK)
            done = quoted.end
        at = quoted.end
    return "".join([*pieces, text[done:]]) if pieces else text


_ARGUMENT_BETWEEN_LISTS = re.compile(r"[^'\"]*")


def _hide_redis(found: re.Match[str]) -> str:
    if found["acl"]:
        return found["acl"] + MARK
    before = found["setting"] or found["user"] or found["line"]
    if before:
        return found[0] if MARK in found[0] else before + MARK
    return hide_value(found)


_REDIS_WORDS = ("AUTH", "ACL", "CONFIG", "user ", "auth", "requirepass")


def _scrub_redis(text: str) -> str:
    return _REDIS.sub(_hide_redis, text) if any(word in text for word in _REDIS_WORDS) else text


REDIS = Rule(
    name="redis",
    kind="password",
    reason="passwords in commands of Redis: AUTH, HELLO, ACL SETUSER, CONFIG SET",
    source="https://redis.io/docs/latest/commands/auth/",
    cost="scan",
    hints=("setuser", " on >", " on #"),
    named=True,
    scrub=_scrub_redis,
)
