"""The entry point for zero code."""

from __future__ import annotations

from dataclasses import fields

from otel_crumbs.config import SETTINGS, Config
from otel_crumbs.instrumentor import CrumbsConfiguration


def test_a_configuration_file_takes_every_setting() -> None:
    """In the order of the table, so that none is forgotten."""
    assert [field.name for field in fields(CrumbsConfiguration)] == [setting.name for setting in SETTINGS]


def test_the_effective_settings_are_those_of_the_table() -> None:
    """Each with the default that the table tells."""
    config = Config()

    assert {setting.name: getattr(config, setting.name) for setting in SETTINGS} == {
        setting.name: setting.default for setting in SETTINGS
    }
