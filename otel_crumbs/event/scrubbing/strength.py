"""How much a name says about its value, and what the value must look like then."""

from __future__ import annotations

from enum import IntEnum

from .values import is_file, is_random, is_sentence, is_share, is_stand_in

# Shorter random values behind a weak name are codes of errors, names of columns, versions.
_LEAST = 12
_LEAST_NUMBER = 3
_LEAST_CODE = 1000
_LONGEST_COUNT = 6


class Strength(IntEnum):
    """How much a name says."""

    NOTHING = 0
    # A random value behind it is a secret: `sid`, `code`, `auth`.
    RANDOM = 1
    # A number behind it is a secret, or a random value: `pin`, `otp`.
    DIGITS = 2
    # A text behind it is a secret: `token`, of which numbers are counted.
    TEXT = 3
    # Whatever stands behind it is a secret: `password`.
    ANY = 4


def is_secret(strength: Strength, value: str) -> bool:
    """Return whether a text behind a name of some strength is a secret."""
    if is_stand_in(value):
        return False
    if strength is Strength.ANY:
        return not (is_sentence(value) or is_share(value))
    if strength is Strength.TEXT:
        return not (is_sentence(value) or is_file(value) or (value.isdigit() and len(value) <= _LONGEST_COUNT))
    if strength is Strength.DIGITS:
        return sum(map(str.isdigit, value)) >= _LEAST_NUMBER and " " not in value.strip()
    return strength is Strength.RANDOM and is_random(value, _LEAST)


def is_secret_number(strength: Strength, value: float) -> bool:
    """Return whether a number behind a name of some strength is a secret; tokens are counted."""
    if strength is Strength.DIGITS:
        return abs(value) >= _LEAST_CODE
    return strength is Strength.ANY
