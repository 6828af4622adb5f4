"""Command lines: options that take a password, in a line and in a list of arguments."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from .marks import hidden_mark_of
from .names import Names, find_kind
from .rule import Rule
from .strength import Strength
from .values import MARK, is_random, is_stand_in

_OPTION = re.compile(
    r"(?P<before>(?<![\w-])--?(?P<name>[A-Za-z][\w.-]{2,64})[ ]{1,4})(?P<value>\"[^\"\n]{1,1024}\"|'[^'\n]{1,1024}'|[^\s\-\"'][^\s\"']*)"
)
_USER = re.compile(
    r"(?P<before>(?<![\w-])(?:-u|--user|--proxy-user|-U|--username|--auth|-a)[ =]?[\"']?[\w.@+%-]{1,64}:)(?P<value>[^\s\"'@/]{1,256})"
)
# The programs whose -p, -a or -w is a password; elsewhere it is a port or a path.
_PROGRAMS = {
    "p": "sshpass|mysql|mysqldump|mysqladmin|mariadb|mariadb-dump|mongo|mongosh|mongodump|mongorestore|docker|podman|buildah|skopeo|helm"
    "|az|smbclient|ftp|lftp|7z|7za|zip|unzip|sqlcmd|bcp|twine|jfrog|nomad|ldapadd|influx|cf|oc|nexus|rclone|xfreerdp|useradd|usermod",
    "a": "redis-cli|redis-benchmark|valkey-cli|keydb-cli",
    "w": "ldapsearch|ldapadd|ldapmodify|ldapdelete|ldapwhoami|ldappasswd",
    "P": "sqlcmd|bcp|isql|tsql|zip|unzip|pscp|plink|osql",
}
_SHORT = re.compile(
    "|".join(
        rf"(?P<before_{letter}>(?:^|[\s/;&|(])(?:{programs})(?:\.exe)?[ ](?:[^\n|;&]{{0,200}}?[ ])?-{letter}[ ]?)"
        rf"(?P<value_{letter}>\"[^\"\n]{{1,256}}\"|'[^'\n]{{1,256}}'|[^\s\-\"'][^\s\"']{{0,256}})"
        for letter, programs in _PROGRAMS.items()
    )
)
_SETTING = re.compile(
    r"(?P<before>(?:\b|(?<=:)_)(?P<name>[A-Za-z][\w.-]{3,64})[ \t]{1,4})(?P<value>[^\s\-\"'=:,;()][^\s\"',;]{5,1024})"
)
# Ports of a container, or the ids of a user and a group.
_IDS = re.compile(r"\d+:\d+(?::\d+)?(?:/\w+)?")
_OF_MYSQL = re.compile(r"^\W?(?:mysql|mariadb)")
_WITH_GLUED = re.compile(r"mysql\w*|mariadb(?:-\w+)?|sshpass|7za?|zip|unzip")
_BATCH = re.compile(r"-\w{0,4}b\w{0,4}")
_LONGEST_PROGRAM = 256
_PROGRAM_NAME = re.compile(rf"(?:.*[/\\])?(?:{'|'.join(_PROGRAMS.values())})(?:\.exe)?")


def make_option_rule(names: Names) -> Rule:
    """Return the rule of long options and of settings, whose value is the next word."""

    def hide_option(found: re.Match[str]) -> str:
        strength = names.judge(found["name"])
        value = found["value"]
        # An option such as `--secret-id` of AWS has the name of one that the server keeps.
        is_path = strength <= Strength.TEXT and "/" in value and not is_random(value)
        is_secret = strength >= Strength.DIGITS and not is_path and not is_stand_in(value)
        return found["before"] + hidden_mark_of(find_kind(found["name"])) if is_secret else found[0]

    def hide_setting(found: re.Match[str]) -> str:
        name = found["name"]
        is_name = "_" in found["before"] or name.islower()
        is_secret = is_name and names.judge(name) >= Strength.TEXT and is_random(found["value"])
        is_secret = is_secret and not is_stand_in(found["value"])
        return found["before"] + hidden_mark_of(find_kind(name)) if is_secret else found[0]

    return Rule(
        name="option",
        kind="secret",
        reason="values of options such as `--password x`, and of settings such as `password x` in .netrc",
        source="https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html",
        cost="parse",
        named=True,
        scrub=lambda text: _SETTING.sub(hide_setting, _OPTION.sub(hide_option, text) if "-" in text else text),
    )


def _hide_user(found: re.Match[str]) -> str:
    value = found["value"]
    return found[0] if is_stand_in(value) or value.isdigit() else found["before"] + MARK


def _hide_short(found: re.Match[str]) -> str:
    letter = (found.lastgroup or "_p")[-1]
    value = found[f"value_{letter}"]
    is_port = value.isdigit() and letter == "p" and "mysql" not in found[0] and "sshpass" not in found[0]
    is_path = "/" in value or _IDS.fullmatch(value) is not None
    # The clients of MySQL ask for the password then, and the word is a database.
    is_database = found[f"before_{letter}"].endswith("-p ") and _OF_MYSQL.search(found[0]) and not is_random(value)
    if is_stand_in(value) or is_port or is_path or is_database:
        return found[0]
    return found[f"before_{letter}"] + MARK


def _scrub_short(text: str) -> str:
    return _SHORT.sub(_hide_short, _USER.sub(_hide_user, text))


SHORT_OPTION = Rule(
    name="short-option",
    kind="password",
    reason="`-u name:password`, and the `-p`, `-a`, `-w` and `-P` of programs that take a password by them",
    source="https://curl.se/docs/manpage.html#-u",
    cost="scan",
    hints=(" -p", " -u", " -a", " -w", "--user", "--auth", "--proxy-user"),
    needs=" -",
    scrub=_scrub_short,
)


def find_secret_arguments(arguments: Sequence[object], names: Names) -> set[int]:
    """Return the indexes of the items of a list of arguments that are the value of an option before them."""
    found: set[int] = set()
    letters = _find_letters(arguments)
    for at, (before, item) in enumerate(pairwise(arguments), 1):
        if not isinstance(before, str) or not isinstance(item, str) or not before.startswith("-"):
            continue
        is_number = (item.isdigit() and before == "-p") or _IDS.fullmatch(item) is not None
        is_short = before[1:] in letters and not item.startswith("-") and not is_number
        is_long = before.startswith("--") and "=" not in before and names.judge(before) >= Strength.DIGITS
        is_user = before in {"-u", "--user"} and ":" in item and not _IDS.fullmatch(item)
        if is_user or (is_short and "/" not in item) or (is_long and not item.startswith("-")):
            found.add(at)
    found.update(_find_glued(arguments))
    return found


def _find_glued(arguments: Sequence[object]) -> set[int]:
    """Return the indexes of the passwords that have no option before them, or that it is glued to."""
    program = arguments[0] if arguments else None
    name = re.split(r"[/\\]", program)[-1] if isinstance(program, str) and len(program) < _LONGEST_PROGRAM else ""
    if _WITH_GLUED.fullmatch(name):
        return {at for at, item in enumerate(arguments) if isinstance(item, str) and item.startswith("-p") and item[2:]}
    is_htpasswd = name == "htpasswd" and any(isinstance(item, str) and _BATCH.fullmatch(item) for item in arguments)
    return {len(arguments) - 1} if is_htpasswd else set()


def _find_letters(arguments: Sequence[object]) -> set[str]:
    program = arguments[0] if arguments else None
    if not isinstance(program, str) or not _PROGRAM_NAME.fullmatch(program):
        return set()
    name = re.split(r"[/\\]", program)[-1].removesuffix(".exe")
    return {letter for letter, programs in _PROGRAMS.items() if name in programs.split("|")}
