"""The exporters by their names in OTEL_CRUMBS_EXPORTER."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from otel_crumbs.guard import tell

from .console import ConsoleExporter
from .exporter import Exporter


def make_exporters(
    wanted: Iterable[str | Exporter], environ: Mapping[str, str], *, as_json: bool
) -> tuple[Exporter, ...]:
    """Return an exporter for each name, and those given as they are; one that cannot be made is left out and said."""
    return tuple(_make(wanted, environ, as_json=as_json))


def _make(wanted: Iterable[str | Exporter], environ: Mapping[str, str], *, as_json: bool) -> Iterator[Exporter]:
    for name in dict.fromkeys(wanted):
        try:
            if not isinstance(name, str):
                yield name
            elif name == "console":
                yield ConsoleExporter()
            elif name == "otlp":
                yield _otlp(environ, as_json=as_json)
        except Exception as error:  # noqa: BLE001 - a broken certificate file must not stop the others
            tell(f"the exporter {name!r} was set up", error)


def _otlp(environ: Mapping[str, str], *, as_json: bool) -> Exporter:
    # What is not used is not imported: requests and grpc take their time.
    from .otlp_settings import GRPC, read  # noqa: PLC0415

    settings = read(environ)
    if settings.protocol == GRPC:
        from .otlp_grpc import OtlpGrpcExporter  # noqa: PLC0415

        return OtlpGrpcExporter(settings, as_json=as_json)
    from .otlp_http import OtlpHttpExporter  # noqa: PLC0415

    return OtlpHttpExporter(settings, as_json=as_json)
