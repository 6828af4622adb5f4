"""
Defaults that the table of settings has in common with the parts that they are for.

The table is read at every start, and the parts are imported when an error needs them.
"""

from __future__ import annotations

# Two hundred requests that fail at once are two hundred events; a thousand a second are too many.
DEFAULT_RATE_LIMIT = 300

# Loki refuses a record over 64 kB.
DEFAULT_MAX_EVENT_BYTES = 60_000

# Of one spool on disk.
DEFAULT_MAX_SPOOL_BYTES = 64 * 1024 * 1024

DEFAULT_SCRUB_KEYS = (
    "password",
    "passwd",
    "pwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "privatekey",
    "credential",
    "authorization",
    "cookie",
    "csrf",
    "sessionid",
    "session_id",
    "signature",
)
