"""Command lines in which a password has no option with its name, but a place of its own."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK, is_stand_in

_WORD = r"[\"']?(?P<value_{0}>[^\s\"'|$<>-][^\s\"'|]{{3,512}})"
_OPTIONS = r"(?:--?\S{1,64}[ ]){0,4}"
# By the program; each takes the secret as the word behind `before`.
_PLACES = {
    "pipe": r"\becho[ ](?:-n[ ])?[\"']?(?:[\w.-]{1,64}:)?",
    "ansible": rf"\bencrypt_string[ ]{_OPTIONS}",
    "vault": rf"\bvault[ ]login[ ](?!\S{{1,64}}=){_OPTIONS}",
    "drive": r"\bnet[ ]use[ ][^\n]{1,128}?/user:\S{1,64}[ ]",
    "account": r"\bnet[ ]user[ ]\S{1,64}[ ]",
    "htpasswd": rf"\bhtpasswd[ ]-\w{{0,4}}b\w{{0,4}}[ ]{_OPTIONS}\S{{1,128}}[ ]\S{{1,64}}[ ]",
    "parameter": r"\bput-parameter\b(?=[^\n]{0,256}\bSecureString\b)[^\n]{0,256}?--value[ =]",
    "poetry": r"\bhttp-basic\.[\w.-]{1,64}[ ]\S{1,64}[ ]",
    "secret": r"\b(?:gh|fly|flyctl|wrangler)[ ]secrets?[ ](?:set|put)[ ]\S{1,64}[ ](?:--body|-b)[ =]",
    "samba": r"\b(?:smbclient|rpcclient|smbmap|winexe)[ ][^\n]{0,200}?-U[ ]?[\w\\/.@-]{1,64}%",
    "glued": r"[\"'](?:[^\s\"']{1,64}/)?(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|sshpass|7za?|zip|unzip)[\"'],[^\n\]]{0,200}?[\"']-p",
    "user": r"[\"'](?:-u|--user|--proxy-user)[\"'],[ ]?[\"'][^\"':\s]{1,64}:",
}
_BEHIND = {
    "pipe": r"(?=[\"']?[ ]?\|[^\n|]{0,128}(?:--password-stdin|\bchpasswd\b|--stdin\b|\bsudo[ ]-S|[ ]login[ ]-))",
    "account": r"(?=[ ]/(?:add|domain)\b)",
    "glued": r"(?=[\"'])",
    "user": r"(?=[\"'])",
}
_PLACE = re.compile(
    "|".join(
        rf"(?P<before_{name}>{place}){_WORD.format(name)}{_BEHIND.get(name, '')}" for name, place in _PLACES.items()
    )
)


def _hide(found: re.Match[str]) -> str:
    group = found.lastgroup or ""
    value = found[group]
    if is_stand_in(value):
        return found[0]
    start = found.start(group) - found.start()
    return found[0][:start] + MARK + found[0][start + len(value) :]


POSITIONAL = Rule(
    name="positional",
    kind="password",
    reason="passwords of command lines that no option names: `echo x | docker login`, `htpasswd -b f u x`, `['-u', 'u:x']`",
    source="https://httpd.apache.org/docs/current/programs/htpasswd.html",
    cost="scan",
    hints=(
        "sudo -s",
        "encrypt_string",
        "vault login",
        "net use",
        "put-parameter",
        "http-basic",
        "smbclient",
        "'-",
        '"-',
    ),
    named=True,
    scrub=lambda text: _PLACE.sub(_hide, text),
)
