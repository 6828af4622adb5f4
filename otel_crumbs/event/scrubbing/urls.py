"""Secrets in URLs that no name in them tells of: user and password, and what a path holds."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK, is_random, is_stand_in

# A password may have `@` in it, though it should not; with a sign that ends the authority it has no other.
_USERINFO = re.compile(
    r"(?P<before>[/\\]{2}(?P<user>[^\s/?#:@\[\]\"'<>]{0,128}):)"
    r"(?!\d{1,5}(?:[/?#\s\"')]|$))"
    r"(?:(?P<both>[^\s/?#\"'<>]{1,128}@[^\s/?#.:@\"'<>]{1,64}/[^\s/\"'<>@]{0,64})@(?=[\w.-]{3})"
    r"|(?P<password>[^\s/?#\"'<>]{1,256})@|(?P<strange>[^\s\"'<>@]{1,256})@)(?=[\w\[%])"
)
_WITHOUT_SCHEME = re.compile(
    r"(?<![\w/:@.%+-])(?P<before>[A-Za-z_][\w.-]{0,64}:)(?P<password>[^\s/?#:@\"'<>]{6,128})(?=@[\w.-]{1,128}:\d{2,5}(?!\w))"
)
_USER_ALONE = re.compile(r"(?P<before>://)(?P<password>[^\s/?#:@\"'<>]{16,256})@(?=[\w\[%])")
_ORACLE = re.compile(
    r"(?P<before>\b(?:jdbc:oracle:\w{1,8}:|sqlplus[ ](?:-\w[ ])?)[^\s/@:]{1,64}/)(?P<password>[^\s@]{1,128})(?=@)"
)
_ENCODED = re.compile(
    r"(?P<before>%3A%2F%2F[^\s%&]{0,128}%3A)(?P<password>(?:[^\s%&]|%(?!40|2F)[0-9A-F]{2}){1,256})(?=%40)",
    re.IGNORECASE,
)


def _hide_userinfo(found: re.Match[str]) -> str:
    password = found["both"] or found["password"] or found["strange"]
    return found[0] if is_stand_in(password) else f"{found['before']}{MARK}@"


def _hide_user(found: re.Match[str]) -> str:
    return f"{found['before']}{MARK}@" if is_random(found["password"], 16) else found[0]


def _hide_password(found: re.Match[str]) -> str:
    return found[0] if is_stand_in(found["password"]) else f"{found['before']}{MARK}"


def _hide_random(found: re.Match[str]) -> str:
    return f"{found['before']}{MARK}" if is_random(found["password"]) else found[0]


def _scrub_userinfo(text: str) -> str:
    if "@" in text:
        text = _USER_ALONE.sub(_hide_user, _USERINFO.sub(_hide_userinfo, text))
        text = _WITHOUT_SCHEME.sub(_hide_random, _ORACLE.sub(_hide_password, text))
    return _ENCODED.sub(_hide_password, text) if "%40" in text else text


USERINFO = Rule(
    name="userinfo",
    kind="password",
    reason="passwords before the host of a URL, of any scheme",
    source="https://www.rfc-editor.org/rfc/rfc3986#section-3.2.1",
    cost="scan",
    hints=("@", "%40"),
    scrub=_scrub_userinfo,
)

_WEBHOOK = re.compile(
    r"(?P<before>hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)/(?:[A-Z0-9]{6,16}/){1,2}(?:\d{6,20}/)?"
    r"|discord(?:app)?\.com/api/(?:v\d{1,2}/)?webhooks/\d{6,24}/"
    r"|api\.telegram\.org/(?:file/)?bot"
    r"|hooks\.zapier\.com/hooks/catch/\d{1,12}/"
    r"|maker\.ifttt\.com/(?:use|trigger/[\w-]{1,64}/with/key)/"
    r"|(?<![\w-])[\w-]{1,64}\.webhook\.office\.com/webhookb2/"
    r"|outlook\.office(?:365)?\.com/webhook/"
    r"|chat\.googleapis\.com/v1/spaces/[\w-]{1,32}/messages\?key="
    r"|open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/"
    r"|hook\.(?:\w{2,4}\.)?(?:make|integromat)\.com/"
    r"|hc-ping\.com/|webhook\.site/|inbots\.zoom\.us/incoming/hook/|events\.pagerduty\.com/integration/)"
    r"(?P<secret>[^\s?#\"'<>]{8,512})",
    re.IGNORECASE,
)


def _hide_hook(found: re.Match[str]) -> str:
    return found[0] if MARK in found["secret"] else found["before"] + MARK


# Of servers of one's own, such as Mattermost and Home Assistant.
_HOOK = re.compile(r"(?P<before>/(?:web)?hooks?/)(?P<secret>[A-Za-z0-9_-]{20,128})(?=[/?\s\"'<>,]|$)")


def _hide_random_hook(found: re.Match[str]) -> str:
    return found["before"] + MARK if is_random(found["secret"], 20) else found[0]


WEBHOOK = Rule(
    name="webhook",
    kind="link",
    reason="addresses of webhooks, whose path is the secret",
    source="https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks/",
    cost="scan",
    hints=(
        "hooks.",
        "webhook",
        "telegram",
        "ifttt",
        "open-apis/bot",
        "//hook.",
        "chat.googleapis",
        "hc-ping",
        "/hook",
        "inbots.",
        "events.pagerduty",
    ),
    needs="/",
    scrub=lambda text: _HOOK.sub(_hide_random_hook, _WEBHOOK.sub(_hide_hook, text)),
)

_LINK = re.compile(
    r"(?P<before>/(?:[\w.-]{0,32}[-_.])?(?:reset|confirm|confirmation|verify|verification|verify-email|activate|activation|magic"
    r"|magic-link|invite|invites|invitation|unsubscribe|recover|recovery|login|signin|token|tokens|auth|set-password|share)"
    r"(?:[-_][\w-]{0,32})?/(?:(?!\d{1,3}/)[\w.=-]{1,24}/){0,2})"
    r"(?P<secret>[\w.:=~-]{16,512})(?=/?(?:[\s?#\"'<>,;)]|$))",
    re.IGNORECASE,
)
_FILE = re.compile(r"\.[A-Za-z]{1,5}")


def _hide_link(found: re.Match[str]) -> str:
    secret = found["secret"]
    digits = sum(map(str.isdigit, secret))
    if not digits or digits == len(secret) or _FILE.search(secret[-6:]) or not is_random(secret.replace("-", ""), 16):
        return found[0]
    return found["before"] + MARK


LINK = Rule(
    name="link",
    kind="link",
    reason="links that log in, reset a password, confirm or invite",
    source="https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html#url-tokens",
    cost="scan",
    hints=(
        *(
            "reset",
            "confirm",
            "verif",
            "activat",
            "magic",
            "invit",
            "unsubscribe",
            "recover",
            "login",
            "signin",
            "token",
        ),
        *("auth", "set-password", "share"),
    ),
    needs="/",
    look=re.compile(r"/[\w.:=~-]{16}"),
    scrub=lambda text: _LINK.sub(_hide_link, text),
)
