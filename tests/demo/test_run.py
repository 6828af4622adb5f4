"""`otel-crumbs demo`, as people run it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.request import urlopen
from uuid import uuid4

import pytest

from tests.commands import OTEL_CRUMBS, environment, run

pytestmark = pytest.mark.e2e

pytest.importorskip("rich")
pytest.importorskip("django")

# Runs the demo as if it had one failing customer more than it has.
TOO_FEW = """\
import sys
from otel_crumbs.demo import run
run.EXPECTED_EVENTS += 1
sys.exit(run.run(timeout=20))
"""


def events_of(output: str) -> dict[str, Mapping[str, Any]]:
    """Return the events in lines of JSON, by the type of the exception."""
    events = [json.loads(line) for line in output.splitlines()]
    return {event["attributes"]["exception.type"].rpartition(".")[2]: event["attributes"] for event in events}


@pytest.fixture(scope="module")
def as_text(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Run the demo once for people."""
    return run(tmp_path_factory.mktemp("text"), "demo")


@pytest.fixture(scope="module")
def as_json(tmp_path_factory: pytest.TempPathFactory) -> subprocess.CompletedProcess[str]:
    """Run the demo once for programs."""
    return run(tmp_path_factory.mktemp("json"), "demo", "--json")


def test_the_demo_shows_every_error_with_its_trail(as_text: subprocess.CompletedProcess[str]) -> None:
    """It works in a pipe and from any folder, shows the newest event last, and ends with the next steps."""
    done = as_text

    assert done.returncode == 0, done.stderr + done.stdout
    assert done.stderr == ""
    assert "\x1b" not in done.stdout, "no control codes in a pipe"
    titles = re.findall(r"^(\d) of 4  (\w+) in (.+?) ─", done.stdout, re.MULTILINE)
    assert titles == [
        ("1", "ZeroDivisionError", "GET products/<int:pk>/"),
        ("2", "IntegrityError", "POST products/<int:pk>/buy/"),
        ("3", "ConnectionRefusedError", "POST orders/<int:pk>/remind/"),
        ("4", "TypeError", "POST orders/<int:pk>/pay/"),
    ]
    assert "opentelemetry-instrument python manage.py runserver --noreload" in done.stdout
    assert "otel-crumbs doctor" in done.stdout


def test_the_trail_reports_the_cause_at_a_glance(as_text: subprocess.CompletedProcess[str]) -> None:
    """The TypeError alone says nothing about payments."""
    last = as_text.stdout.partition("4 of 4")[2].partition("Go on")[0]
    assert re.search(r"-\d{3} ms ● shop.checkout +checkout of order 1: 2 x Moka pot for ada, 68.00 EUR", last)
    assert re.search(r"-\d{3} ms \S http +POST http://127.0.0.1:\d+/charges -> 503 in \d+ ms", last)
    assert re.search(r"▲ shop.payments +payment provider says no: fraud check is overloaded", last)
    assert re.search(r" 0 ✖ error +TypeError: 'NoneType' object is not subscriptable", last)
    assert "at shop/checkout.py:" in last


def test_json_has_standard_output_for_itself(as_json: subprocess.CompletedProcess[str]) -> None:
    """One event a line; what is for people goes to standard error."""
    done = as_json

    assert done.returncode == 0, done.stderr
    assert "letting customers in" in done.stderr
    events = events_of(done.stdout)
    assert list(events) == ["ZeroDivisionError", "IntegrityError", "ConnectionRefusedError", "TypeError"]
    assert events["ConnectionRefusedError"]["otel_crumbs.handled"] is True
    assert events["TypeError"]["otel_crumbs.handled"] is False


def test_trails_of_customers_at_the_same_time_are_apart(as_json: subprocess.CompletedProcess[str]) -> None:
    """Two customers want the last mug; who gets none is the only one in the trail."""
    trail = events_of(as_json.stdout)["IntegrityError"]["otel_crumbs.breadcrumbs"]
    reported = " ".join(crumb["message"] for crumb in trail)
    assert len(re.findall("in stock, selling one to", reported)) == 1
    assert [crumb["type"] for crumb in trail].count("http") == 1


@pytest.mark.parametrize("columns", ["60", "80"])
def test_a_narrow_terminal_is_wide_enough(tmp_path: Path, columns: str) -> None:
    """Only commands and paths, which are there to be copied, may be longer."""
    done = run(tmp_path, "demo", env={"COLUMNS": columns})

    assert done.returncode == 0
    assert list(tmp_path.iterdir()) == [], "nothing is left behind"
    assert max(map(len, done.stdout.partition("Go on")[0].splitlines())) <= int(columns)


def test_settings_of_this_shell_do_not_change_the_demo(tmp_path: Path) -> None:
    """Proxies do not change it either, nor does output that knows no Unicode."""
    spoilt = {
        "OTEL_SDK_DISABLED": "true",
        "OTEL_EXPORTER_OTLP_HEADERS": "x=y",
        "DJANGO_SETTINGS_MODULE": "elsewhere",
        "HTTP_PROXY": "http://127.0.0.1:9",
        "http_proxy": "http://127.0.0.1:9",
        "NO_PROXY": "",
        "PYTHONIOENCODING": "ascii",
    }

    done = run(tmp_path, "demo", env=spoilt)

    assert done.returncode == 0, done.stderr + done.stdout
    assert "4 of 4  TypeError" in done.stdout
    assert " X error" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "no_color", "coloured"),
    [([], {}, True), ([], {"NO_COLOR": "1"}, False), (["--no-color"], {}, False)],
)
def test_colours_are_for_who_wants_them(
    tmp_path: Path, arguments: list[str], no_color: dict[str, str], *, coloured: bool
) -> None:
    """FORCE_COLOR stands for a terminal here."""
    done = run(tmp_path, "demo", *arguments, env={"FORCE_COLOR": "1", **no_color})

    assert ("\x1b[1;37;41m" in done.stdout) is coloured


def test_a_shop_that_does_not_open_is_explained(tmp_path: Path) -> None:
    """The shop's last lines are shown, and the exit code is 1."""
    broken = tmp_path / "broken" / "django"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('this django is broken')\n")

    done = run(tmp_path, "demo", env={"PYTHONPATH": str(broken.parent)})

    assert done.returncode == 1
    assert "the demo failed: the shop's process ended with exit code 1" in done.stdout
    assert "ImportError: this django is broken" in done.stdout
    assert "Traceback" not in done.stderr


def test_the_demo_gives_up_in_time(tmp_path: Path) -> None:
    """A tenth of a second is not enough to open a shop."""
    done = run(tmp_path, "demo", "--timeout", "0.1")

    assert done.returncode == 1
    assert "the demo failed: the shop did not open in time" in done.stdout


def test_events_that_do_not_come_are_missed(tmp_path: Path) -> None:
    """Those that came are shown all the same."""
    done = run(tmp_path, start=(sys.executable, "-c", TOO_FEW))

    assert done.returncode == 1
    assert "4 of 4  TypeError" in done.stdout
    assert "the demo failed: 4 of 5 error events came in time" in done.stdout
    assert "the shop's last lines:" in done.stdout


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks for processes in /proc")
@pytest.mark.parametrize(("signum", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_whoever_stops_the_demo_stops_the_shop(tmp_path: Path, signum: int, code: int) -> None:
    """Both are gone, and so are their files."""
    mark = uuid4().hex
    demo = subprocess.Popen(
        [*OTEL_CRUMBS, "demo"],
        cwd=tmp_path,
        env=environment(tmp_path, MARK=mark, PYTHONUNBUFFERED="1"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with demo:
        assert demo.stdout is not None
        while b"letting customers in" not in demo.stdout.readline():
            pass
        assert len(processes_with(mark)) == 2

        demo.send_signal(signum)

        assert demo.wait(20) == code
    assert processes_with(mark) == []
    assert list(tmp_path.iterdir()) == []


def test_a_reader_that_has_seen_enough_ends_the_demo(tmp_path: Path) -> None:
    """The demo ends without a word, as with `head`."""
    demo = subprocess.Popen(
        [*OTEL_CRUMBS, "demo"],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert demo.stdout is not None
    demo.stdout.close()

    _, errors = demo.communicate(timeout=60)

    assert errors == b""
    assert demo.returncode == 1


def processes_with(mark: str) -> list[int]:
    """Return the processes that inherited a variable with this value."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def test_the_viewer_stays_with_the_events(tmp_path: Path) -> None:
    """Until it is interrupted."""
    pytest.importorskip("uvicorn")
    command = [*OTEL_CRUMBS, "demo", "--view"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        address = next(line.split()[-1] for line in process.stderr if line.startswith("the events are at"))
        with urlopen(address, timeout=20) as page:
            text = page.read().decode()
        process.send_signal(signal.SIGTERM)

        assert process.wait(20) == 0
    assert all(name in text for name in ("ZeroDivisionError", "IntegrityError", "ConnectionRefusedError", "TypeError"))
