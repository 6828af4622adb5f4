"""The examination of an environment, from start to end."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence

from otel_crumbs.install import get_installation, install
from otel_crumbs.setup.installation import Installation

from .exporters import describe_exporters
from .hooks import describe_hooks
from .instrumentations import describe_instrumentations, describe_missing
from .logged_warnings import collect_warnings, describe_warnings
from .report import Report, as_json
from .section import Section, State
from .settings import describe_settings, describe_standard_variables
from .spools import describe_spools
from .versions import describe_versions

UNREACHED = re.compile("not reached|no answer|UNAVAILABLE|DEADLINE")
VARIABLES = "OTEL_EXPORTER_OTLP_ENDPOINT, _PROTOCOL and _HEADERS say where and how it is sent."


def run(*, timeout: float, send: bool = True, json: bool = False) -> int:
    """Examine this environment, and return the exit code: 1 if the test event was not taken."""
    report = Report(sys.stdout)
    sections: list[Section] = []
    with collect_warnings() as lines:
        installation = get_installation() or install()
        for section in examine(installation, lines, timeout=timeout, send=send):
            sections.append(section)
            if not json:
                report.write(section)
    well = not any(row.state is State.BAD for section in sections for row in section.rows)
    if json:
        sys.stdout.write(as_json(sections, well=well) + "\n")
    else:
        report.write_verdict(describe_result(sections, well=well), well=well)
    return 0 if well else 1


def examine(installation: Installation, lines: Sequence[str], *, timeout: float, send: bool) -> Iterator[Section]:
    """Iterate over the sections of the report; the test event and the warnings come last."""
    yield describe_versions()
    yield describe_settings(installation.config, os.environ)
    yield describe_standard_variables(os.environ)
    yield describe_hooks(installation)
    yield describe_spools(installation)
    yield describe_instrumentations(os.environ)
    yield describe_missing()
    if send:
        yield describe_exporters(installation, timeout)
    yield describe_warnings(lines, os.environ)


def describe_result(sections: Sequence[Section], *, well: bool) -> str:
    """Return the result of the test event in a sentence or two."""
    results = [row for section in sections if section.key == "test_event" for row in section.rows]
    refusals = {row.name: row.remark for row in results if row.state is State.BAD}
    hint = f" {VARIABLES}" if "otlp" in refusals else ""
    if any(UNREACHED.search(reason) for reason in refusals.values()):
        return f"The test event was not taken. Is a collector listening there?{hint}"
    if not well:
        return f"The test event was not taken, though somebody answered.{hint}"
    taken = any(row.state is State.GOOD for row in results)
    return "All is well: the test event was taken." if taken else "No test event was sent."
