"""The exporters by their names in OTEL_CRUMBS_EXPORTER."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Protocol

from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.event.scrub import Scrubber

from . import entry_points
from .console import ConsoleExporter
from .entry_points import ExporterSetupError
from .exporter import Exporter

# What is set for an exporter, and so is of no use without it.
_VARIABLES = {"sentry": "OTEL_CRUMBS_SENTRY_DSN", "http": "OTEL_CRUMBS_HTTP_ENDPOINT"}


class Settings(Protocol):
    """What exporters are made of; `otel_crumbs.Config` has it."""

    @property
    def exporter(self) -> tuple[str | Exporter, ...]:
        """Names of exporters, or exporters."""

    @property
    def otlp_format(self) -> str:
        """``nested`` or ``json``."""

    @property
    def http_endpoint(self) -> str | None:
        """Where JSON documents go."""

    @property
    def http_headers(self) -> Mapping[str, str] | None:
        """What goes with them."""

    @property
    def http_compression(self) -> str:
        """``gzip`` or ``none``."""

    @property
    def sentry_dsn(self) -> str | None:
        """Where envelopes go."""

    @property
    def scrub_keys(self) -> tuple[str, ...]:
        """What secrets are called."""


Maker = Callable[[Settings, Mapping[str, str]], Exporter]


def make_exporters(settings: Settings, environ: Mapping[str, str]) -> tuple[Exporter, ...]:
    """Return an exporter for each name, and those given as they are; one that cannot be made is left out and said."""
    _say_what_is_not_used(settings)
    return tuple(_make(settings, environ))


def is_known(name: str) -> bool:
    """Return whether a name may stand in OTEL_CRUMBS_EXPORTER."""
    return name in NAMES or name in entry_points.names()


def _make(settings: Settings, environ: Mapping[str, str]) -> Iterator[Exporter]:
    for wanted in dict.fromkeys(settings.exporter):
        if wanted == "none":
            continue
        if not isinstance(wanted, str):
            yield wanted
            continue
        try:
            yield _MAKERS[wanted](settings, environ) if wanted in _MAKERS else entry_points.make(wanted, environ)
        except ExporterSetupError as error:
            warn(f"exporter {wanted}", "otel_crumbs goes on without the exporter %r: %s", wanted, error)
        except Exception as error:  # noqa: BLE001 - a broken certificate file must not stop the others
            report_failure(f"the exporter {wanted!r} was set up", error)


def _say_what_is_not_used(settings: Settings) -> None:
    names = [name for name in settings.exporter if isinstance(name, str) and name != "none"]
    given = {"sentry": settings.sentry_dsn, "http": settings.http_endpoint}
    for name, value in given.items():
        if value and names and name not in names:
            warn(
                f"unused {name}",
                "%s is set, but nothing is sent there. Remedy: OTEL_CRUMBS_EXPORTER=%s",
                _VARIABLES[name],
                ",".join([*names, name]),
            )


def _needed(name: str, value: str | None) -> str:
    if value is None:
        raise ExporterSetupError(f"it does not know where to send. Remedy: set {_VARIABLES[name]}")
    return value


# What is not used is not imported: requests, protobuf and grpc take their time.
def _otlp(settings: Settings, environ: Mapping[str, str]) -> Exporter:
    from .otlp.settings import GRPC, read  # noqa: PLC0415

    otlp = read(environ)
    as_json = settings.otlp_format == "json"
    if otlp.protocol == GRPC:
        from .otlp.grpc_exporter import OtlpGrpcExporter  # noqa: PLC0415

        return OtlpGrpcExporter(otlp, as_json=as_json)
    from .otlp.http_exporter import OtlpHttpExporter  # noqa: PLC0415

    return OtlpHttpExporter(otlp, as_json=as_json)


def _http(settings: Settings, _: Mapping[str, str]) -> Exporter:
    endpoint = _needed("http", settings.http_endpoint)
    from .http.exporter import HttpExporter  # noqa: PLC0415

    return HttpExporter(endpoint, headers=settings.http_headers or {}, compression=settings.http_compression)


def _sentry(settings: Settings, _: Mapping[str, str]) -> Exporter:
    dsn = _needed("sentry", settings.sentry_dsn)
    from .sentry.dsn import read_dsn  # noqa: PLC0415
    from .sentry.exporter import SentryExporter  # noqa: PLC0415

    return SentryExporter(read_dsn(dsn), scrub=Scrubber(settings.scrub_keys).text)


def _app_logs(settings: Settings, _: Mapping[str, str]) -> Exporter:
    from .app_logs import AppLogsExporter  # noqa: PLC0415

    return AppLogsExporter(as_json=settings.otlp_format == "json")


def _console(_: Settings, __: Mapping[str, str]) -> Exporter:
    return ConsoleExporter()


_MAKERS: Mapping[str, Maker] = {
    "otlp": _otlp,
    "http": _http,
    "sentry": _sentry,
    "app_logs": _app_logs,
    "console": _console,
}
NAMES = (*_MAKERS, "none")
