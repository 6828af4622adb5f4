"""The examination from start to end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence

from otel_crumbs.install import get_installation, install
from otel_crumbs.setup.installation import Installation

from .hooks import describe_hooks
from .instrumentations import describe_instrumentations, describe_missing
from .report import Report, as_json
from .section import Section, State
from .sending import describe_sending
from .settings import describe_settings, describe_standard_variables
from .versions import describe_versions
from .waiting import describe_spools
from .warned import collect_warnings, describe_warnings

UNREACHED = re.compile("not reached|no answer|UNAVAILABLE|DEADLINE")
VARIABLES = "OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL and _HEADERS say where and how it is sent."


def run(*, timeout: float, send: bool = True, json: bool = False) -> int:
    """Examine this environment, and return the exit code: 1 if the test event was not taken."""
    report = Report(sys.stdout)
    sections: list[Section] = []
    with collect_warnings() as heard:
        installation = get_installation() or install()
        for section in examine(installation, heard, timeout=timeout, send=send):
            sections.append(section)
            if not json:
                report.write(section)
    well = not any(row.state is State.BAD for section in sections for row in section.rows)
    if json:
        sys.stdout.write(as_json(sections, well=well) + "\n")
    else:
        report.format_verdict(judge(sections, well=well), well=well)
    return 0 if well else 1


def examine(installation: Installation, heard: Sequence[str], *, timeout: float, send: bool) -> Iterator[Section]:
    """Iterate over everything that there is to know, the test event last."""
    yield describe_versions()
    yield describe_settings(installation.config, os.environ)
    yield describe_standard_variables(os.environ)
    yield describe_hooks(installation)
    yield describe_spools(installation)
    yield describe_instrumentations(os.environ)
    yield describe_missing()
    if send:
        yield describe_sending(installation, timeout)
    yield describe_warnings(heard, os.environ)


def judge(sections: Sequence[Section], *, well: bool) -> str:
    """Return the conclusion in a sentence or two."""
    results = [row for section in sections if section.key == "test_event" for row in section.rows]
    refusals = {row.name: row.remark for row in results if row.state is State.BAD}
    hint = f" {VARIABLES}" if "otlp" in refusals else ""
    if any(UNREACHED.search(reason) for reason in refusals.values()):
        return f"The test event was not taken. Is a collector listening there?{hint}"
    if not well:
        return f"The test event was not taken, though somebody answered.{hint}"
    taken = any(row.state is State.GOOD for row in results)
    return "All is well: the test event was taken." if taken else "No test event was sent."
