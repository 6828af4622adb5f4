"""Ask whether the shop is open: `python check_health.py URL` ends with 0 if it is."""

from __future__ import annotations

import sys
import urllib.request

with urllib.request.urlopen(sys.argv[1], timeout=4) as answer:  # noqa: S310 - the shop's own address
    sys.exit(answer.status != 200)  # noqa: PLR2004 - HTTP's word for well
