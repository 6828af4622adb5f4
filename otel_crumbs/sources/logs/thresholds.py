"""The thresholds of loggers: the level from which up their lines become breadcrumbs."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from fnmatch import fnmatchcase

# Above every level there is: nothing of this logger.
_NEVER = 10_000

# Applications may name loggers after connections, of which there is no end.
MAX_KNOWN = 2000

# Lines of this package, lines that repeat another breadcrumb, a pool's line for each connection, an ORM's for each of
# its classes when it starts, and warnings of OpenTelemetry's of its own affairs.
_QUIET = {
    "otel_crumbs": _NEVER,
    "otel_crumbs.*": _NEVER,
    "urllib3.connectionpool": logging.WARNING,
    "django.db.backends": logging.WARNING,
    "psycopg.pool": logging.WARNING,
    "sqlalchemy.orm": logging.WARNING,
    "sqlalchemy.orm.*": logging.WARNING,
    "alembic.runtime.plugins": logging.WARNING,
    "alembic.runtime.plugins.*": logging.WARNING,
    "opentelemetry": logging.ERROR,
    "opentelemetry.*": logging.ERROR,
}


class LoggerThresholds:
    """
    The level from which up each logger leaves breadcrumbs, found once for each name.

    Thresholds of the settings last as long as an installation; those that the
    application asked for with `ignore_logger` outlive it.
    """

    def __init__(self) -> None:
        self._asked: dict[str, int] = {}
        self.configure()

    def configure(self, level: int = logging.INFO, ignored: Iterable[str] = ()) -> None:
        """Set the level for loggers that nothing else is said of, and which ones are ignored by the settings."""
        self._level = level
        self._set_up = dict.fromkeys(ignored, _NEVER)
        # The thresholds found so far; hot paths read them without a call.
        self.known: dict[str, int] = {}

    def ignore(self, name: str, allow_level: int | None = None) -> None:
        """Ignore a logger, or all that match a pattern such as ``oauthlib.*``, below *allow_level*."""
        self._asked[name] = _NEVER if allow_level is None else allow_level
        self.known = {}

    def reset(self) -> None:
        """Be as a new one."""
        self._asked.clear()
        self.configure()

    def of(self, name: str) -> int:
        """Return the level from which up a logger leaves breadcrumbs."""
        known = self.known
        least = known.get(name)
        if least is None:
            if len(known) >= MAX_KNOWN:
                known.clear()
            least = known[name] = self._find(str(name))
        return least

    def _find(self, name: str) -> int:
        said = {**self._set_up, **self._asked}
        if name in said:
            return max(said[name], self._level)
        known = [level for pattern, level in {**_QUIET, **said}.items() if fnmatchcase(name, pattern)]
        return max([self._level, *known])


thresholds = LoggerThresholds()


def ignore_logger(name_or_logger: str | logging.Logger, allow_level: int | str | None = None) -> None:
    """
    Leave no breadcrumbs of a noisy or sensitive logger.

    Args:
        name_or_logger: The logger, its name, or a pattern: ``oauthlib.*``.
        allow_level: From this level up its lines are recorded all the same.

    Raises:
        ValueError: If *allow_level* names no level of `logging`.

    """
    name = name_or_logger.name if isinstance(name_or_logger, logging.Logger) else str(name_or_logger)
    thresholds.ignore(name, None if allow_level is None else find_level_number(allow_level))


def find_level_number(level: int | str) -> int:
    """
    Return the number of a level of `logging`.

    Raises:
        ValueError: If there is no such level.

    """
    if isinstance(level, int):
        return level
    if level.strip().isdigit():
        return int(level)
    number = logging.getLevelName(level.strip().upper())
    if not isinstance(number, int):
        message = f"the log level must be a number or a name such as 'info' or 'warning', not {level!r}"
        raise ValueError(message)  # noqa: TRY004 - the value is wrong, its type is not
    return number
