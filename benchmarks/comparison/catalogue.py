"""All scenarios, in the order of the page."""

from __future__ import annotations

import answers
import content
import delivery
import isolation
import jobs
from scenario import SCENARIOS as FOUND

_ORDER = (isolation.ABOUT, jobs.ABOUT, answers.ABOUT, content.ABOUT, delivery.ABOUT)

SCENARIOS = dict(sorted(FOUND.items(), key=lambda named: _ORDER.index(named[1].about)))
