"""Lines of files that hold secrets and name none: .pgpass, htpasswd, secrets of Kubernetes, credentials in pairs."""

from __future__ import annotations

import re

from .marks import hidden_mark_of
from .names import Names, find_kind
from .rule import Rule
from .strength import Strength
from .values import MARK, hide_value, is_random, is_sentence, is_stand_in

_PGPASS = re.compile(
    r"(?P<before>(?:^|(?<=[\s\"'`]))(?:[A-Za-z][\w.-]{0,253}|\*|\d{1,3}(?:\.\d{1,3}){3}):(?:\d{2,5}|\*):[\w.*-]{1,63}:[\w.@*-]{1,63}:)(?P<value>[^\s:'\"]{4,256})(?![\w:])"
)
PGPASS = Rule(
    name="pgpass",
    kind="password",
    reason="lines of .pgpass",
    source="https://www.postgresql.org/docs/current/libpq-pgpass.html",
    cost="scan",
    look=re.compile(r":[0-9*]{1,5}:[A-Za-z*]"),
    scrub=lambda text: _PGPASS.sub(lambda found: found["before"] + MARK, text),
)

_KUBERNETES = re.compile(r"\bkind[\"']?:[ ]?[\"']?Secret\b")
_DATA = re.compile(r"(?P<before>(?:^|\n)[ ]{0,8}(?:data|stringData):[ ]*\n)(?P<lines>(?:[ ]{1,16}[^\n]*(?:\n|$))+)")
_LINE = re.compile(r"(?m)(?P<before>^[ ]+[\w.\"'-]{1,253}:[ ]+)(?P<value>[^\n|>]+)$|^[ ]{4,}(?P<block>[^\s:]+)$")


def _hide_line(found: re.Match[str]) -> str:
    return MARK if found["block"] else found["before"] + MARK


def _scrub_kubernetes(text: str) -> str:
    if not _KUBERNETES.search(text):
        return text
    return _DATA.sub(lambda found: found["before"] + _LINE.sub(_hide_line, found["lines"]), text)


KUBERNETES = Rule(
    name="kubernetes",
    kind="secret",
    reason="the data of a Secret of Kubernetes, whatever its keys",
    source="https://kubernetes.io/docs/concepts/configuration/secret/",
    cost="scan",
    named=True,
    needs="kind",
    scrub=_scrub_kubernetes,
)

_PAIR = re.compile(
    r"(?P<before>(?P<open>[(\[])\s{0,4}b?(?P<quote>\\{0,4}[\"'])(?P<name>[\w .:-]{2,64})(?P=quote),\s{0,4})b?(?P=quote)(?P<value>[^\"'\n\\]{1,4096})(?P=quote)(?P<close>\s{0,4}[)\]])"
)
_ARGUMENTS = re.compile(
    r"(?P<before>(?P<quote>[\"'])--?(?P<name>[\w-]{2,64})(?P=quote),\s{0,4})(?P=quote)(?!-)(?P<value>[^\"'\n\\]{1,4096})(?P=quote)"
)
_NAMED = re.compile(
    r"(?P<before>[\"']?\b(?:name|key|field|Name|Key)[\"']?[ ]?[:=][ ]?(?P<quote>[\"']?)(?P<name>[\w.-]{2,64})(?P=quote)(?:,\s{0,64}|\s{1,64})[\"']?(?:value|Value)[\"']?[ ]?[:=][ ]?)"
    r"(?P<value>\"[^\"\n]{1,4096}\"|'[^'\n]{1,4096}'|[^\s,}\"'{\[]{1,4096})"
)
_PART = re.compile(
    r"(?P<before>\bname=(?P<quote>\\?\")(?P<name>[\w.\[\]-]{2,64})(?P=quote)(?P<end>(?:\\r)?\\n|\r?\n)"
    r"(?:[\w-]{1,32}:[^\r\n\\]{0,128}(?P=end))?(?P=end))(?P<value>[^\r\n\\]{1,4096})"
)
_CALL = re.compile(
    r"(?P<before>\b(?P<name>\w{0,32}(?:Auth|Credentials?))\((?P<quote>[\"'])[^\"'\n]{0,128}(?P=quote), ?)(?P=quote)(?P<value>[^\"'\n]{1,1024})(?P=quote)(?=\))"
)
_WRAPPED = re.compile(
    r"(?P<before>\bSecret(?:Str|Bytes|Text)?\(b?(?P<quote>[\"']))(?P<value>[^\"'\n]{1,1024})(?=(?P=quote)\))"
)
# https://developer.hashicorp.com/terraform/language/values/variables
_VARIABLE = re.compile(
    r"(?P<before>\bvariable[ ]{1,4}(?P<quote>\")(?P<name>[\w-]{2,64})\"[ ]?\{[^{}]{0,512}?\bdefault\s{1,16}=\s{1,16}\")(?P<value>[^\"\n]{1,1024})(?=\")"
)


def make_pair_rule(names: Names) -> Rule:
    """Return the rule of names and values that stand side by side."""

    def hide(found: re.Match[str]) -> str:
        value = found["value"].strip("\"'")
        strong = names.judge(found["name"]) >= Strength.DIGITS
        is_list_of_names = found.groupdict().get("open") == "[" and value.islower() and value.isidentifier()
        is_kept = not strong or is_stand_in(value) or is_sentence(value) or is_list_of_names
        is_name = value.isidentifier() and names.judge(value) >= Strength.TEXT and not is_random(value)
        if is_kept or is_name:
            return found[0]
        return found["before"] + hidden_mark_of(find_kind(found["name"])) + (found.groupdict().get("close") or "")

    def scrub(text: str) -> str:
        text = _ARGUMENTS.sub(hide, _PAIR.sub(hide, text))
        if "(" in text:
            text = _WRAPPED.sub(hide_value, _CALL.sub(hide_value, text))
        if "variable" in text:
            text = _VARIABLE.sub(hide, text)
        if "form-data" in text:
            text = _PART.sub(hide, text)
        return _NAMED.sub(hide, text) if "value" in text or "Value" in text else text

    return Rule(
        name="pair",
        kind="secret",
        reason="a name and its value side by side: `('password', 'x')`, `['--token', 'x']`, `name: password, value: x`",
        source="https://docs.python.org/3/library/http.client.html#http.client.HTTPResponse.getheaders",
        cost="parse",
        named=True,
        scrub=scrub,
    )
