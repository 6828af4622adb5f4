"""Statements of SQL in the texts of an application: a log line, a note, the message of an exception."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .literals import HIDDEN, hide_literals
from .values import MARK

# Blanks; the ends of lines in a text that was quoted are two characters.
_B, _OB = r"(?:\s|\\[nrt]){1,64}", r"(?:\s|\\[nrt]){0,64}"
_PART = r"(?:[^\W\d][\w$#]{0,127}|\\?\"[^\"\\\n]{1,128}\\?\"|`[^`\n]{1,128}`|\[[^\]\n]{1,128}\])"
_NAME = rf"{_PART}(?:\.{_PART}){{0,3}}"
_TEXT = r"(?:[NnEeBbXx]|[uU]&|_\w{1,16}[ ])?\\{0,4}'"
_VALUE = rf"(?:{_TEXT}|\\{{0,4}}[\"%$:?@(-]|\d|NULL\b|DEFAULT\b|ROW\b)"
# What follows WHERE and ON; in a sentence a word does.
_CONDITION = (
    rf"\(*{_OB}(?:NOT{_B})?(?:EXISTS{_OB}\(|{_TEXT}[^'\n]{{0,1024}}'{_OB}(?:[=<>!]|I?LIKE\b|IN{_OB}\()|[^()\n]{{1,256}}\){_OB}(?:=|(?:NOT{_B})?IN\b)|{_NAME}{_OB}(?:[=<>!~]|\(|->"
    rf"|(?:NOT{_B})?(?:I?LIKE|IN|BETWEEN|REGEXP|RLIKE|GLOB)\b{_OB}[('\"%\d$:?]|IS{_B}(?:NOT{_B})?(?:NULL|DISTINCT|TRUE|FALSE)\b))"
)
# No name of a table is one of a sentence's words.
_NO_ARTICLE = r"(?!(?:the|a|an|my|your|our|this|that|it|its|all)\b)"
_ALIAS = rf"(?:(?:AS{_B})?(?!(?:SET|WHERE|USING|VALUES?|SELECT)\b){_PART}{_B})?"
_USERS = r"(?:USER|ROLE|LOGIN|GROUP|(?:SERVER|APPLICATION)[ ]ROLE)"
_OBJECTS = (
    r"(?:USER[ ]MAPPING|(?:DATABASE[ ]SCOPED[ ])?CREDENTIAL|(?:(?:FOREIGN|EXTERNAL)[ ])?(?:SERVER|TABLE|DATA[ ]SOURCE)|SUBSCRIPTION|MASTER[ ]KEY"
    r"|A?SYMMETRIC[ ]KEY|CERTIFICATE|(?:(?:TEMP(?:ORARY)?|PERSISTENT|MATERIALIZED)[ ])?(?:SECRET|STAGE|VIEW)|(?:\w{1,16}[ ])?INTEGRATION"
    r"|CONNECTION|DATABASE|SCHEMA|FUNCTION|PROCEDURE|TRIGGER|EVENT|DOMAIN|TYPE|NAMED[ ]COLLECTION|DICTIONARY|ENDPOINT)"
)
_OPTION = r"(?:OPTIONS|CONNECTION|IDENTITY|SECRET|PASSWORD|CREDENTIALS?|WITH|BY|AS|DEFAULT|SET|CHECK|ENCRYPTION|URL|\w{1,32}_(?:KEY|TOKEN|SECRET|PASSWORD|ID))"
_ALTERED = (
    rf"{_USERS}{_B}(?:IF{_B}(?:NOT{_B})?EXISTS{_B})?[^\s(]{{1,128}}{_B}[^\n]{{0,256}}?\b(?:IDENTIFIED{_B}(?:BY|WITH|AS|VIA)|PASSWORD|ENCRYPTED|OPTIONS{_OB}\(|SET{_B}{_NAME}{_OB}(?:=|TO\b)|WITH{_B}\w{{1,32}}{_OB}=)"
    rf"|{_OBJECTS}{_B}[^']{{0,256}}?\b{_OPTION}{_OB}[=(]?{_OB}(?:\w{{1,64}}{_OB}[=(]?{_OB}){{0,2}}{_TEXT}"
)
_PROCEDURE = rf"(?:@\w{{1,64}}{_OB}={_OB})?(?:{_PART}\.{{1,2}}){{0,3}}"
_ARGUMENT = rf"@\w{{1,64}}{_OB}={_OB}{_VALUE}"


class _Grammar(NamedTuple):
    """The words of a kind of statement, of which no sentence has all."""

    verb: str
    # In lower case too.
    word: str
    words: re.Pattern[str]


def _compile(verb: str, word: str, words: str) -> _Grammar:
    return _Grammar(verb, word, re.compile(words, re.IGNORECASE))


_INTO = (
    rf"(?:(?:LOW_PRIORITY|DELAYED|HIGH_PRIORITY|IGNORE|OVERWRITE|ALL|OR{_B}\w{{2,16}}){_B}){{0,2}}INTO{_B}(?:TABLE{_B})?{_NO_ARTICLE}{_NAME}{_OB}{_ALIAS}"
    rf"(?:\([^()]{{0,4096}}\){_OB})?(?:OVERRIDING{_B}\w{{4,6}}{_B}VALUE{_B}|OUTPUT{_B}[^(]{{1,128}})?"
    rf"(?:VALUES?{_OB}(?:\(|ROW)|SELECT{_B}\S|SET{_B}{_NAME}{_OB}=|USING{_B}\S|WITH{_B}{_PART}{_B}AS\b)"
)
# After SELECT: a function with an argument, or a literal with a name; else a table and a condition, anywhere behind it.
_SELECTED = (
    rf"(?:(?:DISTINCT|ALL|TOP{_OB}\(?\d{{1,9}}\)?){_B})?(?:[^\W\d][\w.$]{{1,127}}\((?!e?s\))(?:\*|{_VALUE}|[\w.]{{1,128}}[,)(])"
    rf"|{_TEXT}[^'\n]{{0,4096}}'{_OB}(?:AS\b|::|,{_OB}{_VALUE}|=|;|\|\||(?-i:FROM)\b))"
)
_FROM = re.compile(
    rf"\bFROM{_B}(?:{_NAME}\(|\(|(?:ONLY{_B})?{_NAME}(?:{_OB},{_OB}{_NAME}|{_B}{_ALIAS}(?:(?:(?:INNER|LEFT|RIGHT|FULL|CROSS|OUTER|NATURAL){_B}){{0,2}}JOIN{_B}\S"
    rf"|WHERE{_B}{_CONDITION}|(?:GROUP|ORDER){_B}BY{_B}\S|HAVING{_B}{_CONDITION}|(?:LIMIT|OFFSET){_B}[\d%$:?]|UNION\b)))",
    re.IGNORECASE,
)
_SELECT = "select"
_GRAMMARS = (
    _compile("insert", "into", rf"INSERT{_B}{_INTO}"),
    _compile("replace", "into", rf"REPLACE{_B}{_INTO}"),
    _compile("upsert", "into", rf"UPSERT{_B}{_INTO}"),
    _compile("merge", "into", rf"MERGE{_B}{_INTO}"),
    _compile(
        "update",
        "set",
        rf"UPDATE{_B}(?:(?:ONLY|IGNORE|LOW_PRIORITY|OR{_B}\w{{2,16}}|TOP{_OB}\(\d{{1,9}}\)){_B})?{_NO_ARTICLE}{_NAME}{_B}{_ALIAS}SET{_B}(?:{_NAME}|\([^()]{{1,1024}}\)){_OB}[-+*/|]?=",
    ),
    _compile(
        "delete",
        "from",
        rf"DELETE{_B}(?:(?:LOW_PRIORITY|QUICK|IGNORE){_B})?FROM{_B}(?:ONLY{_B})?{_NO_ARTICLE}{_NAME}{_B}{_ALIAS}(?:WHERE{_B}{_CONDITION}|USING{_B}{_NAME})",
    ),
    _compile(_SELECT, "(", rf"SELECT{_B}{_SELECTED}"),
    _compile(_SELECT, "'", rf"SELECT{_B}{_SELECTED}"),
    _compile(_SELECT, "from", rf"SELECT{_B}{_SELECTED}"),
    _compile(
        "exec",
        "'",
        rf"EXEC(?:UTE)?{_B}{_PROCEDURE}(?:\[?(?:sp|xp|usp)_\w{{1,128}}\]?{_B}(?:{_VALUE}|{_ARGUMENT})|{_PART}{_B}{_ARGUMENT})"
        rf"|(?-i:EXEC(?:UTE)?){_B}(?:IMMEDIATE{_B}{_TEXT}|{_NAME}(?:{_B}|{_OB}\({_OB}){_TEXT})",
    ),
    _compile("parameters", "'", r"parameters:[ ]\$1[ ]="),
    _compile("sp_", "'", rf"sp_\w{{1,128}}{_B}(?:{_TEXT}|NULL\b|{_ARGUMENT})"),
    _compile("call", "(", rf"(?:(?-i:CALL)|(?<=\{{)call){_B}{_NAME}{_OB}\("),
    _compile(
        "set",
        "'",
        rf"SET{_B}(?:PASSWORD\b{_OB}(?:=|FOR\b)|(?:SESSION|GLOBAL|LOCAL|PERSIST){_B}(?:AUTHORIZATION{_B}{_TEXT}|{_NAME}{_OB}(?:=|TO\b))|@@?[\w.]{{1,64}}{_OB}:?={_OB}{_TEXT})"
        rf"|(?-i:SET){_B}(?:ROLE{_B}{_TEXT}|{_NAME}{_OB}(?:=|TO\b){_OB}{_TEXT})",
    ),
    _compile("create", "'", rf"CREATE{_B}(?:OR{_B}REPLACE{_B})?(?:{_ALTERED})"),
    _compile("create", '"', rf"CREATE{_B}{_USERS}{_B}[^\s(]{{1,128}}{_B}IDENTIFIED\b"),
    _compile("alter", "'", rf"ALTER{_B}(?:{_ALTERED})"),
    _compile("alter", '"', rf"ALTER{_B}{_USERS}{_B}[^\s(]{{1,128}}{_B}IDENTIFIED\b"),
    _compile("open", "'", rf"OPEN{_B}(?:{_ALTERED})"),
    _compile("grant", "'", rf"GRANT{_B}[^']{{1,256}}?\bTO{_B}\S{{1,128}}{_B}IDENTIFIED{_B}BY\b"),
    _compile("change", "'", rf"CHANGE{_B}(?:MASTER|REPLICATION{_B}(?:SOURCE|FILTER)){_B}(?:TO\b)?"),
    _compile("start ", "'", rf"START{_B}(?:SLAVE|REPLICA|GROUP_REPLICATION){_B}\w{{1,32}}{_OB}="),
    _compile(
        "copy",
        "'",
        rf"COPY{_B}(?:INTO{_B})?(?:{_NAME}{_OB}(?:\([^()]{{0,4096}}\){_OB})?|\([^']{{1,256}}\){_B})(?:FROM|TO)\b{_OB}(?:{_TEXT}[^'\n]{{0,1024}}'{_B}(?:WITH|CSV|CREDENTIALS|IAM_ROLE|ACCESS_KEY_ID|FORMAT|DELIMITER|STORAGE_INTEGRATION|\()|STDIN|STDOUT|PROGRAM|@|{_NAME}{_B}\w{{1,32}}{_OB}[=(])",
    ),
    _compile("unload", "'", rf"UNLOAD{_OB}\({_OB}{_TEXT}"),
    _compile("pragma", "'", rf"PRAGMA{_B}\w{{1,64}}{_OB}[=(]{_OB}{_TEXT}"),
    _compile("attach", "'", rf"ATTACH{_B}(?:DATABASE{_B})?{_TEXT}[^'\n]{{0,512}}'{_B}AS\b"),
    _compile("backup", "'", rf"BACKUP{_B}(?:DATABASE|LOG|CERTIFICATE|MASTER{_B}KEY){_B}\S{{1,128}}{_B}TO\b"),
    _compile("restore", "'", rf"RESTORE{_B}(?:DATABASE|LOG|MASTER{_B}KEY){_B}\S{{1,128}}{_B}FROM\b"),
    _compile("declare", "'", rf"DECLARE{_B}@\w{{1,64}}{_B}[\w(), ]{{1,64}}={_OB}{_TEXT}"),
)
_HINTS_OF_QUOTED = tuple({(grammar.verb, "" if grammar.word == "'" else grammar.word) for grammar in _GRAMMARS})
_HINTS = tuple({(grammar.verb, grammar.word) for grammar in _GRAMMARS if grammar.word != "'"})
# What is bound to a statement, in a line of its own, as in the log of SQLAlchemy.
_BOUND_ALONE = re.compile(
    r"^[ ]?\[(?:generated in|cached since|no key|raw sql|caching disabled|dialect \S)[^\]\n]{0,96}\][ ](?:\([\w/ ,;]{1,64}\)[ ])?(?=[(\[{])",
    re.MULTILINE,
)
_OF_BOUND = ("[generated in", "[cached since", "[no key", "[raw sql", "[caching disabled", "[dialect")
_SHORTEST = len("CALL a('b')")

# A blank line ends a statement in a longer text, and so do the lines of a stack and of a database's error.
_PARAGRAPH = re.compile(
    r"\n[ \t]*\n|\n(?=Traceback|[ ]{2}File \"|LINE \d|DETAIL:|HINT:|CONTEXT:|\(Background on|During handling|The above)|\Z"
)
# Goes over a statement by its literals and quoted names, so that no word in them ends it.
_PIECE = re.compile(
    r"\$(?P<tag>(?:[^\W\d]\w{0,31})?)\$.*?(?:\$(?P=tag)\$|\Z)"
    r"|\\{1,4}'[^'\\]*(?:\\{1,4}'|'|\Z)|'(?:[^'\\]|''|\\(?!'\s{0,4}(?:[,);]|\Z)).|\\)*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`]*(?:`|\Z)|/\*.*?(?:\*/|\Z)"
    r"|(?P<end>;(?=\s|\Z)(?!\s{0,16}(?:INSERT|UPDATE|DELETE|SELECT|EXEC|ALTER|CREATE|COMMIT|SET|GRANT|WITH|BEGIN|END|VALUES)\b)"
    r"|[,;\s][ ]{0,4}(?:took|failed|returned|affected|elapsed|duration|raised|finished|completed|succeeded|rejected|timed[ ]out)\b(?![ ]{0,4}(?:[<>=,.)]|IS\b|IN\b|FROM\b))"
    r"|:[ ](?=[A-Za-z])|[,;\s(\[][ ]{0,4}(?:params?|parameters|args|arguments|bind(?:ing)?s|bound|values)[ ]{0,2}[:=][ ]{0,2}(?=[(\[{])"
    r"|\swith[ ](?:args|param\w{0,8}|arguments|values)\b"
    r"|\s(?:->|=>|—)[ ](?=[A-Za-z]|\d{1,9}[ ](?:rows?|ms|s)\b)|\sin[ ](?=\d)|[ ](?=\(?\d[\d.]{0,12}[ ]?(?:ms|s|sec|seconds|rows?)\b)"
    r"|[ ](?=\[(?:generated|cached|no key|took|rows|\d))|(?<!WHERE)(?<!AND)(?<!OR)(?<!SET)(?<!ON)(?<!,)[ ](?=[a-z]\w{0,32}=\d[\d.]{0,12}(?:m?s)?(?:[ ,;]|\Z)[^'\"]{0,64}\Z))",
    re.DOTALL | re.IGNORECASE,
)
# In a text that was quoted as a whole.
_ESCAPED = re.compile(r"(?<=[\s(=,<>])\\{1,4}'[^'\\]*(?:\\{1,4}'|\Z)")
# That a backslash escapes a quote, that a name stands in other quotes, or that a value stands in double ones.
_OF_MYSQL = re.compile(
    r"(?<!\\)\\'(?!\s{0,4}(?:[,);]|\Z))|`|^[^\"]{0,4096}?(?:[(=,<>]|\b(?:LIKE|BY|AS|PASSWORD))\s{0,8}\"[^\"]{0,512}\"(?!\.)",
    re.IGNORECASE,
)
_IS_WITHIN = re.compile(r"[\s(=,<>]\Z")
_LIST = re.compile(r"[(\[{](?=\s{0,4}(?:[bBuU]?\\{0,4}['\"]|-?\d|None|True|False|[(\[{]|[A-Za-z_.]{1,40}\())")
_BOUND = re.compile(
    r"\\{0,4}(?P<quote>['\"])(?:(?!\\{0,4}(?P=quote)).)*\\{0,4}(?P=quote)(?P<sign>[ ]?:)?|(?P<open>[(\[{])|(?P<close>[)\]}])",
    re.DOTALL,
)


def has_hint_of_statement(text: str) -> bool:
    """Return whether a text may have a statement with a literal in it, by a quick look."""
    if len(text) < _SHORTEST:
        return False
    folded = text.lower()
    # Loops, for of so many they are faster than any(); most texts have no quotes.
    for verb, word in _HINTS_OF_QUOTED if "'" in text else _HINTS:
        if verb in folded and word in folded:
            return True
    return "[" in folded and _has_hint_of_bound(folded)


def _has_hint_of_bound(folded: str) -> bool:
    return any(hint in folded for hint in _OF_BOUND)


def hide_literals_in(value: Any) -> Any:
    """Return a plain value whose texts have statements without literals, the very same value where there is none."""
    if isinstance(value, str):
        return hide_literals_in_text(value)
    if isinstance(value, Mapping):
        hidden = {key: hide_literals_in(item) for key, item in value.items()}
        return value if _is_same(value.values(), hidden.values()) else hidden
    if isinstance(value, list | tuple):
        items = [hide_literals_in(item) for item in value]
        return value if _is_same(value, items) else items
    return value


def _is_same(before: Iterable[Any], after: Iterable[Any]) -> bool:
    return all(one is other for one, other in zip(before, after, strict=True))


def hide_literals_in_text(text: str) -> str:
    """
    Return a text with `?` for each literal of the statements in it, the very same text where there is none.

    What is no statement stays to the letter, above all sentences with the words of one.
    """
    if not has_hint_of_statement(text):
        return text
    pieces: list[str] = []
    done = 0
    for start, end, limit in _iterate_statements(text):
        pieces += (text[done:start], _hide_in(text[start:end]), _hide_lists(text[end:limit]))
        done = limit
    hidden = "".join([*pieces, text[done:]]) if pieces else text
    if _has_hint_of_bound(hidden.lower()):
        hidden = _hide_alone(hidden)
    return text if hidden == text else hidden


def _iterate_statements(text: str) -> Iterator[tuple[int, int, int]]:
    """Iterate over the places of statements: where each begins and ends, and what belongs to it as well."""
    done = 0
    for start in _find_begins(text):
        if start < done:
            continue
        paragraph = _PARAGRAPH.search(text, start)
        limit = paragraph.start() if paragraph else len(text)
        end = _find_end(text, start, _find_close(text, start, limit))
        yield start, end, limit
        done = limit


def _find_begins(text: str) -> list[int]:
    """Return the places where the words of a statement begin."""
    folded = text.lower()
    if len(folded) != len(text):
        folded = text.translate(_LOWER)
    begins: set[int] = set()
    for verb, word, words in _GRAMMARS:
        if verb in folded and word in folded:
            begins.update(at for at in _iterate_verbs(folded, verb) if words.match(text, at))
            if verb == _SELECT:
                begins.update(_iterate_selects(text, folded))
    return sorted(begins)


_LOWER = MappingProxyType(str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz"))
_BEFORE = frozenset("\"'`([{:;=>,|\\")


def _iterate_verbs(folded: str, verb: str) -> Iterator[int]:
    at = folded.find(verb)
    while at >= 0:
        before = folded[at - 1 : at] if at else " "
        if before.isspace() or before in _BEFORE or (before in "nrt" and folded[at - 2 : at - 1] == "\\"):
            yield at
        at = folded.find(verb, at + len(verb))


def _iterate_selects(text: str, folded: str) -> Iterator[int]:
    """Iterate over the places of SELECT with a table and a condition behind it in the same paragraph."""
    found, limit = _FROM.search(text), -1
    for at in _iterate_verbs(folded, _SELECT):
        while found and found.start() < at:
            found = _FROM.search(text, at)
        if found is None:
            return
        if limit < at:
            paragraph = _PARAGRAPH.search(text, at)
            limit = paragraph.start() if paragraph else len(text)
        if found.start() < limit and text[at + len(_SELECT)].isspace() | (text[at + len(_SELECT)] == "\\"):
            yield at


def _find_close(text: str, start: int, limit: int) -> int:
    """Return the place where the quotes around a statement close, the limit where there are none."""
    quote = text[start - 1 : start] if start else ""
    if quote not in {'"', "'"}:
        return limit
    at = text.find(quote, start, limit)
    if at < 0:
        return limit
    first = text[start:at].rstrip("\\")
    if not _IS_WITHIN.search(first):
        return start + len(first)
    # As it is where somebody put quotes around it that has the same ones: the last one is none of its own.
    return text.rfind(quote, start, limit) if text.count(quote, start, limit) % 2 else limit


def _find_end(text: str, start: int, limit: int) -> int:
    for piece in _PIECE.finditer(text, start, limit):
        if piece["end"] is not None:
            return piece.start()
    return limit


def _hide_in(statement: str) -> str:
    if "\\" in statement:
        statement = _ESCAPED.sub(HIDDEN, statement)
    return hide_literals(statement, "mysql" if _OF_MYSQL.search(statement) else None)


def _hide_lists(text: str) -> str:
    """Return the words behind a statement without the texts in lists, tuples and mappings, which are bound to it."""
    pieces: list[str] = []
    done = 0
    for found in _LIST.finditer(text):
        if found.start() >= done:
            hidden, end = _hide_list(text, found.start())
            pieces += (text[done : found.start()], hidden)
            done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _hide_list(text: str, start: int) -> tuple[str, int]:
    """Return the list that begins at an index without the texts in it, and where it ends; keys of a mapping stay."""
    pieces: list[str] = []
    done, depth = start, 0
    for found in _BOUND.finditer(text, start):
        if found["quote"]:
            if found["sign"] is None and MARK not in found[0]:
                pieces += (text[done : found.start()], HIDDEN)
                done = found.end()
            continue
        depth += 1 if found["open"] else -1
        if depth <= 0:
            return "".join([*pieces, text[done : found.end()]]), found.end()
    return "".join([*pieces, text[done:]]), len(text)


def _hide_alone(text: str) -> str:
    pieces: list[str] = []
    done = 0
    for found in _BOUND_ALONE.finditer(text):
        if found.end() >= done:
            line = text.find("\n", found.end())
            end = line if line >= 0 else len(text)
            hidden = _hide_list(text[:end], found.end())
            pieces += (text[done : found.end()], hidden[0])
            done = hidden[1]
    return "".join([*pieces, text[done:]]) if pieces else text
