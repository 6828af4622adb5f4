"""
All settings in one table: the fields of `Config`, each with its default, its meaning and its parser.

`SETTINGS` has the same rows as data, for the documentation, `otel-crumbs
doctor`, Django's checks and declarative configuration files.

A bad value in the environment warns and means the default; a bad argument
raises `ConfigError`. An empty variable means unset, and a boolean is true
only for ``true``, as the `OpenTelemetry specification
<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>`_
has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from otel_crumbs.base.async_exceptions import is_thrown_in
from otel_crumbs.base.defaults import (
    DEFAULT_MAX_EVENT_BYTES,
    DEFAULT_MAX_SPOOL_BYTES,
    DEFAULT_RATE_LIMIT,
)
from otel_crumbs.base.guard import warn
from otel_crumbs.base.mechanisms import ANSWER, HANG, LOG_TEXT
from otel_crumbs.export.entry_points import GROUP
from otel_crumbs.shutdown import DEFAULT_FLUSH_TIMEOUT
from otel_crumbs.trails.ring import DEFAULT_SIZE

from . import parsers
from .exporters import EXPORTERS
from .parsers import DEFAULT_SPOOL, NO_RECORDER

if TYPE_CHECKING:
    from otel_crumbs.event.build import BeforeBreadcrumb, BeforeSend
    from otel_crumbs.export import Exporter

PREFIX = "OTEL_CRUMBS_"

MECHANISMS = (
    *("excepthook", "threading", "asyncio", "multiprocessing", "unraisable", "operation", "django", "logging"),
    *(ANSWER, LOG_TEXT, HANG),
)
OTLP_FORMATS = ("nested", "json")


class ConfigError(ValueError):
    """A setting given in code that cannot be used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """
    One row of the table of settings.

    Args:
        name: The argument of `install`; in capitals behind ``OTEL_CRUMBS_``
            it is the environment variable.
        default: The value where nobody sets one.
        expects: The values that can be used, in words.
        meaning: A sentence about what the setting does.
        parse: Makes the value from a text or an argument; raises an exception
            if it cannot be used.
        declared: The type of the value in a declarative configuration file.
        secret: Whether messages must not repeat a value.

    """

    name: str
    default: Any
    expects: str
    meaning: str
    parse: Callable[[Any], Any]
    declared: Any = str
    secret: bool = False

    @property
    def variable(self) -> str:
        """The environment variable."""
        return PREFIX + self.name.upper()

    @property
    def default_text(self) -> str:
        """The default as it would be written into the variable."""
        if isinstance(self.default, bool):
            return str(self.default).lower()
        if isinstance(self.default, tuple):
            return ",".join(self.default)
        return "" if self.default is None else str(self.default)


def define(*, default: Any, secret: bool = False, **columns: Any) -> Any:
    """Return a field of `Config` that is a row of the table; the columns are those of `Setting`."""
    return field(default=default, repr=not secret, metadata={"secret": secret, **columns})


_HOOK_FORMAT = "package.module:callable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """
    The effective settings.

    Each field but `origins` is a row of the table of settings; `origins` says
    where each value came from.
    """

    enabled: bool = define(
        default=True,
        expects="true or false",
        meaning="Whether anything is recorded, captured or sent at all.",
        parse=parsers.parse_boolean,
        declared=bool,
    )
    exporter: tuple[str | Exporter, ...] = define(
        default=("otlp",),
        expects=f"a comma list of {', '.join(EXPORTERS)}, or names of installed `{GROUP}` entry points",
        meaning="Where error events go. `otlp` reads the standard `OTEL_EXPORTER_OTLP_*` variables.",
        parse=parsers.parse_exporters,
        declared=str | list[str],
    )
    max_breadcrumbs: int = define(
        default=DEFAULT_SIZE,
        expects="a whole number from 1 to 10000",
        meaning="How many breadcrumbs a trail holds at most.",
        parse=parsers.parse_number(1, 10_000),
        declared=int,
    )
    max_event_bytes: int = define(
        default=DEFAULT_MAX_EVENT_BYTES,
        expects="a whole number of bytes from 4096 to 16777216",
        meaning="What an error event may weigh as it is sent; breadcrumbs make room, and large values are cut.",
        parse=parsers.parse_number(4096, 16 * 1024 * 1024),
        declared=int,
    )
    log_level: int = define(
        default=logging.INFO,
        expects="a level of logging: debug, info, warning, error, critical, or its number",
        meaning="From which level up log lines become breadcrumbs.",
        parse=parsers.parse_level,
        declared=str | int,
    )
    ignore_loggers: tuple[str, ...] = define(
        default=(),
        expects="a comma list of loggers or patterns such as oauthlib.*",
        meaning="Loggers that leave no breadcrumbs.",
        parse=parsers.parse_words,
        declared=str | list[str],
    )
    ignore_errors: tuple[type[BaseException] | str, ...] = define(
        default=(),
        expects="a comma list of full names of exception classes such as `shop.errors.NotInStock`, or the classes",
        meaning="Exceptions that are no failures, with their subclasses, beside those that are expected anyway.",
        parse=parsers.parse_errors,
        declared=str | list[str],
    )
    record_unsampled: bool = define(
        default=True,
        expects="true or false",
        meaning="Whether traces that are sampled out leave a trail too; nobody else is shown more of them.",
        parse=parsers.parse_boolean,
        declared=bool,
    )
    swallowed: bool = define(
        default=False,
        expects="true or false",
        meaning="Whether exceptions that the application's own code handles without a word are breadcrumbs; "
        "needs Python 3.12.",
        parse=parsers.parse_boolean,
        declared=bool,
    )
    capture: tuple[str, ...] = define(
        default=MECHANISMS,
        expects=f"a comma list of {', '.join(MECHANISMS)}",
        meaning="Which mechanisms report failures; `capture_exception()` always does.",
        parse=parsers.parse_choices(MECHANISMS),
        declared=str | list[str],
    )
    slow_after: float = define(
        default=0.0,
        expects="a number of seconds from 0 to 86400",
        meaning="After how long an operation that has not ended is an event, with the stacks of all threads; "
        "0 for never. `operation(slow_after=...)` says it for one.",
        parse=parsers.parse_long_time,
        declared=float,
    )
    otlp_format: str = define(
        default="nested",
        expects="nested or json",
        meaning="Whether `otel_crumbs.breadcrumbs` is an array of maps or one JSON string.",
        parse=parsers.parse_choice(OTLP_FORMATS),
    )
    client_address: bool = define(
        default=False,
        expects="true or false",
        meaning="Whether events tell the address of the client whose request failed.",
        parse=parsers.parse_boolean,
        declared=bool,
    )
    frame_locals: bool = define(
        default=False,
        expects="true or false",
        meaning="Whether events have the local variables of the application's frames: plain values, scrubbed, in "
        "bounds; of everything else the class's name.",
        parse=parsers.parse_boolean,
        declared=bool,
    )
    http_endpoint: str | None = define(
        default=None,
        expects="a URL such as https://errors.example/events",
        meaning="Where the exporter `http` posts JSON documents.",
        parse=parsers.parse_endpoint,
        secret=True,
    )
    http_headers: Mapping[str, str] | None = define(
        default=None,
        expects="a comma list of name=value with %-encoded values, or in code a mapping",
        meaning="Headers that the exporter `http` sends along.",
        parse=parsers.parse_headers,
        secret=True,
        declared=str | dict[str, str],
    )
    http_compression: str = define(
        default="gzip",
        expects="gzip or none",
        meaning="Whether the exporter `http` compresses what it posts.",
        parse=parsers.parse_choice(("gzip", "none")),
    )
    http_format: str = define(
        default="json",
        expects="json or jsonl",
        meaning="What the exporter `http` posts: a document in each request, or JSON lines, as many in one as wait.",
        parse=parsers.parse_choice(("json", "jsonl")),
    )
    sentry_dsn: str | None = define(
        default=None,
        expects="a DSN such as https://KEY@HOST/PROJECT",
        meaning="Which project of Sentry, GlitchTip, Bugsink or Spotlight the exporter `sentry` sends to.",
        parse=parsers.parse_dsn,
        secret=True,
    )
    spool_dir: str = define(
        default=DEFAULT_SPOOL,
        expects="a folder of the user who runs the application, auto for one in the user's state directory, or none",
        meaning="Where undelivered events wait for the next process of the same service.",
        parse=parsers.parse_folder,
    )
    spool_max_bytes: int = define(
        default=DEFAULT_MAX_SPOOL_BYTES,
        expects="a whole number of bytes from 65536 to 17179869184",
        meaning="What the undelivered events of one service and exporter may weigh on disk; the oldest make room.",
        parse=parsers.parse_number(64 * 1024, 16 * 1024**3),
        declared=int,
    )
    recorder: str = define(
        default=NO_RECORDER,
        expects="off, auto for a folder beside the spool, or a folder of the user who runs the application",
        meaning="Where each process keeps its last breadcrumbs in a file, of which an event is made if it dies.",
        parse=parsers.parse_recorder,
    )
    rate_limit: int = define(
        default=DEFAULT_RATE_LIMIT,
        expects="a whole number from 0 to 1000000",
        meaning="How many events a minute one and the same failure may send, 0 for any number; "
        "the next one says how many were held back.",
        parse=parsers.parse_number(0, 1_000_000),
        declared=int,
    )
    flush_timeout: float = define(
        default=DEFAULT_FLUSH_TIMEOUT,
        expects="a number of seconds from 0 to 60",
        meaning="How long a process that ends waits for its last events to be delivered.",
        parse=parsers.parse_seconds,
        declared=float,
    )
    scrub_keys: tuple[str, ...] = define(
        default=(),
        expects="a comma list of words",
        meaning="Values whose key has one of these words in it are scrubbed too, in data and inside texts; "
        "`-name` takes a word of the package's own away, `-all` takes all of them.",
        parse=parsers.parse_words,
        declared=str | list[str],
    )
    scrub_rules: tuple[str, ...] = define(
        default=(),
        expects="a comma list of names of rules, most with a - before them",
        meaning="Which rules of [the table](event.md#what-is-taken-out) are used: `-name` takes one away, `-all` all "
        "of them, and a name without the dash adds one, such as `email`.",
        parse=parsers.parse_words,
        declared=str | list[str],
    )
    scrub_patterns: tuple[str, ...] = define(
        default=(),
        expects="a comma list of regular expressions, or lines of them, or in code a list",
        meaning="What these find is scrubbed too; of one with a group `(?P<secret>...)` only that.",
        parse=parsers.parse_patterns,
        declared=str | list[str],
    )
    personal_data: str = define(
        default="keep",
        expects="keep or scrub",
        meaning="Whether e-mail addresses, IP addresses and names of users in paths stay.",
        parse=parsers.parse_choice(("keep", "scrub")),
    )
    sql_literals: str = define(
        default="scrub",
        expects="scrub or keep",
        meaning="Whether the texts and numbers in statements of SQL become `?`, and the values that PostgreSQL and "
        "MySQL quote in the exceptions of their drivers.",
        parse=parsers.parse_choice(("scrub", "keep")),
    )
    before_breadcrumb: BeforeBreadcrumb | None = define(
        default=None,
        expects=_HOOK_FORMAT,
        meaning="Called with each breadcrumb of an event; returns it, another one, or None to leave it out.",
        parse=parsers.parse_hook,
    )
    before_send: BeforeSend | None = define(
        default=None,
        expects=_HOOK_FORMAT,
        meaning="Called with each event; returns it, another one, or None to drop it.",
        parse=parsers.parse_hook,
    )
    origins: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, environ: Mapping[str, str], options: Mapping[str, Any] | None = None) -> Config:
        """
        Return the settings of an environment, overridden by options.

        Raises:
            ConfigError: If an option is unknown or its value cannot be used.

        """
        found: dict[str, Any] = {}
        origins: dict[str, str] = {}
        given = _check_names(options or {})
        for row in SETTINGS:
            found[row.name], origins[row.name] = _read_value(row, environ, given)
        return cls(**found, origins=origins)


SETTINGS: tuple[Setting, ...] = tuple(
    Setting(name=row.name, default=row.default, **row.metadata) for row in fields(Config) if row.metadata
)


def _check_names(options: Mapping[str, Any]) -> Mapping[str, Any]:
    known = [row.name for row in SETTINGS]
    for name in options:
        if name not in known:
            message = f"otel_crumbs has no setting {name!r}; the settings are {', '.join(known)}"
            raise ConfigError(message)
    return options


def _read_value(setting: Setting, environ: Mapping[str, str], options: Mapping[str, Any]) -> tuple[Any, str]:
    if setting.name in options:
        return _parse_option(setting, options[setting.name]), "argument"
    text = environ.get(setting.variable, "").strip()
    if not text:
        return setting.default, "default"
    try:
        return setting.parse(text), setting.variable
    except BaseException as error:
        # A hook's module is imported here, and may raise anything.
        if is_thrown_in(error):
            raise
        reason = f" ({error})" if str(error) and not isinstance(error, TypeError) else ""
        warn(
            setting.variable,
            "%s expects %s, %s%s; the default is used: %s",
            setting.variable,
            setting.expects,
            _describe_mistake(setting, text),
            reason,
            setting.default_text or "none",
        )
        return setting.default, "default"


def _parse_option(setting: Setting, value: Any) -> Any:
    if value is None:
        return setting.default
    try:
        return setting.parse(value)
    except BaseException as error:
        if is_thrown_in(error):
            raise
        reason = f" ({error})" if setting.secret else ""
        message = f"{setting.name} expects {setting.expects}, {_describe_mistake(setting, value)}{reason}"
        raise ConfigError(message) from error


def _describe_mistake(setting: Setting, value: Any) -> str:
    return "not what it is" if setting.secret else f"not {value!r}"
