"""
All settings in one table, each with its variable, default and meaning.

A bad value in the environment warns and means the default; a bad argument
raises `ConfigError`. An empty variable means unset, and a boolean is true
only for ``true``, as the `OpenTelemetry specification
<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>`_
has it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from .event.build import DEFAULT_MAX_EVENT_BYTES, BeforeBreadcrumb, BeforeSend
from .event.scrub import DEFAULT_KEYS
from .export.exporter import Exporter
from .export.http_settings import read_endpoint, read_headers
from .export.registry import NAMES, is_known
from .export.sentry_dsn import read_dsn
from .export.third_party import GROUP
from .guard import warn
from .sources.log_floor import level_number
from .trail.ring import DEFAULT_SIZE

PREFIX = "OTEL_CRUMBS_"

# A process that takes longer than this to end looks as if it hung.
_MAX_SECONDS = 60

EXPORTERS = NAMES
DOORS = ("excepthook", "threading", "asyncio", "unraisable", "operation", "django", "logging")
OTLP_FORMATS = ("nested", "json")
HTTP_COMPRESSIONS = ("gzip", "none")


class ConfigError(ValueError):
    """A setting given in code that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    One row of the table.

    Args:
        name: As an argument of `install`; in capitals behind ``OTEL_CRUMBS_``
            it is the environment variable.
        default: What it is if nobody says otherwise.
        expects: What a value is, in words.
        meaning: What it does, in a sentence.
        parse: Makes the value of a text or an argument; raises ValueError.
        secret: Whether a value must not be repeated in a message.

    """

    name: str
    default: Any
    expects: str
    meaning: str
    parse: Callable[[Any], Any]
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def shown_default(self) -> str:
        """The default as one would write it into the variable."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        return "" if self.default is None else str(self.default)


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    words = str(value).strip().lower()
    if words not in {"true", "false"}:
        raise ValueError
    return words == "true"


def _number(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        number = int(value)
        if isinstance(value, bool) or not least <= number <= most:
            raise ValueError
        return number

    return parse


def _seconds(value: Any) -> float:
    seconds = float(value)
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ValueError
    return seconds


def _words(value: Any) -> tuple[str, ...]:
    items = value.split(",") if isinstance(value, str) else tuple(value)
    return tuple(item.strip() for item in items if item.strip())


def _some_of(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    def parse(value: Any) -> tuple[str, ...]:
        words = tuple(word.lower() for word in _words(value))
        if not words or not set(words) <= set(known):
            raise ValueError
        return words

    return parse


def _exporters(value: Any) -> tuple[Any, ...]:
    """Return names of exporters, and in code exporters themselves."""
    items = _words(value) if isinstance(value, str) else value if isinstance(value, list | tuple) else (value,)
    items = tuple(item.strip().lower() if isinstance(item, str) else item for item in items)
    unknown = [item for item in items if not (is_known(item) if isinstance(item, str) else hasattr(item, "export"))]
    if unknown or not items:
        raise ValueError(f"there is no {', no '.join(map(repr, unknown))}" if unknown else "")
    return items


def _dsn(value: Any) -> str:
    text = str(value).strip()
    read_dsn(text)
    return text


def _one_of(known: tuple[str, ...]) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        word = str(value).strip().lower()
        if word not in known:
            raise ValueError
        return word

    return parse


def _level(value: Any) -> int:
    return level_number(value)


def _hook(value: Any) -> Any:
    """Return a callable, or the one that ``package.module:callable`` names."""
    if callable(value):
        return value
    module, _, name = str(value).partition(":")
    try:
        hook = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(str(error)) from error
    return hook if callable(hook) else _not_callable(value)


def _not_callable(value: object) -> Any:
    message = f"{value} is not callable"
    raise ValueError(message)


_A_HOOK = "package.module:callable"

SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="enabled",
        default=True,
        expects="true or false",
        meaning="Whether anything is recorded, captured or sent at all.",
        parse=_boolean,
    ),
    Setting(
        name="exporter",
        default=("otlp",),
        expects=f"a comma list of {', '.join(EXPORTERS)}, or names of installed `{GROUP}` entry points",
        meaning="Where error events go. `otlp` reads the standard `OTEL_EXPORTER_OTLP_*` variables.",
        parse=_exporters,
    ),
    Setting(
        name="max_breadcrumbs",
        default=DEFAULT_SIZE,
        expects="a whole number from 1 to 10000",
        meaning="How many breadcrumbs a trail holds at most.",
        parse=_number(1, 10_000),
    ),
    Setting(
        name="max_event_bytes",
        default=DEFAULT_MAX_EVENT_BYTES,
        expects="a whole number of bytes from 4096 to 16777216",
        meaning="What an error event may weigh; the least important breadcrumbs make room.",
        parse=_number(4096, 16 * 1024 * 1024),
    ),
    Setting(
        name="log_level",
        default=20,
        expects="a level of logging: debug, info, warning, error, critical, or its number",
        meaning="From which level up log lines become breadcrumbs.",
        parse=_level,
    ),
    Setting(
        name="ignore_loggers",
        default=(),
        expects="a comma list of loggers or patterns such as oauthlib.*",
        meaning="Loggers that leave no breadcrumbs.",
        parse=_words,
    ),
    Setting(
        name="record_unsampled",
        default=True,
        expects="true or false",
        meaning="Whether traces that are sampled out leave a trail too; nothing more is exported.",
        parse=_boolean,
    ),
    Setting(
        name="capture",
        default=DOORS,
        expects=f"a comma list of {', '.join(DOORS)}",
        meaning="Which doors report exceptions; `capture_exception()` always does.",
        parse=_some_of(DOORS),
    ),
    Setting(
        name="otlp_format",
        default="nested",
        expects="nested or json",
        meaning="Whether `otel_crumbs.breadcrumbs` is an array of maps or one JSON string.",
        parse=_one_of(OTLP_FORMATS),
    ),
    Setting(
        name="http_endpoint",
        default=None,
        expects="a URL such as https://errors.example/events",
        meaning="Where the exporter `http` posts JSON documents.",
        parse=read_endpoint,
        secret=True,
    ),
    Setting(
        name="http_headers",
        default=None,
        expects="a comma list of name=value with %-encoded values, or in code a mapping",
        meaning="Headers that the exporter `http` sends along.",
        parse=read_headers,
        secret=True,
    ),
    Setting(
        name="http_compression",
        default="gzip",
        expects="gzip or none",
        meaning="Whether the exporter `http` compresses what it posts.",
        parse=_one_of(HTTP_COMPRESSIONS),
    ),
    Setting(
        name="sentry_dsn",
        default=None,
        expects="a DSN such as https://KEY@HOST/PROJECT",
        meaning="Which project of Sentry, GlitchTip, Bugsink or Spotlight the exporter `sentry` sends to.",
        parse=_dsn,
        secret=True,
    ),
    Setting(
        name="flush_timeout",
        default=2.0,
        expects="a number of seconds from 0 to 60",
        meaning="How long a process that ends waits for its last events to be delivered.",
        parse=_seconds,
    ),
    Setting(
        name="scrub_keys",
        default=DEFAULT_KEYS,
        expects="a comma list of words",
        meaning="Values whose key contains one of these words are scrubbed, in data and inside texts.",
        parse=_words,
    ),
    Setting(
        name="before_breadcrumb",
        default=None,
        expects=_A_HOOK,
        meaning="Called with each breadcrumb of an event; returns it, another one, or None to leave it out.",
        parse=_hook,
    ),
    Setting(
        name="before_send",
        default=None,
        expects=_A_HOOK,
        meaning="Called with each event; returns it, another one, or None to drop it.",
        parse=_hook,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The effective settings; `SETTINGS` says what each means, ``origins`` where each came from."""

    enabled: bool = True
    exporter: tuple[str | Exporter, ...] = ("otlp",)
    max_breadcrumbs: int = DEFAULT_SIZE
    max_event_bytes: int = DEFAULT_MAX_EVENT_BYTES
    log_level: int = 20
    ignore_loggers: tuple[str, ...] = ()
    record_unsampled: bool = True
    capture: tuple[str, ...] = DOORS
    otlp_format: str = "nested"
    http_endpoint: str | None = field(default=None, repr=False)
    http_headers: Mapping[str, str] | None = field(default=None, repr=False)
    http_compression: str = "gzip"
    sentry_dsn: str | None = field(default=None, repr=False)
    flush_timeout: float = 2.0
    scrub_keys: tuple[str, ...] = DEFAULT_KEYS
    before_breadcrumb: BeforeBreadcrumb | None = None
    before_send: BeforeSend | None = None
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: Mapping[str, str], options: Mapping[str, Any] | None = None) -> Config:
        """
        Return the settings of an environment, overridden by options.

        Raises:
            ConfigError: If an option is unknown or its value cannot be used.

        """
        values: dict[str, Any] = {}
        origins: dict[str, str] = {}
        given = _checked(options or {})
        for setting in SETTINGS:
            value, origin = _value_of(setting, environ, given)
            values[setting.name] = value
            origins[setting.name] = origin
        return cls(**values, origins=origins)


def _checked(options: Mapping[str, Any]) -> Mapping[str, Any]:
    known = [setting.name for setting in SETTINGS]
    for name in options:
        if name not in known:
            message = f"otel_crumbs has no setting {name!r}; the settings are {', '.join(known)}"
            raise ConfigError(message)
    return options


def _value_of(setting: Setting, environ: Mapping[str, str], options: Mapping[str, Any]) -> tuple[Any, str]:
    if setting.name in options:
        return _parse_option(setting, options[setting.name]), "argument"
    text = environ.get(setting.variable, "").strip()
    if not text:
        return setting.default, "default"
    try:
        return setting.parse(text), setting.variable
    except Exception as error:  # noqa: BLE001 - it may import a module of the user's, which raises what it likes
        reason = f" ({error})" if str(error) and not isinstance(error, TypeError) else ""
        warn(
            setting.variable,
            "%s expects %s, %s%s; the default is used: %s",
            setting.variable,
            setting.expects,
            _not_this(setting, text),
            reason,
            setting.shown_default or "none",
        )
        return setting.default, "default"


def _parse_option(setting: Setting, value: Any) -> Any:
    if value is None:
        return setting.default
    try:
        return setting.parse(value)
    except Exception as error:
        reason = f" ({error})" if setting.secret else ""
        message = f"{setting.name} expects {setting.expects}, {_not_this(setting, value)}{reason}"
        raise ConfigError(message) from error


def _not_this(setting: Setting, value: Any) -> str:
    return "not what it is" if setting.secret else f"not {value!r}"
