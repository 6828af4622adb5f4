"""The effective settings, each with its origin, and the standard variables beside them; secrets are masked."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from typing import Any

from otel_crumbs.base.addresses import show_address
from otel_crumbs.event.scrub import Scrubber
from otel_crumbs.event.scrubbing.marks import mark_of
from otel_crumbs.export.http.endpoint import HEADER_NAME
from otel_crumbs.setup.config import SETTINGS, Config, Setting

from .section import Row, Section, State

# Variables that are shown always, each with what happens where it is not set.
ALWAYS_SHOWN = {
    "OTEL_SERVICE_NAME": "events come from unknown_service",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "a collector on this machine",
    "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
}

# Variables that are shown where they are set: they change what is recorded or sent.
SHOWN_IF_SET = (
    "OTEL_SDK_DISABLED",
    "OTEL_CONFIG_FILE",
    "OTEL_EXPERIMENTAL_CONFIG_FILE",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_TRACES_SAMPLER_ARG",
    "OTEL_TRACES_EXPORTER",
    "OTEL_LOGS_EXPORTER",
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS",
    "OTEL_SEMCONV_STABILITY_OPT_IN",
    "DJANGO_SETTINGS_MODULE",
    "NO_PROXY",
    "HTTP_PROXY",
    "HTTPS_PROXY",
)

NOTHING: tuple[object, ...] = (None, "", (), {})

_SCRUBBER = Scrubber()
_ADDRESS = re.compile("ENDPOINT|PROXY|DSN", re.IGNORECASE)
_USER = re.compile(r"//[^/\s@]+@")


def mask(name: str, value: str) -> str:
    """Return the value of a variable without passwords, tokens, and the values of headers."""
    if "HEADERS" in name.upper():
        return ",".join(_mask_header(pair) for pair in value.split(","))
    if _ADDRESS.search(name) and name != "NO_PROXY":
        return show_address(value, mark_of("password"))
    return _SCRUBBER.scrub_text(_USER.sub(f"//{mark_of('password')}@", value))


def _mask_header(pair: str) -> str:
    key, separator, _ = pair.partition("=")
    # A pair without a name may be a secret as a whole.
    named = separator and HEADER_NAME.fullmatch(key.strip())
    return f"{key.strip()}={mark_of('secret')}" if named else mark_of("secret")


def describe_settings(config: Config, environ: Mapping[str, str]) -> Section:
    """Return the section about the settings of this package."""
    return Section(
        title="Settings", key="settings", rows=tuple(_describe_setting(each, config, environ) for each in SETTINGS)
    )


def describe_standard_variables(environ: Mapping[str, str]) -> Section:
    """Return the variables of OpenTelemetry that matter here."""
    return Section(title="Standard variables", key="variables", rows=tuple(_iterate_variables(environ)))


def _describe_setting(setting: Setting, config: Config, environ: Mapping[str, str]) -> Row:
    value = getattr(config, setting.name)
    value = mask(setting.name, format_value(setting.name, value)) if value not in NOTHING else "none"
    origin = config.origins.get(setting.name, "default")
    text = environ.get(setting.variable, "").strip()
    if origin == "default" and text:
        # A secret that cannot be parsed cannot be masked either.
        found = "what it is" if setting.secret else repr(mask(setting.name, text))
        remark = f"default: {setting.variable} expects {setting.expects}, not {found}"
        return Row(name=setting.name, value=value, remark=remark, state=State.NOTE)
    if origin == setting.variable:
        origin = f"environment: {origin}"
    state = State.PLAIN if origin == "default" else State.NOTE
    return Row(name=setting.name, value=value, remark=origin, state=state)


def format_value(name: str, value: Any) -> str:
    """Return the value of a setting in words."""
    if name == "log_level":
        return logging.getLevelName(value).lower() if isinstance(value, int) else str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return ",".join(f"{key}={item}" for key, item in value.items())
    if isinstance(value, tuple):
        return ", ".join(str(getattr(item, "name", item)) for item in value)
    if callable(value):
        return f"{value.__module__}:{getattr(value, '__qualname__', value)}"
    return str(value)


def _iterate_variables(environ: Mapping[str, str]) -> Iterator[Row]:
    for name, fallback in ALWAYS_SHOWN.items():
        value = environ.get(name, "").strip()
        yield Row(name=name, value=mask(name, value) or "not set", remark="" if value else fallback)
    for name, value in sorted(environ.items()):
        if value and name not in ALWAYS_SHOWN and (name in SHOWN_IF_SET or name.startswith("OTEL_EXPORTER_OTLP_")):
            yield Row(name=name, value=mask(name, value))
