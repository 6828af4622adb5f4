"""Settings come from one table: an argument before the environment before the default."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import otel_crumbs
from otel_crumbs import Config, ConfigError
from otel_crumbs.setup.config import MECHANISMS, SETTINGS

DSN = "https://key@sentry.example/7"


class Memory:
    """An exporter in code."""

    name = "memory"

    def export(self, event: Any, timeout: float) -> Any:
        """Take nothing."""

    def shutdown(self) -> None:
        """Do nothing."""


def settings(config: Config) -> Config:
    """Return a configuration without where it comes from."""
    return replace(config, origins={})


def keep(value: Any) -> Any:
    """Stand for a user's hook."""
    return value


# For each setting: what stands in the environment, what is given in code, and what both mean.
GOOD: dict[str, list[tuple[str, Any, Any]]] = {
    "enabled": [("false", False, False), ("TRUE", True, True), (" False ", "false", False)],
    "exporter": [("console", "console", ("console",)), ("otlp, console", ["otlp", "console"], ("otlp", "console"))],
    "max_breadcrumbs": [("7", 7, 7), ("10000", 10_000, 10_000)],
    "max_event_bytes": [("4096", 4096, 4096)],
    "log_level": [("warning", "warning", 30), ("DEBUG", 10, 10), ("25", 25, 25)],
    "ignore_loggers": [("a, b.*", ["a", "b.*"], ("a", "b.*"))],
    "ignore_errors": [("a.Error, b.Error", ["a.Error", "b.Error"], ("a.Error", "b.Error"))],
    "record_unsampled": [("false", False, False)],
    "swallowed": [("true", True, True)],
    "capture": [("logging,excepthook", ["logging", "excepthook"], ("logging", "excepthook"))],
    "client_address": [("true", True, True)],
    "frame_locals": [("true", True, True)],
    "otlp_format": [("json", "json", "json"), ("NESTED", "nested", "nested")],
    "http_endpoint": [("https://errors.example/in", "https://errors.example/in", "https://errors.example/in")],
    "http_headers": [("api-key=x", {"api-key": "x"}, {"api-key": "x"})],
    "http_compression": [("none", "none", "none")],
    "http_format": [("jsonl", "jsonl", "jsonl")],
    "sentry_dsn": [(DSN, DSN, DSN)],
    "spool_dir": [("/var/spool/shop", Path("/var/spool/shop"), "/var/spool/shop"), ("Off", "none", "none")],
    "spool_max_bytes": [("65536", 65536, 65536)],
    "rate_limit": [("0", 0, 0), ("5", 5, 5)],
    "flush_timeout": [("0.5", 0.5, 0.5), ("0", 0, 0.0)],
    "sql_literals": [("Keep", "keep", "keep")],
    "scrub_keys": [("ssn, iban", ["ssn", "iban"], ("ssn", "iban"))],
    "scrub_rules": [("-iban, email", ["-iban", "email"], ("-iban", "email"))],
    "scrub_patterns": [(r"a\d{1,2},b", [r"a\d{1,2}", "b"], (r"a\d{1,2}", "b"))],
    "personal_data": [("Scrub", "scrub", "scrub")],
    "recorder": [("Auto", "auto", "auto"), ("/var/crumbs", "/var/crumbs", "/var/crumbs")],
    "slow_after": [("30", 30, 30.0), ("0", 0, 0.0)],
    "before_breadcrumb": [("tests.setup.test_config:keep", keep, keep)],
    "before_send": [("tests.setup.test_config:keep", keep, keep)],
}

BAD: dict[str, list[tuple[str, Any]]] = {
    "enabled": [("yes", 1), ("0", "no")],
    "exporter": [("carrier-pigeon", "carrier-pigeon"), (",", []), ("otlp,pigeon", object())],
    "max_breadcrumbs": [("many", "many"), ("0", 0), ("-1", -1), ("10001", True), ("1e3", float("inf"))],
    "max_event_bytes": [("1", 1), ("4 kB", [])],
    "log_level": [("loud", "loud"), ("!", 2.5), ("-", ["info"])],
    "ignore_loggers": [("", 7), ("", [7])],
    "ignore_errors": [("", 7), ("", [int])],
    "record_unsampled": [("on", "on")],
    "client_address": [("on", "on")],
    "frame_locals": [("on", "on")],
    "swallowed": [("on", "on")],
    "capture": [("everything", "everything"), ("logging,windows", ["logging", "windows"]), (",", [7])],
    "otlp_format": [("xml", "xml")],
    "http_endpoint": [("ftp://errors.example", "not a URL")],
    "http_headers": [("no equals sign", 7)],
    "http_compression": [("zip", "zip")],
    "http_format": [("xml", "xml")],
    "sentry_dsn": [("sentry.example", "https://sentry.example")],
    "spool_dir": [("", 7), ("a\0b", "")],
    "spool_max_bytes": [("1", 1), ("64 MB", [])],
    "rate_limit": [("-1", -1), ("often", "often")],
    "flush_timeout": [("soon", "soon"), ("-1", -1), ("61", float("nan")), ("nan", None.__class__)],
    "scrub_keys": [("", 7)],
    "sql_literals": [("hide", "hide")],
    "scrub_rules": [("", 7)],
    "scrub_patterns": [("", 7), ("", ["("])],
    "personal_data": [("hide", "hide")],
    "recorder": [("", 7), ("a\0b", "")],
    "slow_after": [("soon", "soon"), ("-1", -1)],
    "before_breadcrumb": [("tests.setup.test_config:missing", "no_such_module:hook"), ("tests.test_config", 7)],
    "before_send": [("tests.setup.test_config:DSN", "tests.setup.test_config:DSN"), ("::", "")],
}


def test_every_setting_is_tested_here() -> None:
    """A new row of the table needs a good and a bad example."""
    names = {setting.name for setting in SETTINGS}

    assert names == set(GOOD) == set(BAD)


def cases(table: dict[str, list[tuple[Any, ...]]]) -> list[Any]:
    """Return the table as parameters of a test."""
    return [
        pytest.param(name, *case, id=f"{name}-{number}")
        for name, rows in table.items()
        for number, case in enumerate(rows)
    ]


@pytest.mark.parametrize(("name", "text", "argument", "meaning"), cases(GOOD))
def test_a_setting_is_read(name: str, text: str, argument: Any, meaning: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The variable and the argument mean the same, and their origin is known."""
    variable = f"OTEL_CRUMBS_{name.upper()}"

    from_environment = Config.read({variable: text})
    from_argument = Config.read({}, {name: argument})

    assert getattr(from_environment, name) == getattr(from_argument, name) == meaning
    assert (from_environment.origins[name], from_argument.origins[name]) == (variable, "argument")
    assert caplog.records == []


@pytest.mark.parametrize(("name", "text", "_"), cases(BAD))
def test_a_bad_variable_warns_and_means_the_default(
    name: str, text: str, _: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning names the variable and what was expected; an empty one is as good as unset."""
    setting = next(setting for setting in SETTINGS if setting.name == name)

    config = Config.read({setting.variable: text})

    assert config == Config.read({})
    assert config.origins[name] == "default"
    assert [setting.variable in record.getMessage() for record in caplog.records] == ([True] if text else [])
    assert all(setting.expects in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize(("name", "_", "argument"), cases(BAD))
def test_a_bad_argument_is_refused(name: str, _: str, argument: Any) -> None:
    """The error names the setting and what was expected."""
    setting = next(setting for setting in SETTINGS if setting.name == name)

    with pytest.raises(ConfigError) as refused:
        Config.read({}, {name: argument})

    assert name in str(refused.value)
    assert setting.expects in str(refused.value)


def test_an_argument_overrides_the_environment() -> None:
    """What is said in code counts, also where the environment is wrong."""
    config = Config.read({"OTEL_CRUMBS_MAX_BREADCRUMBS": "nonsense"}, {"max_breadcrumbs": 7})

    assert config.max_breadcrumbs == 7


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
@pytest.mark.parametrize("empty", ["", "   "])
def test_an_empty_variable_is_unset(name: str, empty: str, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is said of it."""
    assert Config.read({f"OTEL_CRUMBS_{name.upper()}": empty}) == Config.read({})

    assert caplog.records == []


@pytest.mark.parametrize("name", [setting.name for setting in SETTINGS])
def test_none_is_the_default(name: str) -> None:
    """An option of None, as wrappers pass it on, is none."""
    assert settings(Config.read({}, {name: None})) == settings(Config.read({}, {}))


def test_an_unknown_option_is_refused_with_those_that_there_are() -> None:
    """A slip of the pen is told, and what could have been meant."""
    with pytest.raises(ConfigError, match=r"no setting 'max_crumbs'.*max_breadcrumbs"):
        otel_crumbs.install(max_crumbs=7)


def test_an_exporter_may_be_an_object() -> None:
    """In code one's own exporter stands beside names."""
    own = Memory()

    config = Config.read({}, {"exporter": ["console", own]})

    assert config.exporter == ("console", own)


def test_the_defaults() -> None:
    """They apply where nobody sets anything."""
    config = Config.read({})

    assert config.enabled is True
    assert config.exporter == ("otlp",)
    assert config.max_breadcrumbs == 100
    assert config.log_level == 20
    assert config.record_unsampled is True
    assert config.capture == MECHANISMS
    assert config.scrub_keys == ()
    assert settings(config) == Config()


@pytest.mark.parametrize("module", ["raises_on_import", "is_no_python", "ends_the_program"])
def test_a_hook_whose_module_is_broken_is_a_bad_value(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever importing it raises: a warning in the environment, a ConfigError in code."""
    (tmp_path / "raises_on_import.py").write_text("raise RuntimeError('no database')")
    (tmp_path / "is_no_python.py").write_text("def (")
    (tmp_path / "ends_the_program.py").write_text("import sys; sys.exit('no arguments')")
    monkeypatch.syspath_prepend(tmp_path)

    config = Config.read({"OTEL_CRUMBS_BEFORE_SEND": f"{module}:hook"})

    assert config.before_send is None
    assert "OTEL_CRUMBS_BEFORE_SEND" in caplog.text
    with pytest.raises(ConfigError, match="before_send expects"):
        Config.read({}, {"before_send": f"{module}:hook"})


def test_nothing_is_read_from_the_process_when_a_mapping_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment is an argument."""
    monkeypatch.setenv("OTEL_CRUMBS_MAX_BREADCRUMBS", "7")

    assert Config.read({}).max_breadcrumbs == 100
