"""Structured logs: text on a terminal, one JSON object a line elsewhere. Secrets mask themselves.

Everything that logs comes out in one form: structlog, the standard library (uvicorn, alembic) and Twisted.
Lines go to standard error; standard output belongs to the banner and to tables.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any, Protocol

import structlog
from pydantic import SecretStr
from structlog.types import EventDict, Processor, WrappedLogger

from gateway.config import LogFormat
from handlers.base.command import Secret


class Stream(Protocol):
    """What lines go to."""

    def write(self, text: str, /) -> int:
        """Take a text."""

    def flush(self) -> None:
        """See that it gets there."""

    def isatty(self) -> bool:
        """True for a terminal."""


MASK = "***"
#: Values under these keys are never written, whatever their type.
SECRET_KEYS = frozenset(
    {"password", "code", "pan", "otp", "token", "api_token", "authorization", "secret", "database_url"}
)
#: Libraries whose INFO is a line per connection, request or statement.
_QUIET = ("uvicorn.access", "uvicorn.error", "alembic", "httpx", "asyncio", "sqlalchemy")


def configure_logs(log_format: LogFormat, level: str = "info", stream: Stream | None = None) -> None:
    """Set up structlog and the standard library, once at the start of a process."""
    target = stream or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared = _shared_processors()
    renderers = _renderers(_is_text(log_format, target), target)
    structlog.configure(
        processors=[*shared, *renderers],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: _Lines(target),
        cache_logger_on_first_use=True,
    )
    _configure_standard(shared, renderers, number, target)


class _Lines:
    """Writes lines; what is a warning or worse is there when the call is over."""

    def __init__(self, target: Stream) -> None:
        self._target = target

    def info(self, line: str) -> None:
        self._target.write(line + "\n")

    def warning(self, line: str) -> None:
        self.info(line)
        getattr(self._target, "drain", self._target.flush)()

    debug = msg = info
    warn = error = critical = exception = fatal = warning


def bridge_twisted() -> None:
    """Let Twisted's warnings and errors (unhandled ones in Deferreds too) come out like all others."""
    # Imported here: commands that only talk to the store have no need of Twisted.
    from twisted.logger import globalLogBeginner  # noqa: PLC0415

    globalLogBeginner.beginLoggingTo(
        [_observe_twisted],  # type: ignore[list-item]  # a zope interface: any callable that takes an event
        redirectStandardIO=False,
    )


def _observe_twisted(event: dict[str, Any]) -> None:
    from twisted.logger import LogLevel, formatEvent  # noqa: PLC0415 (as above)

    level = event.get("log_level", LogLevel.info)
    if level < LogLevel.warn:
        return
    failure = event.get("log_failure")
    # Not as exc_info: a failure that was never raised has no traceback, and would be dropped.
    trace = {} if failure is None else {"exception": failure.getTraceback()}
    log = structlog.get_logger("twisted")
    (log.warning if level is LogLevel.warn else log.error)("twisted", said=formatEvent(event), **trace)


def mask_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Processor: mask secret types at any depth, and every value under a secret's name."""
    for key, value in event.items():
        if key in SECRET_KEYS:
            event[key] = MASK
        elif not isinstance(value, int | float) and type(value) is not str:
            event[key] = _masked(value)
    return event


def _masked(value: object) -> object:
    # A Secret is a str, so the JSON encoder would write its content: it has to go before.
    if isinstance(value, Secret | SecretStr):
        return MASK
    if isinstance(value, Mapping):
        return {key: MASK if key in SECRET_KEYS else _masked(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(each) for each in value]
    return value


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask_secrets,
    ]


def _is_text(log_format: LogFormat, stream: Stream) -> bool:
    return log_format is LogFormat.TEXT or (log_format is LogFormat.AUTO and stream.isatty())


def _renderers(text: bool, stream: Stream) -> list[Processor]:
    # Tracebacks without local variables: they could hold what is masked everywhere else.
    if text:
        return [
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=repr)]


def _configure_standard(
    shared: list[Processor], renderers: list[Processor], level: int, stream: Stream
) -> None:
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderers],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
