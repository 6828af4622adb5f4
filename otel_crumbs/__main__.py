"""`python -m otel_crumbs` is the command `otel-crumbs`."""

from __future__ import annotations

import sys

from .cli import main

sys.exit(main())
