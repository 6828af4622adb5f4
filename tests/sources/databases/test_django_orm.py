"""Django's connections are watched without getting in Django's way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("django")

UNCONFIGURED = """
import sys
import django.db.backends.signals
import otel_crumbs

otel_crumbs.install(exporter="none")
from django.conf import settings

print("configured" if settings.configured else "left alone", "settings_of_the_application" in sys.modules)
"""


@pytest.mark.parametrize("variables", [{}, {"DJANGO_SETTINGS_MODULE": "settings_of_the_application"}])
def test_a_django_that_is_not_set_up_is_left_alone(variables: dict[str, str], tmp_path: Path) -> None:
    """Where Django is imported and not configured yet, its settings are not asked for, and nothing is said."""
    (tmp_path / "settings_of_the_application.py").write_text("DATABASES = {}")

    done = subprocess.run(
        [sys.executable, "-c", UNCONFIGURED],
        env={"PYTHONPATH": f"{tmp_path}:{':'.join(sys.path)}", **variables},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.split("\n")[0] == "left alone False"
    assert done.stderr == ""
