"""Card numbers and IBANs, which have checksums."""

from __future__ import annotations

import re

from .rule import Rule
from .values import MARK

# Groups are of four, or of four, six and five (American Express) or four (Diners Club).
_CARD = re.compile(
    r"(?<![\w.+-])(?<!\d[ .])(?:\d{14,19}|\d{4}(?P<sign>[ -])\d{4}(?P=sign)\d{4}(?P=sign)\d{4}(?:(?P=sign)\d{3})?|\d{4}(?P<other>[ -])\d{6}(?P=other)\d{4,5})"
    r"(?![\w-])(?!\.\d)"
)
# The first digits and the lengths of Visa, Mastercard, American Express, Diners Club, Discover, UnionPay, JCB and Maestro.
_ISSUER = re.compile(
    r"4\d{15}|4\d{18}|5[1-5]\d{14}|(?:222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}"
    r"|6(?:011|4[4-9]\d|5\d\d)\d{12}|62\d{14,17}|35(?:2[89]|[3-8]\d)\d{12}|(?:5018|5020|5038|6304|6759|676[1-3])\d{12,15}"
)
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


def is_card_number(digits: str) -> bool:
    """Return whether digits are an issuer's and have the right checksum."""
    if not _ISSUER.fullmatch(digits):
        return False
    total = sum(int(digit) if at % 2 == 0 else _DOUBLED[int(digit)] for at, digit in enumerate(reversed(digits)))
    return total % 10 == 0 and len(set(digits)) > 1


def _hide_card(found: re.Match[str]) -> str:
    return MARK if is_card_number(found[0].replace(" ", "").replace("-", "")) else found[0]


CARD = Rule(
    name="card",
    kind="card",
    reason="card numbers of known issuers with the right checksum",
    source="https://www.iso.org/standard/70484.html",
    cost="scan",
    has_digits=True,
    look=re.compile(r"[0-9]{4}[ -]?[0-9]{4}"),
    scrub=lambda text: _CARD.sub(_hide_card, text),
)

# The lengths in the registry, by country.
_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FO FI GL NL", "19": "MK SI", "20": "AT BA EE KZ LT LU XK", "21": "CH HR LI LV",
        "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ TL", "24": "AD CZ ES MD PK RO SA SE SK TN VG",
        "25": "LY PT ST", "26": "IS TR", "27": "FR GR IT MC MR SM BI DJ", "28": "AL AZ CY DO GT HU LB PL SV", "29": "BR EG PS QA UA",
        "30": "JO KW MU", "31": "MT SC", "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip
_IBAN = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|(?:[ -][A-Z0-9]{4}){2,7}(?:[ -][A-Z0-9]{1,3})?)(?![A-Za-z0-9])"
)


def is_iban(value: str) -> bool:
    """Return whether a text is as long as its country says and has the right checksum."""
    if _LENGTHS.get(value[:2]) != len(value):
        return False
    return int("".join(str(int(sign, 36)) for sign in value[4:] + value[:4])) % 97 == 1


def _hide_iban(found: re.Match[str]) -> str:
    groups = re.split(r"([ -])", found[0])
    # A short word behind it may look like its last group.
    for end in (len(groups), len(groups) - 2):
        if is_iban("".join(groups[:end:2])):
            return MARK + "".join(groups[end:])
    return found[0]


IBAN = Rule(
    name="iban",
    kind="account",
    reason="IBANs with the right checksum",
    source="https://www.swift.com/standards/data-standards/iban-international-bank-account-number",
    cost="scan",
    has_digits=True,
    look=re.compile(r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}"),
    scrub=lambda text: _IBAN.sub(_hide_iban, text),
)
