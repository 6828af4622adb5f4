"""Zero code: opentelemetry-instrument and declarative configuration files."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path

import pytest

import otel_crumbs
from otel_crumbs.install import get_installation
from otel_crumbs.instrumentor import CrumbsConfiguration, CrumbsInstrumentor
from otel_crumbs.setup import environment_variables
from otel_crumbs.setup.config import SETTINGS

Run = Callable[..., "subprocess.CompletedProcess[str]"]

SHOW = """
import json
from otel_crumbs.install import get_installation

found = get_installation()
config = found.config if found else None
print(json.dumps({"active": bool(found and found.active), "size": config and config.max_breadcrumbs}))
"""


@pytest.fixture
def instrumentor() -> CrumbsInstrumentor:
    """Return the instrumentor, as its entry point has it."""
    return CrumbsInstrumentor()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a function that runs a program under opentelemetry-instrument."""
    pytest.importorskip("opentelemetry.distro")
    program = tmp_path / "program.py"
    program.write_text(SHOW)

    def start(*flags: str, source: str = SHOW, **variables: str) -> subprocess.CompletedProcess[str]:
        program.write_text(source)
        if not flags or flags[0] != "--help":
            flags = (*flags, sys.executable, str(program))
        exporters = {f"OTEL_{signal}_EXPORTER": "none" for signal in ("TRACES", "METRICS", "LOGS")}
        environment = {"PATH": str(Path(sys.executable).parent), "PYTHONPATH": ":".join(sys.path), **exporters}
        environment |= {"OTEL_CRUMBS_EXPORTER": "none", **variables}
        main = "from opentelemetry.instrumentation.auto_instrumentation import run; run()"
        command = [sys.executable, "-c", main, *flags]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)

    return start


def test_the_entry_points_lead_here() -> None:
    """OpenTelemetry finds the instrumentor and the variables by them."""
    [ours] = entry_points(group="opentelemetry_instrumentor", name="otel_crumbs")
    [variables] = entry_points(group="opentelemetry_environment_variables", name="otel_crumbs")

    assert ours.load() is CrumbsInstrumentor
    assert variables.load() is environment_variables


def test_every_variable_is_listed() -> None:
    """`opentelemetry-instrument --help` shows what the module names."""
    listed = {name: value for name, value in vars(environment_variables).items() if name.startswith("OTEL_")}

    assert listed == {setting.variable: setting.variable for setting in SETTINGS}


def test_the_file_knows_the_settings() -> None:
    """Every field of the file's section is a setting."""
    assert set(CrumbsConfiguration.__dataclass_fields__) <= {setting.name for setting in SETTINGS}


def test_instrumenting_installs_and_uninstrumenting_undoes_it(instrumentor: CrumbsInstrumentor) -> None:
    """Options are settings; what is None or unknown is none."""
    before = sys.unraisablehook

    instrumentor.instrument(exporter="none", max_breadcrumbs=7, log_level=None, tracer_provider=object())
    during = get_installation()
    instrumentor.uninstrument()

    assert during is not None
    assert during.config.max_breadcrumbs == 7
    assert during.config.origins["log_level"] == "default"
    assert get_installation() is None
    assert sys.unraisablehook is before


def test_a_bad_option_warns_and_installs_all_the_same(
    instrumentor: CrumbsInstrumentor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It never raises: that would stop other people's instrumentation."""
    monkeypatch.setenv("OTEL_CRUMBS_EXPORTER", "none")

    instrumentor.instrument(max_breadcrumbs="many")
    during = get_installation()
    names = during.hook_names[:] if during else []
    instrumentor.uninstrument()

    assert "spans" in names
    assert "max_breadcrumbs expects" in caplog.text


def test_installing_in_code_beside_it_is_one_installation(instrumentor: CrumbsInstrumentor) -> None:
    """An application that calls install() under opentelemetry-instrument hooks nothing twice."""
    instrumentor.instrument(exporter="none")
    hook = sys.unraisablehook

    installation = otel_crumbs.install()

    assert installation is get_installation()
    assert sys.unraisablehook is hook
    instrumentor.uninstrument()


def test_it_needs_nothing_to_be_there(instrumentor: CrumbsInstrumentor) -> None:
    """It works with whatever is instrumented."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")

        assert tuple(instrumentor.instrumentation_dependencies()) == ()


def test_opentelemetry_instrument_installs_it(run: Run) -> None:
    """It takes no line of code, and its settings from the environment."""
    done = run(OTEL_CRUMBS_MAX_BREADCRUMBS="7")

    assert json.loads(done.stdout) == {"active": True, "size": 7}
    # Python 3.12.1 lets OpenTelemetry's own handler complain at exit.
    assert "otel_crumbs" not in done.stderr


def test_opentelemetry_instrument_has_a_flag_for_each_setting(run: Run) -> None:
    """The flag is the variable in lower case."""
    helped = run("--help")
    done = run("--crumbs_max_breadcrumbs", "9")

    assert all(f"--{setting.variable.removeprefix('OTEL_').lower()}" in helped.stdout for setting in SETTINGS)
    assert json.loads(done.stdout) == {"active": True, "size": 9}


@pytest.mark.e2e
def test_it_can_be_left_out_as_any_other(run: Run) -> None:
    """`OTEL_PYTHON_DISABLED_INSTRUMENTATIONS` names it by its entry point."""
    done = run(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="otel_crumbs")

    assert json.loads(done.stdout) == {"active": False, "size": None}


@pytest.mark.e2e
def test_a_disabled_sdk_disables_it(run: Run) -> None:
    """`OTEL_SDK_DISABLED` means all of OpenTelemetry."""
    done = run(OTEL_SDK_DISABLED="true")

    assert json.loads(done.stdout)["active"] is False


@pytest.mark.e2e
def test_a_crash_looks_as_it_did(run: Run) -> None:
    """Exit code and traceback are those of Python."""
    source = "def main():\n    raise ValueError('boom')\n\nmain()\n"

    with_us = run(source=source)
    without_us = run(source=source, OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="otel_crumbs")

    assert (with_us.returncode, with_us.stdout) == (1, "")
    assert _without_addresses(with_us.stderr) == _without_addresses(without_us.stderr)
    assert "ValueError: boom" in with_us.stderr


def _without_addresses(output: str) -> str:
    return re.sub(r"0x[0-9a-f]+", "0x", output)


CONFIGURATION = """
file_format: "1.0"
tracer_provider:
  processors:
    - simple: {exporter: {console: {}}}
instrumentation/development:
  python:
    otel_crumbs: {SECTION}
"""


@pytest.mark.parametrize(
    ("section", "size"), [("{max_breadcrumbs: 7}", 7), ("{}", 100), ("{max_breadcrumbs: many}", 100)]
)
def test_a_declarative_file_has_a_section_for_it(run: Run, tmp_path: Path, section: str, size: int) -> None:
    """Under `instrumentation/development: python`; a bad value means the default."""
    pytest.importorskip("opentelemetry.configuration")
    file = tmp_path / "otel.yaml"
    file.write_text(CONFIGURATION.replace("{SECTION}", section))

    done = run(OTEL_CONFIG_FILE=str(file), OTEL_EXPERIMENTAL_CONFIG_FILE=str(file))

    assert json.loads(done.stdout) == {"active": True, "size": size}
