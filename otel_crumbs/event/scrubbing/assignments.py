"""
Values behind a name, in all spellings: `name=value`, `name: value`, JSON, form bodies, YAML, reprs, connection strings.

The text is gone through once: an expression finds names with a sign behind
them, and from there the value is read forward.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .marks import hidden_mark_of
from .names import Names, find_kind
from .quoted import read_list, read_quoted
from .rule import Rule
from .strength import Strength, is_secret
from .values import MARK, is_code, is_random, is_sentence

_NAME = re.compile(
    # A lookahead makes it atomic: a name does not end earlier because no sign follows.
    r"(?<![\w.-])(?=(?P<name>[\w.-]+(?:%(?:5[BbDdFf]|2[Dd])[\w.-]*){0,8}))(?P=name)"
    r"(?P<close>\\{0,8}(?:[\"'`]|%(?:25)?22)?[\])]{0,2}[ \t]{0,16})"
    r"(?P<sign>=>|->|:=|[!=]?==?|<>|:(?![:/]/?)|%(?:25)?3D|%(?:25)?3A|\\{1,4}u003[dD]|(?i:\bi?like\b|\bin\b)(?=\s{0,2}['(]))"
    r"[ \t]{0,16}(?P<scheme>(?i:(?:bearer|basic|token)[ ]+(?![=:]))?)"
)
_BARE = re.compile(r"(?:[^\s,;&\"'<>)\]}|]|,(?=[^\s,;&\"'=]{2})(?![\w.-]{1,40}[=:])|[)\]}](?=[\w!$%^*+/-]))+")
_BARE_IN_URL = re.compile(r"[^\s,;&\"'<>)\]}|#]+")
_BARE_ENCODED = re.compile(r"(?:[^\s&\"'<>%]|%(?!(?:25)?(?:26|23)))+")
_QUOTED_ENCODED = re.compile(r"%(?:25)?22(?:[^\s&%]|%(?!(?:25)?22))*")
# Masks, and variables of templates.
_STAND_IN = re.compile(
    r"\[[A-Za-z :]{0,24}\]|\$\{[^}\s]{0,64}\}|\{[a-z_]{0,32}\}|\{\{[^}\n]{0,64}\}\}|<[a-z _-]{0,32}>"
)
# A scheme before credentials that are out already.
_SCHEME = re.compile(rf"[\w-]{{1,32}}[ ]{{1,4}}{MARK}")
# As the name is: what follows is no part of the content, so that to try it shorter would be in vain.
_BRACED = re.compile(r"\{(?=(?P<content>[^}\"'\n]{1,128}))(?P=content)(?:\}\}[^}\"'\n]{0,64})?\}")
_MAPPING = re.compile(r"\{[^{}\n]{0,64}[\"'][^{}\n]{1,4096}\}")
_WRAPPED = re.compile(r"[\w.]*(?:Secret|Str|str|bytes|Password|Token)\w*\((?=[bru]?[\"'])")
_ENCODED = re.compile(r"%(?:5[BbDdFf]|2[Dd])")
# A tag of YAML, such as `!vault`.
_TAG = re.compile(r"![A-Za-z][\w/:.-]{0,32}[ ]{1,4}(?P<quote>[\"']?)(?P<value>[^\s\"'|>]{8,4096})(?P=quote)")
_FLAT = re.compile(r"\{(?P<content>[^{}\n]{1,2048})\}")
_VALUE_IN_FLAT = re.compile(r":\s{0,4}\\{0,4}[\"'](?P<value>[^\"'\\\n]{8,1024})\\{0,4}[\"']")
_LAST_WORD = re.compile(r"[\w-]*[ ]?$")
_LINE = re.compile(r"[^\n]*")
_BLOCK = re.compile(r"[|>][-+]?[ \t]*\n(?:(?P<indent>[ \t]+)[^\n]*(?:\n|$))(?:(?P=indent)[^\n]*(?:\n|$))*")
_YAML_BEFORE = re.compile(r"(?:^|\n)[ \t]*(?:-[ \t]+)?[\"']?$")
_LINE_OF_ENV = re.compile(r"(?:^|\n)[ \t]*(?:export[ \t]+|set[ \t]+)?$")
_ENV_NAME = re.compile(r"[A-Z][A-Z0-9_]{3,}")
# As in `token:read`.
_SCOPE = re.compile(r"[a-z]{2,12}")
_LONGEST_WORD = 24
_LONGEST_COUNT = 3
_LONGEST_INDENT = 64
_LEAST_RANDOM = 12
_LEAST_DIGITS = 4

_WEAK_IN_QUERIES = frozenset({"key", "code", "ticket", "assertion", "samlresponse"})
_OF_NUMBERS = frozenset({Strength.DIGITS, Strength.ANY})
_SECOND_WORDS = frozenset({"key", "id", "code", "keys"})
_WEAK_IN_SQL = frozenset({"key", "digest"})


class _Found(NamedTuple):
    """A name with a sign behind it, and where its value begins."""

    name: str
    strength: Strength
    sign: str
    start: int
    at: int
    in_query: bool
    quoted: bool


def make_assignment_rule(names: Names) -> Rule:
    """Return the rule of values behind names."""

    def scrub(text: str) -> str:
        return _scrub(text, names)

    return Rule(
        name="assignment",
        kind="secret",
        reason="values behind a name such as `password`, `api_key` or `session_id`: `a=b`, `a: b`, JSON, YAML, forms",
        source="https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#data-to-exclude",
        cost="parse",
        hints=("code=", "ticket=", "samlresponse="),
        named=True,
        scrub=scrub,
    )


def _scrub(text: str, names: Names) -> str:
    pieces: list[str] = []
    done = 0
    for found in _iterate_names(text, names):
        if found.at < done:
            continue
        end = _find_end(text, found)
        if end is not None and end > found.at:
            pieces += (text[done : found.at], hidden_mark_of(find_kind(found.name)))
            done = end
    return "".join([*pieces, text[done:]]) if pieces else text


def _iterate_names(text: str, names: Names) -> Iterator[_Found]:
    for match in _NAME.finditer(text):
        name, start = match["name"], match.start()
        before = text[start - 1 : start]
        if before == "%":
            name = name[2:]
        elif before == " " and name.lower() in _SECOND_WORDS:
            last = _LAST_WORD.search(text[max(0, start - _LONGEST_WORD) : start])
            name = last[0] + name if last else name
        if "%" in name:
            name = _ENCODED.sub(".", name)
        in_query = before in {"?", "&", ";", "#"} or (before == "%" and match["sign"].startswith("%"))
        strength = names.judge(name)
        if strength is Strength.NOTHING:
            strength = _judge_weak(match["name"], match, in_query=in_query)
        if strength is not Strength.NOTHING:
            if match["sign"] == ":" and _is_part_of_path(match, before):
                continue
            is_quoted = match["close"].strip() != "" and before in {'"', "'"}
            yield _Found(name, strength, match["sign"], start, match.end(), in_query, is_quoted)


def _is_part_of_path(match: re.Match[str], before: str) -> bool:
    """Return whether a name with a colon is a part of an identifier, such as `arn:aws:x:secret:y` or `key=token:42`."""
    text, at = match.string, match.end()
    if before not in {":", "="} or text[at - 1 : at] != ":":
        return False
    value = _BARE.match(text, at)
    return before == ":" or value is None or not is_random(value[0], _LEAST_RANDOM)


def _judge_weak(name: str, match: re.Match[str], *, in_query: bool) -> Strength:
    word = name.lower()
    is_condition = match["sign"] in {"=", "!=", "<>"} or match["sign"].lower() in {"in", "like", "ilike"}
    if in_query and word in _WEAK_IN_QUERIES:
        return Strength.RANDOM
    quoted = match.string[match.end() : match.end() + 1] in {"'", "("}
    return Strength.RANDOM if is_condition and quoted and word in _WEAK_IN_SQL else Strength.NOTHING


def _find_end(text: str, found: _Found) -> int | None:
    """Return the end of the secret behind a name, None where there is none."""
    at = found.at
    if _STAND_IN.match(text, at) or _SCHEME.match(text, at):
        return None
    if text[at : at + 1] == "!" and (tag := _TAG.match(text, at)):
        return tag.end() if is_random(tag["value"], _LEAST_RANDOM) else None
    wrapped = _WRAPPED.match(text, at)
    quoted = read_quoted(text, wrapped.end() if wrapped else at)
    if quoted is not None:
        if not is_secret(found.strength, quoted.content):
            return None
        return quoted.end + 1 if wrapped and text[quoted.end : quoted.end + 1] == ")" else quoted.end
    listed = read_list(text, at)
    if listed is not None:
        return listed[1] if any(is_secret(found.strength, item) for item in listed[0]) else None
    return _find_end_of_braced(text, found) if text[at : at + 1] == "{" else _find_end_of_bare(text, found)


def _find_end_of_braced(text: str, found: _Found) -> int | None:
    if "cookie" in found.name.lower() and (mapping := _MAPPING.match(text, found.at)):
        return mapping.end()
    is_several = found.strength >= Strength.TEXT or found.name.endswith("s")
    if found.quoted and is_several and (flat := _FLAT.match(text, found.at)):
        values = (item["value"] for item in _VALUE_IN_FLAT.finditer(flat["content"]))
        return flat.end() if any(is_random(value) for value in values) else None
    braced = _BRACED.match(text, found.at) if "=" in found.sign else None
    return braced.end() if braced else None


def _find_end_of_bare(text: str, found: _Found) -> int | None:
    at = found.at
    if text[at : at + 1] == "[":
        return None
    if found.sign.startswith("%"):
        bare = _QUOTED_ENCODED.match(text, at) or _BARE_ENCODED.match(text, at)
    elif found.in_query:
        bare = _BARE_IN_URL.match(text, at)
    elif (line := _read_line(text, found)) is not None:
        return line
    else:
        bare = _BARE.match(text, at)
    if bare is None:
        return None
    value = bare[0].rstrip(".:!") if len(bare[0]) <= _LONGEST_WORD else bare[0]
    if _is_harmless(text, found, value, bare.end()):
        return None
    return at + len(value)


def _read_line(text: str, found: _Found) -> int | None:
    """Return the end of a line that is `name: value` in YAML or `NAME=value` of an environment, and nothing else."""
    before = text[max(0, found.start - _LONGEST_INDENT) : found.start]
    if found.sign == ":" and "\n" in text and found.strength >= Strength.TEXT:
        block = _BLOCK.match(text, found.at)
        if block is not None:
            return block.end()
        is_line = _YAML_BEFORE.search(before) is not None
    else:
        is_line = found.sign == "=" and bool(_ENV_NAME.fullmatch(found.name) and _LINE_OF_ENV.search(before))
    if not is_line or text[found.at : found.at + 1] in {"", "\n", "{", "[", "#"}:
        return None
    line = _LINE.match(text, found.at)
    value = line[0].rstrip() if line else ""
    if not value or (" " in value and found.sign == "="):
        return None
    if is_sentence(value) or is_code(value) or not is_secret(found.strength, value):
        return None
    return found.at + len(value)


def _is_harmless(text: str, found: _Found, value: str, end: int) -> bool:
    if not is_secret(found.strength, value) or is_code(value) or value == found.name:
        return True
    if found.name.lower().endswith(value.lower()) and value.replace("_", "").isalpha():
        return True
    if found.sign in {"!=", "==", "<>"} and value.replace("_", "").isalpha():
        return True
    if found.sign in {":", "->", "=>"}:
        # In a sentence a word follows, which tells what is wrong with it.
        is_last = text[end : end + 1] in {"", "\n", ",", "}"} and found.sign != "->"
        has_blank = text[found.at - 1 : found.at] == " "
        if found.quoted and value.isdigit() and len(value) >= _LEAST_DIGITS and found.strength in _OF_NUMBERS:
            return False
        if found.sign == ":" and not has_blank and found.strength is Strength.TEXT and _SCOPE.fullmatch(value):
            return True
        if has_blank and value.isdigit() and len(value) <= _LONGEST_COUNT:
            return True
        is_word = value.isdigit() or (value.isalpha() and (value.islower() or value.istitle()))
        return has_blank and is_word and not (is_last and found.strength is Strength.ANY)
    return False
