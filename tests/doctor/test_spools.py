"""`otel-crumbs doctor` shows what waits on disk."""

from __future__ import annotations

from pathlib import Path

from otel_crumbs.export.spool.codec import encode_event
from otel_crumbs.export.spool.spool import Spool
from otel_crumbs.export.spool.spool_file import name_file
from tests.commands import run
from tests.export.events import event_of

from .test_run import section


def spool_of(folder: Path) -> Spool:
    """Return the spool of a service called patient."""
    return Spool(folder, service="patient", exporter="otlp")


def examined(tmp_path: Path, spool: str) -> str:
    """Return what the doctor says of a spool."""
    variables = {"OTEL_SERVICE_NAME": "patient", "OTEL_CRUMBS_SPOOL_DIR": spool}
    return section(run(tmp_path, "doctor", "--no-send", env=variables).stdout, "Undelivered events")


def test_what_waits_is_shown(tmp_path: Path) -> None:
    """How many, how much, how old, where, and what could not be read."""
    spool = spool_of(tmp_path / "spool")
    for number in (1, 2, 3):
        event = event_of(ValueError(str(number)), timestamp=number)
        spool.write(name_file([event]), encode_event(event))
    file = spool.lock(spool.look().waiting[0])
    assert file is not None
    file.set_aside()

    shown = examined(tmp_path, str(tmp_path / "spool"))

    assert "otlp  2 of" in shown
    assert "days old" in shown
    assert "1 set aside" in shown


def test_what_waits_for_another_receiver_is_shown(tmp_path: Path) -> None:
    """It is not delivered to this one, and the remedy is named."""
    event = event_of(timestamp=1)
    spool_of(tmp_path / "spool").write(name_file([event], "0" * 12), encode_event(event))

    shown = examined(tmp_path, str(tmp_path / "spool"))

    assert "otel  none" in shown.replace("otlp", "otel")
    assert "1 for another receiver" in shown


def test_nothing_waits(tmp_path: Path) -> None:
    """The folder is shown where events would wait."""
    shown = examined(tmp_path, str(tmp_path / "spool"))

    assert "otlp  none" in shown


def test_nothing_is_kept(tmp_path: Path) -> None:
    """The setting says that nothing is kept."""
    assert "none are kept" in examined(tmp_path, "none")


def test_a_folder_that_is_not_safe_is_said(tmp_path: Path) -> None:
    """The remedy is named."""
    event = event_of(timestamp=1)
    spool_of(tmp_path / "spool").write(name_file([event]), encode_event(event))
    (tmp_path / "spool").chmod(0o777)

    shown = examined(tmp_path, str(tmp_path / "spool"))

    assert "cannot be looked into" in shown
    assert "chmod 700" in "".join(shown.split("\n         "))
