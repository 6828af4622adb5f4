"""
The exporters that OTEL_CRUMBS_EXPORTER names, each made from the settings that it needs.

Their settings are read at the start, so that mistakes are said then. They
themselves are made when the first error needs them: requests, protobuf and
grpc take long to import, and most processes never fail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.guard import report_failure, warn
from otel_crumbs.export import entry_points
from otel_crumbs.export.entry_points import ExporterSetupError

if TYPE_CHECKING:
    from otel_crumbs.export import Exporter

    from .config import Config

# The variables that say where an exporter sends to; they have no effect without that exporter.
_VARIABLES = {"sentry": "OTEL_CRUMBS_SENTRY_DSN", "http": "OTEL_CRUMBS_HTTP_ENDPOINT"}

T = TypeVar("T")

# Makes an exporter whose settings were read.
Make = Callable[[], "Exporter"]
Plan = tuple[str, Make]
Planner = Callable[["Config", Mapping[str, str]], Make]


def plan_exporters(config: Config, environ: Mapping[str, str]) -> tuple[Plan, ...]:
    """
    Return the exporters of the setting `exporter`, those named there and those given in code, as they will be made.

    One that lacks a setting is left out, with a warning.
    """
    _warn_of_unused_addresses(config)
    return tuple(_plan_each(config, environ))


def make_exporters(plans: Iterable[Plan]) -> tuple[Exporter, ...]:
    """Return the exporters themselves; one that cannot be made is left out, with a warning."""
    made = (_make_or_warn(name, make) for name, make in plans)
    return tuple(exporter for exporter in made if exporter is not None)


def is_known(name: str) -> bool:
    """Return whether a name may stand in OTEL_CRUMBS_EXPORTER."""
    return name in EXPORTERS or name in entry_points.list_exporters()


def _plan_each(config: Config, environ: Mapping[str, str]) -> Iterator[Plan]:
    # By identity, since an exporter may be an object that cannot be hashed; equal names are told apart by nothing.
    for wanted in {id(each) if not isinstance(each, str) else each: each for each in config.exporter}.values():
        if wanted == "none":
            continue
        if not isinstance(wanted, str):
            yield wanted.name, partial(_get_given, wanted)
            continue
        plan = _make_or_warn(wanted, partial(_PLANNERS.get(wanted, _find_other(wanted)), config, environ))
        if plan is not None:
            yield wanted, plan


def _make_or_warn(name: str, make: Callable[[], T]) -> T | None:
    try:
        return make()
    except ExporterSetupError as error:
        warn(f"exporter {name}", "otel_crumbs goes on without the exporter %r: %s", name, error)
    except BaseException as error:
        # A broken certificate file must not stop the others.
        if is_thrown_in(error):
            raise
        report_failure(f"the exporter {name!r} was set up", error)
    return None


def _get_given(exporter: Exporter) -> Exporter:
    return exporter


def _find_other(name: str) -> Planner:
    """Return the planner of another package's exporter, which is made at once: only its maker knows its settings."""
    return lambda _, environ: partial(_get_given, entry_points.make_exporter(name, environ))


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


# Each exporter is imported alone.
def _plan_otlp(config: Config, environ: Mapping[str, str]) -> Make:
    from otel_crumbs.export.otlp.environment import GRPC, read_otlp_settings  # noqa: PLC0415 - only where it is used

    otlp = read_otlp_settings(environ)
    as_json = config.otlp_format == "json"

    def make() -> Exporter:
        if otlp.protocol == GRPC:
            from otel_crumbs.export.otlp.grpc_exporter import OtlpGrpcExporter  # noqa: PLC0415 - only where it is used

            return OtlpGrpcExporter(otlp, as_json=as_json, max_bytes=config.max_event_bytes)
        from otel_crumbs.export.otlp.http_exporter import OtlpHttpExporter  # noqa: PLC0415 - only where it is used

        return OtlpHttpExporter(otlp, as_json=as_json, max_bytes=config.max_event_bytes)

    return make


def _plan_http(config: Config, _: Mapping[str, str]) -> Make:
    endpoint = _require("http", config.http_endpoint)

    def make() -> Exporter:
        from otel_crumbs.export.http import exporter  # noqa: PLC0415 - only where it is used

        kind = exporter.JsonLinesExporter if config.http_format == "jsonl" else exporter.HttpExporter
        return kind(
            endpoint,
            headers=config.http_headers or {},
            compression=config.http_compression,
            max_bytes=config.max_event_bytes,
        )

    return make


def _plan_sentry(config: Config, _: Mapping[str, str]) -> Make:
    dsn = _require("sentry", config.sentry_dsn)

    def make() -> Exporter:
        from otel_crumbs.export.sentry.dsn import read_dsn  # noqa: PLC0415 - only where it is used
        from otel_crumbs.export.sentry.exporter import SentryExporter  # noqa: PLC0415 - only where it is used

        return SentryExporter(read_dsn(dsn), max_bytes=config.max_event_bytes)

    return make


def _plan_app_logs(config: Config, _: Mapping[str, str]) -> Make:
    def make() -> Exporter:
        from otel_crumbs.export.app_logs import AppLogsExporter  # noqa: PLC0415 - only where it is used

        return AppLogsExporter(as_json=config.otlp_format == "json", max_bytes=config.max_event_bytes)

    return make


def _plan_console(config: Config, __: Mapping[str, str]) -> Make:
    def make() -> Exporter:
        from otel_crumbs.export.console import ConsoleExporter  # noqa: PLC0415 - only where it is used

        return ConsoleExporter(max_bytes=config.max_event_bytes)

    return make


_PLANNERS: Mapping[str, Planner] = {
    "otlp": _plan_otlp,
    "http": _plan_http,
    "sentry": _plan_sentry,
    "app_logs": _plan_app_logs,
    "console": _plan_console,
}
EXPORTERS = (*_PLANNERS, "none")
