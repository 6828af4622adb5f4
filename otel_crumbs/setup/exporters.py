"""The exporters that OTEL_CRUMBS_EXPORTER names, each made from the settings that it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.export import entry_points
from otel_crumbs.export.console import ConsoleExporter
from otel_crumbs.export.entry_points import ExporterSetupError
from otel_crumbs.export.exporter import Exporter

# The variables that say where an exporter sends to; they have no effect without that exporter.
_VARIABLES = {"sentry": "OTEL_CRUMBS_SENTRY_DSN", "http": "OTEL_CRUMBS_HTTP_ENDPOINT"}

if TYPE_CHECKING:
    from .config import Config

Maker = Callable[["Config", Mapping[str, str]], Exporter]


def make_exporters(config: Config, environ: Mapping[str, str]) -> tuple[Exporter, ...]:
    """
    Return the exporters of the setting `exporter`, those named there and those given in code.

    One that cannot be made is left out, with a warning.
    """
    _warn_of_unused_addresses(config)
    return tuple(_make_each(config, environ))


def is_known(name: str) -> bool:
    """Return whether a name may stand in OTEL_CRUMBS_EXPORTER."""
    return name in EXPORTERS or name in entry_points.list_exporters()


def _make_each(config: Config, environ: Mapping[str, str]) -> Iterator[Exporter]:
    for wanted in dict.fromkeys(config.exporter):
        if wanted == "none":
            continue
        if not isinstance(wanted, str):
            yield wanted
            continue
        try:
            yield _MAKERS[wanted](config, environ) if wanted in _MAKERS else entry_points.make_exporter(wanted, environ)
        except ExporterSetupError as error:
            warn(f"exporter {wanted}", "otel_crumbs goes on without the exporter %r: %s", wanted, error)
        except BaseException as error:
            # A broken certificate file must not stop the others, nor may another package's exporter.
            if is_thrown_in(error):
                raise
            report_failure(f"the exporter {wanted!r} was set up", error)


def _warn_of_unused_addresses(config: Config) -> None:
    names = [name for name in config.exporter if isinstance(name, str) and name != "none"]
    given = {"sentry": config.sentry_dsn, "http": config.http_endpoint}
    for name, value in given.items():
        if value and names and name not in names:
            warn(
                f"unused {name}",
                "%s is set, but nothing is sent there. Remedy: OTEL_CRUMBS_EXPORTER=%s",
                _VARIABLES[name],
                ",".join([*names, name]),
            )


def _require(name: str, value: str | None) -> str:
    if value is None:
        raise ExporterSetupError(f"it does not know where to send. Remedy: set {_VARIABLES[name]}")
    return value


# Each function imports its exporter alone: requests, protobuf and grpc take long to import.
def _make_otlp(config: Config, environ: Mapping[str, str]) -> Exporter:
    from otel_crumbs.export.otlp.environment import GRPC, read_otlp_settings  # noqa: PLC0415 - only where it is used

    otlp = read_otlp_settings(environ)
    as_json = config.otlp_format == "json"
    if otlp.protocol == GRPC:
        from otel_crumbs.export.otlp.grpc_exporter import OtlpGrpcExporter  # noqa: PLC0415 - only where it is used

        return OtlpGrpcExporter(otlp, as_json=as_json)
    from otel_crumbs.export.otlp.http_exporter import OtlpHttpExporter  # noqa: PLC0415 - only where it is used

    return OtlpHttpExporter(otlp, as_json=as_json)


def _make_http(config: Config, _: Mapping[str, str]) -> Exporter:
    endpoint = _require("http", config.http_endpoint)
    from otel_crumbs.export.http.exporter import HttpExporter  # noqa: PLC0415 - only where it is used

    return HttpExporter(endpoint, headers=config.http_headers or {}, compression=config.http_compression)


def _make_sentry(config: Config, _: Mapping[str, str]) -> Exporter:
    dsn = _require("sentry", config.sentry_dsn)
    from otel_crumbs.export.sentry.dsn import read_dsn  # noqa: PLC0415 - only where it is used
    from otel_crumbs.export.sentry.exporter import SentryExporter  # noqa: PLC0415 - only where it is used

    return SentryExporter(read_dsn(dsn), scrub=Scrubber(config.scrub_keys).scrub_text)


def _make_app_logs(config: Config, _: Mapping[str, str]) -> Exporter:
    from otel_crumbs.export.app_logs import AppLogsExporter  # noqa: PLC0415 - only where it is used

    return AppLogsExporter(as_json=config.otlp_format == "json")


def _make_console(_: Config, __: Mapping[str, str]) -> Exporter:
    return ConsoleExporter()


_MAKERS: Mapping[str, Maker] = {
    "otlp": _make_otlp,
    "http": _make_http,
    "sentry": _make_sentry,
    "app_logs": _make_app_logs,
    "console": _make_console,
}
EXPORTERS = (*_MAKERS, "none")
