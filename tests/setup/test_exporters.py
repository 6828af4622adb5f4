"""Which exporters there are, and what is said where one cannot be made."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from otel_crumbs import Config, ConfigError, ErrorEvent
from otel_crumbs.export import DELIVERED, Exporter, Outcome
from otel_crumbs.setup.exporters import make_exporters, plan_exporters
from tests.base.misspelt import MISSPELT, SECRET
from tests.export.events import event_of
from tests.export.receiver import Receiver, receiving

DSN = "https://verysecret@errors.example/4"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Run a receiver."""
    with receiving() as running:
        yield running


def made(environ: Mapping[str, str]) -> list[str]:
    """Return the names of the exporters of an environment."""
    return [exporter.name for exporter in make_exporters(plan_exporters(Config.read(environ), environ))]


def the_warning(caplog: pytest.LogCaptureFixture) -> str:
    """Return the only warning."""
    [record] = [each for each in caplog.records if each.name == "otel_crumbs" and each.levelno == logging.WARNING]
    return record.getMessage()


def test_every_exporter_can_be_chosen() -> None:
    """Several at once, each once, in the order in which they are named."""
    names = made(
        {
            "OTEL_CRUMBS_EXPORTER": "console,sentry,http,app_logs,otlp,sentry",
            "OTEL_CRUMBS_SENTRY_DSN": DSN,
            "OTEL_CRUMBS_HTTP_ENDPOINT": "https://errors.example/events",
        }
    )

    assert names == ["console", "sentry", "http", "app_logs", "otlp"]


@pytest.mark.parametrize(
    ("name", "variable"), [("sentry", "OTEL_CRUMBS_SENTRY_DSN"), ("http", "OTEL_CRUMBS_HTTP_ENDPOINT")]
)
def test_an_exporter_without_an_address_is_left_out_and_its_variable_named(
    caplog: pytest.LogCaptureFixture, name: str, variable: str
) -> None:
    """The others go on, and one warning says what to set."""
    names = made({"OTEL_CRUMBS_EXPORTER": f"{name},console"})

    assert names == ["console"]
    assert f"without the exporter '{name}'" in the_warning(caplog)
    assert f"Remedy: set {variable}" in the_warning(caplog)


@pytest.mark.parametrize(
    ("variable", "value", "remedy"),
    [
        ("OTEL_CRUMBS_SENTRY_DSN", DSN, "OTEL_CRUMBS_EXPORTER=otlp,sentry"),
        ("OTEL_CRUMBS_HTTP_ENDPOINT", "https://verysecret@a.example/", "OTEL_CRUMBS_EXPORTER=otlp,http"),
    ],
)
def test_an_address_that_nobody_uses_is_said(
    caplog: pytest.LogCaptureFixture, variable: str, value: str, remedy: str
) -> None:
    """The variable EXPORTER decides alone, and whoever set the address thinks that events go there."""
    names = made({variable: value})

    assert names == ["otlp"]
    assert the_warning(caplog).endswith(f"Remedy: {remedy}")
    assert variable in the_warning(caplog)
    assert "verysecret" not in the_warning(caplog)


def test_an_address_beside_none_is_a_choice(caplog: pytest.LogCaptureFixture) -> None:
    """Somebody switched everything off, and left the rest of the settings."""
    assert made({"OTEL_CRUMBS_EXPORTER": "none", "OTEL_CRUMBS_SENTRY_DSN": DSN}) == []
    assert caplog.records == []


@pytest.mark.parametrize("address", MISSPELT)
@pytest.mark.parametrize(
    "variable", ["OTEL_CRUMBS_HTTP_ENDPOINT", "OTEL_CRUMBS_SENTRY_DSN", "OTEL_CRUMBS_HTTP_HEADERS"]
)
def test_no_message_about_a_misspelt_setting_has_its_secret(
    caplog: pytest.LogCaptureFixture, variable: str, address: str
) -> None:
    """Neither the warning about the variable nor what is raised for the argument."""
    said = ""
    Config.read({variable: address})
    try:
        Config.read({}, {variable.removeprefix("OTEL_CRUMBS_").lower(): address})
    except ConfigError as error:
        said = str(error)

    assert SECRET not in said + caplog.text


@pytest.mark.parametrize(
    ("dsn", "reason"),
    [
        ("errors.example/4", "it begins with neither https:// nor http://"),
        ("https://errors.example/4", "it has no key before the @"),
        ("https://verysecret@errors.example", "it does not end with the number of a project"),
        ("https://verysecret@errors.example/shop", "it does not end with the number of a project"),
        ("https://verysecret@/4", "it has no host"),
        ("https://verysecret@errors.example:port/4", "its host or its port cannot be read"),
        ("https://verysecret@érrors.example/4", "it has characters that no DSN has"),
    ],
)
def test_a_wrong_dsn_is_reported_without_its_key(caplog: pytest.LogCaptureFixture, dsn: str, reason: str) -> None:
    """The environment's warns, the argument's raises, and neither repeats a secret."""
    config = Config.read({"OTEL_CRUMBS_SENTRY_DSN": dsn})
    with pytest.raises(ConfigError) as raised:
        Config.read({}, {"sentry_dsn": dsn})

    assert config.sentry_dsn is None
    assert f"({reason})" in the_warning(caplog)
    assert f"({reason})" in str(raised.value)
    assert "verysecret" not in caplog.text + str(raised.value) + repr(config)


@pytest.mark.parametrize(
    ("given", "headers"),
    [
        ("a=b", {"a": "b"}),
        (" a = b%2Cc , d = e=f ,", {"a": "b,c", "d": "e=f"}),
        ({"X-Key": "1"}, {"X-Key": "1"}),
    ],
)
def test_headers_are_a_list_or_a_mapping(given: str | dict[str, str], headers: dict[str, str]) -> None:
    """The standard variable for headers is a list, and code has mappings."""
    assert Config.read({}, {"http_headers": given}).http_headers == headers


@pytest.mark.parametrize("given", ["verysecret", "a b=verysecret", "a=verysecret%0d%0ab", {"a": "verysecret\n"}])
def test_headers_that_no_request_could_have_are_refused_at_once(given: str | dict[str, str]) -> None:
    """The first error event would be too late; the values are not repeated."""
    with pytest.raises(ConfigError) as raised:
        Config.read({}, {"http_headers": given})

    assert "verysecret" not in str(raised.value)


@pytest.mark.parametrize("endpoint", ["errors.example", "ftp://a/b", "http://", "http://a:b/", "http://a:99999/"])
def test_an_endpoint_that_cannot_be_posted_to_is_refused_at_once(endpoint: str) -> None:
    """The first error event would be too late."""
    with pytest.raises(ConfigError, match="http_endpoint expects a URL such as"):
        Config.read({}, {"http_endpoint": endpoint})


def test_what_is_configured_is_what_is_used(receiver: Receiver) -> None:
    """Endpoint, headers and compression reach the requests."""
    environ = {
        "OTEL_CRUMBS_EXPORTER": "http",
        "OTEL_CRUMBS_HTTP_ENDPOINT": f"{receiver.url}/events?kind=1",
        "OTEL_CRUMBS_HTTP_HEADERS": "Authorization=Bearer%20x",
        "OTEL_CRUMBS_HTTP_COMPRESSION": "none",
    }
    [exporter] = make_exporters(plan_exporters(Config.read(environ), environ))

    outcome = exporter.export(event_of(), 5.0)
    exporter.shutdown()

    assert outcome == DELIVERED
    assert receiver.request.path == "/events?kind=1"
    assert receiver.request.headers["Authorization"] == "Bearer x"
    assert "Content-Encoding" not in receiver.request.headers


def test_json_lines_are_a_choice(receiver: Receiver) -> None:
    """The format reaches the requests."""
    environ = {
        "OTEL_CRUMBS_EXPORTER": "http",
        "OTEL_CRUMBS_HTTP_ENDPOINT": receiver.url,
        "OTEL_CRUMBS_HTTP_FORMAT": "jsonl",
    }
    [exporter] = make_exporters(plan_exporters(Config.read(environ), environ))

    outcome = exporter.export(event_of(), 5.0)
    exporter.shutdown()

    assert outcome == DELIVERED
    assert receiver.request.headers["Content-Type"] == "application/x-ndjson"


class PagerExporter:
    """An exporter of somebody else's."""

    name = "pager"

    def __init__(self, environ: Mapping[str, str]) -> None:
        if "PAGER_NUMBER" not in environ:
            raise ValueError("Remedy: set PAGER_NUMBER")
        self.number = environ["PAGER_NUMBER"]

    def export(self, event: ErrorEvent, timeout: float) -> Outcome:
        """Call."""
        return DELIVERED

    def shutdown(self) -> None:
        """Hang up."""


def nothing(environ: Mapping[str, str]) -> None:
    """Return what is no exporter."""


def misnamed(environ: Mapping[str, str]) -> Exporter:
    """Return an exporter of another name."""
    return PagerExporter(environ)


def broken(environ: Mapping[str, str]) -> Exporter:  # noqa: ARG001 - as every such callable
    """Return nothing at all."""
    raise RuntimeError("no line")


@pytest.fixture
def installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package with entry points."""
    here = __name__
    metadata = tmp_path / "acme_exporters-1.0.dist-info"
    metadata.mkdir()
    metadata.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: acme-exporters\nVersion: 1.0\n")
    functions = {"pager": "PagerExporter", "nothing": "nothing", "misnamed": "misnamed", "broken": "broken"}
    lines = [f"{name} = {here}:{function}" for name, function in functions.items()]
    metadata.joinpath("entry_points.txt").write_text("\n".join(["[otel_crumbs_exporter]", *lines, ""]))
    monkeypatch.syspath_prepend(tmp_path)


@pytest.mark.usefixtures("installed_package")
def test_an_installed_package_adds_an_exporter() -> None:
    """Its entry point's name is one more word for EXPORTER, and the environment is what it is made of."""
    environ = {"OTEL_CRUMBS_EXPORTER": "pager,console", "PAGER_NUMBER": "112"}

    pager, console = make_exporters(plan_exporters(Config.read(environ), environ))

    assert isinstance(pager, PagerExporter)
    assert pager.number == "112"
    assert console.name == "console"


@pytest.mark.usefixtures("installed_package")
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nothing", "returned None, which has no export() and no shutdown()"),
        ("misnamed", "returned an exporter whose name is 'pager'"),
    ],
)
def test_an_entry_point_that_leads_nowhere_is_said(caplog: pytest.LogCaptureFixture, name: str, words: str) -> None:
    """The other exporters go on."""
    names = made({"OTEL_CRUMBS_EXPORTER": f"{name},console", "PAGER_NUMBER": "112"})

    assert names == ["console"]
    assert words in the_warning(caplog)


@pytest.mark.usefixtures("installed_package")
def test_an_exporter_of_a_package_may_say_what_it_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    """Its `ValueError` is for the user, not for us."""
    assert made({"OTEL_CRUMBS_EXPORTER": "pager,console"}) == ["console"]
    assert the_warning(caplog).endswith("without the exporter 'pager': Remedy: set PAGER_NUMBER")


@pytest.mark.usefixtures("installed_package")
def test_an_entry_point_that_raises_stops_nobody_else(
    guarded_failures: list[tuple[str, Exception]], caplog: pytest.LogCaptureFixture
) -> None:
    """It is said with its traceback."""
    assert made({"OTEL_CRUMBS_EXPORTER": "broken,console"}) == ["console"]

    [(doing, error)] = guarded_failures
    guarded_failures.clear()
    assert "'broken'" in doing
    assert str(error) == "no line"
    assert caplog.records[0].exc_info


def test_a_name_that_nobody_has_is_said_with_those_that_there_are(caplog: pytest.LogCaptureFixture) -> None:
    """A typing error means the default, as everywhere."""
    assert made({"OTEL_CRUMBS_EXPORTER": "sentri"}) == ["otlp"]
    assert "(there is no 'sentri')" in the_warning(caplog)
    assert "otlp, http, sentry, app_logs, console, none" in the_warning(caplog)
