"""The masking of secrets in settings, so that a report can be shown to a colleague or in an issue."""

from __future__ import annotations

import re

from otel_crumbs.event.scrub import SCRUBBED, Scrubber

_SCRUBBER = Scrubber()
_USER = re.compile(r"//[^/\s@]+@")


def mask(name: str, value: str) -> str:
    """Return the value of a variable without passwords, tokens, and the values of headers."""
    if "HEADERS" in name.upper():
        return ",".join(_mask_header(pair) for pair in value.split(","))
    return _SCRUBBER.scrub_text(_USER.sub(f"//{SCRUBBED}@", value))


def _mask_header(pair: str) -> str:
    key, separator, _ = pair.partition("=")
    # What has no name may be all secret.
    return f"{key.strip()}={SCRUBBED}" if separator else SCRUBBED
