"""Names of values: which of them say that the value is a secret."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .marks import Kind
from .strength import Strength

# The same few hundred names come again with every event; a longer one is data.
_MAX_KNOWN = 1024
# Takes every name and every rule away.
EVERYTHING = "all"
_LONGEST = 256


_PASSWORDS = """
password passwd passwrd pass passphrase passcode pwd pw passwort userpass requirepass masterauth psk
""".split()  # noqa: SIM905 - a list is longer than the screen
_TEXTS = """
secret token credential credentials creds cred authorization cookie cookies csrf xsrf jwt bearer signature sessionid sessid
phpsessid jsessionid csrftoken xsrftoken apikey authtoken authkey accesskey secretkey privatekey sessionkey aspxauth
""".split()  # noqa: SIM905 - a list is longer than the screen
_DIGITS = "pin otp totp cvv cvc cvv2 cvc2".split()  # noqa: SIM905 - as the lists beside it
_RANDOMS = "auth sid sig session tokens secrets passwords hmac assertion verifier".split()  # noqa: SIM905 - as the lists beside it
# "key" and "code" say nothing without the word before.
_KEYS = """
api access private secret encryption encrypt decryption signing sign master account shared ssh auth client session license
service deploy storage subscription consumer app application crypt cipher hmac aes rsa integration write admin webhook
server host root symmetric ssl tls pgp gpg enc jwt
""".split()  # noqa: SIM905 - a list is longer than the screen
_CODES = "auth authorization verification security backup recovery login confirmation otp sms pin mfa".split()  # noqa: SIM905 - as the lists beside it

_PHRASES: dict[tuple[str, ...], Strength] = {
    **{(word,): Strength.ANY for word in _PASSWORDS},
    **{(word,): Strength.TEXT for word in _TEXTS},
    **{(word,): Strength.DIGITS for word in _DIGITS},
    **{(word,): Strength.RANDOM for word in _RANDOMS},
    **{(word, "key"): Strength.TEXT for word in _KEYS},
    **{(word, "keys"): Strength.RANDOM for word in _KEYS},
    **{(word, "code"): Strength.DIGITS for word in _CODES},
    **{(word, "codes"): Strength.DIGITS for word in _CODES},
    ("session", "id"): Strength.TEXT,
    ("secret", "id"): Strength.TEXT,
    ("saml", "response"): Strength.TEXT,
    ("github", "pat"): Strength.TEXT,
    ("gitlab", "pat"): Strength.TEXT,
    ("seed", "phrase"): Strength.ANY,
    ("recovery", "phrase"): Strength.ANY,
}
# What is written as one word: `csrfmiddlewaretoken`, `PGPASSWORD`.
_GLUED = re.compile(
    r"\w*(?P<word>(?P<password>password|passwd|passphrase|(?:admin|bind|db|ftp|key|login|mail|my|pg|proxy|root|rpc|smtp|ssh|sudo|user)(?:pass|pwd?))"
    r"(?:hash|confirm|confirmation|new|old|repeat|again)?"
    r"|secret|token|apikey|accesskey|secretkey|privatekey|accountkey|encryptionkey|credentials?|sessionid|sessid)"
)
# Behind such a word, or at the end of the name, stands something about a secret.
_ABOUT = frozenset(
    """
    age algorithm alg arn at attempt attempts backend backends bucket buckets change changed changes class column consent count counts
    created date days domain enabled endpoint engine error errors exempt exp expiration expired expires expiry failed
    failures field fields file filename form format generator handler hasher hashers header headers help hint hours
    httponly in issued issuer jar kind label last len length lifetime limit limits location manager max middleware min
    minutes missing mode model module name names needed ok owner path policy prefix processor provider rate ratio ref reference refresh refs
    required
    requests rotated rule rules samesite scheme scope scopes secure seconds serializer service set size source state
    status store strength table template time timeout timestamp total ttl type types updated url uri usage used user
    username valid validation validator validators validity verified version view left remaining trusted origins origin budget banner
    """.split()  # noqa: SIM905 - a list is longer than the screen
)
_ASKING = frozenset(
    "has is are was needs num max min total use uses allow allows require requires should can must enable disable".split()  # noqa: SIM905 - as the list above it
)
# Before "token" they make it one of a model's vocabulary.
_OF_VOCABULARY = frozenset("bos cls eos eot mask pad sep special stop unk".split())  # noqa: SIM905 - as the lists above it
_PASSWORD_WORDS = frozenset(_PASSWORDS)
_KIND_ENDS: dict[str, Kind] = {
    "token": "token",
    "jwt": "token",
    "bearer": "token",
    "key": "key",
    "cookie": "cookie",
    "code": "code",
}
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_]+")


class Names:
    """
    The words that make a name one of a secret.

    Args:
        added: More of them; a name in which such words follow each other is one of a secret.
        removed: Words of the package's own that are none, as the user writes them.

    """

    def __init__(self, added: Iterable[str] = (), removed: Iterable[str] = ()) -> None:
        removed = set(removed)
        phrases = {} if EVERYTHING in removed else dict(_PHRASES)
        for name in added:
            phrases[split_words(name) or (name.strip().casefold(),)] = Strength.ANY
        self._is_own: set[tuple[str, ...]] = {split_words(name) for name in added}
        self._removed = {split_words(name) for name in removed}
        for phrase in self._removed:
            phrases.pop(phrase, None)
        self._phrases = phrases
        self._longest = max(map(len, phrases), default=1)
        self.hints = _find_hints(phrases)
        self.judge = lru_cache(_MAX_KNOWN)(self._judge)

    def _judge(self, name: str) -> Strength:
        """Return how much a name says."""
        if len(name) > _LONGEST:
            name = name[-_LONGEST:]
        words = split_words(name) or (name.strip().casefold(),)
        found = [self._judge_at(words, at) for at in range(len(words))]
        return max(found, default=Strength.NOTHING)

    def _judge_at(self, words: tuple[str, ...], at: int) -> Strength:
        for length in range(min(self._longest, len(words) - at), 0, -1):
            phrase = words[at : at + length]
            strength = self._phrases.get(phrase) or (self._judge_glued(phrase) if length == 1 else None)
            if strength is None:
                continue
            if phrase in self._is_own:
                return strength
            if phrase == ("token",) and at and words[at - 1] in _OF_VOCABULARY:
                return Strength.NOTHING
            after = words[at + length : at + length + 1]
            is_about = words[0] in _ASKING or not _ABOUT.isdisjoint(after) or (after and words[-1] in _ABOUT)
            return Strength.NOTHING if is_about or (after and after[0] == "id") else strength
        return Strength.NOTHING

    def _judge_glued(self, phrase: tuple[str, ...]) -> Strength | None:
        found = _GLUED.fullmatch(phrase[0])
        if (
            found is None
            or not self._removed.isdisjoint({phrase, (EVERYTHING,)})
            or (found["word"].rstrip("s"),) in self._removed
        ):
            return None
        return Strength.ANY if found["password"] else Strength.TEXT


def is_about_secrets(name: str) -> bool:
    """Return whether a name within the data of a secret is of something about it, such as its algorithm."""
    return not _ABOUT.isdisjoint(split_words(name))


def list_names() -> tuple[str, ...]:
    """Return the package's own names of secrets."""
    return tuple("_".join(phrase) for phrase in _PHRASES)


def find_kind(name: str) -> Kind:
    """Return the kind of a secret by the name of the value."""
    for word in reversed(split_words(name)):
        if word in _PASSWORD_WORDS or word.endswith(("password", "passwd", "passphrase")):
            return "password"
        kind = next((kind for end, kind in _KIND_ENDS.items() if word.rstrip("s").endswith(end)), None)
        if kind or word in _DIGITS:
            return kind or "code"
    return "secret"


def _find_hints(phrases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """Return a few texts of which each name of a secret has one in it."""
    with_codes = {phrase for phrase in phrases if phrase[-1].startswith("code")}
    words = {phrase[-1] if phrase[-1].startswith("key") else phrase[0] for phrase in {*phrases} - with_codes}
    return tuple(word for word in sorted(words) if not any(other in word for other in words - {word}))


def split_words(name: str) -> tuple[str, ...]:
    """Return the words of a name in lower case, split at case, separators and digits."""
    return tuple(word.casefold() for word in _WORDS.findall(name if name.isascii() else name.casefold()))
