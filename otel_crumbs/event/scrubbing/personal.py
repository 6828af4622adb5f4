"""Personal data: e-mail and IP addresses, and names of users in paths. They stay unless the user wants them out."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK

_EMAIL = re.compile(
    # A lookahead makes it atomic; the user of an URL or of scp is an account of a machine.
    r"(?<![\w.+/-])(?=(?P<user>[\w.+'-]{1,64}))(?P=user)(?:@|%40)"
    r"(?P<host>(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}|[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.xn--[\w-]{2,59})(?![\w-])(?!:[^\W\d])"
)
EMAIL = Rule(
    name="email",
    kind="email",
    reason="e-mail addresses",
    source="https://www.rfc-editor.org/rfc/rfc5322#section-3.4.1",
    cost="scan",
    hints=("@", "%40"),
    needs=".",
    scrub=lambda text: _EMAIL.sub(MARK, text),
)

_BYTE = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"
_IPV4 = re.compile(rf"(?<![\w.+-])(?:{_BYTE}\.){{3}}{_BYTE}(?![\w+-]|\.\w)")
_IPV6 = re.compile(r"(?<![\w:.])(?=[0-9A-Fa-f:]{0,5}:)(?P<address>[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}){0,3})(?![\w:]|\.\w)")
# Of no machine in particular.
_NOBODY = frozenset({"0.0.0.0", "127.0.0.1", "255.255.255.255"})  # noqa: S104 - nothing is bound to it
_SHORTEST = len("1::")


def _hide_ipv4(found: re.Match[str]) -> str:
    return found[0] if found[0] in _NOBODY else MARK


def _hide_ipv6(found: re.Match[str]) -> str:
    from ipaddress import AddressValueError, IPv6Address  # noqa: PLC0415 - only where there may be one

    if len(found[0]) < _SHORTEST or not any(map(str.isdigit, found[0])):
        return found[0]
    try:
        address = IPv6Address(found["address"])
    except AddressValueError:
        return found[0]
    return found[0] if address.is_loopback or address.is_unspecified else MARK


def _scrub_addresses(text: str) -> str:
    if text.count(":") > 1:
        text = _IPV6.sub(_hide_ipv6, text)
    return _IPV4.sub(_hide_ipv4, text)


IP_ADDRESS = Rule(
    name="ip-address",
    kind="address",
    reason="IP addresses, but the loopback ones",
    source="https://www.rfc-editor.org/rfc/rfc4291#section-2.2",
    cost="scan",
    look=re.compile(r"\d\.\d{1,3}\.\d|[0-9A-Fa-f:]:[0-9A-Fa-f:]"),
    scrub=_scrub_addresses,
)

_HOME = re.compile(
    r"(?P<before>(?:(?<![\w.-])/(?:var/|export/|usr/)?home/|/Users/|[A-Za-z]:[\\/]{1,4}(?:Users|Documents and Settings)[\\/]{1,4}))"
    r"(?P<user>[^\s/\\:\"'<>|,;()\[\]]{1,64})(?=[/\\\s:\"'<>|,;()\[\]]|$)"
)
_SHARED = frozenset({"shared", "public", "default", "all users", "linuxbrew", "runner", MARK})


def _hide_user(found: re.Match[str]) -> str:
    return found[0] if found["user"].lower() in _SHARED else found["before"] + MARK


USER_PATH = Rule(
    name="user-path",
    kind="user",
    reason="names of users in paths of their folders: `/home/ada`, `/Users/ada`, `C:\\Users\\ada`",
    source="https://www.pathname.com/fhs/pub/fhs-2.3.html#HOMEUSERHOMEDIRECTORIES",
    cost="scan",
    hints=("/home/", "users", "documents and settings"),
    scrub=lambda text: _HOME.sub(_hide_user, text),
)

PERSONAL = (EMAIL, IP_ADDRESS, USER_PATH)
