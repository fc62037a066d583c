"""One form for every log line, and no secret in any."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from pydantic import SecretStr
from twisted.logger import LogLevel
from twisted.python.failure import Failure

from gateway.config import LogFormat
from gateway.logs import _observe_twisted, configure_logs, mask_secrets
from handlers.base.command import Secret


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_without_a_terminal_a_line_is_one_json_object() -> None:
    stream = io.StringIO()
    configure_logs(LogFormat.AUTO, stream=stream)
    structlog.contextvars.bind_contextvars(session="s1")
    structlog.get_logger("x").info("message.accepted", parts=2)
    (line,) = lines(stream)
    assert (line["event"], line["level"], line["parts"], line["session"]) == (
        "message.accepted",
        "info",
        2,
        "s1",
    )
    assert line["timestamp"].endswith("Z")


def test_text_is_readable_and_without_colours_off_a_terminal() -> None:
    stream = io.StringIO()
    configure_logs(LogFormat.TEXT, stream=stream)
    structlog.get_logger("x").info("message.accepted", parts=2)
    assert "message.accepted" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    with pytest.raises(json.JSONDecodeError):
        json.loads(stream.getvalue())


def test_below_the_level_nothing_is_written() -> None:
    stream = io.StringIO()
    configure_logs(LogFormat.JSON, "warning", stream)
    structlog.get_logger("x").info("quiet")
    logging.getLogger("y").info("quiet")
    structlog.get_logger("x").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_the_standard_librarys_lines_have_the_same_form() -> None:
    stream = io.StringIO()
    configure_logs(LogFormat.JSON, stream=stream)
    logging.getLogger("library").warning("it %s", Secret("hunter2"))
    (line,) = lines(stream)
    assert (line["event"], line["logger"], line["level"]) == ("it ***", "library", "warning")


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.TEXT])
def test_secrets_mask_themselves_at_any_depth(log_format: LogFormat) -> None:
    stream = io.StringIO()
    configure_logs(log_format, stream=stream)
    structlog.get_logger("x").info(
        "event",
        password="hunter2",
        code="hunter2",
        given=Secret("hunter2"),
        nested={"a": [Secret("hunter2"), (SecretStr("hunter2"),)], "otp": "hunter2"},
    )
    assert "hunter2" not in stream.getvalue()
    assert "***" in stream.getvalue()


@pytest.mark.parametrize("log_format", [LogFormat.JSON, LogFormat.TEXT])
def test_a_traceback_shows_no_local_variables(log_format: LogFormat) -> None:
    stream = io.StringIO()
    configure_logs(log_format, stream=stream)

    def fails(pin: str) -> None:
        raise RuntimeError(f"failed with {len(pin)} digits")

    try:
        fails("hunter2")
    except RuntimeError:
        structlog.get_logger("x").exception("bug")
    assert "failed with 7 digits" in stream.getvalue()
    assert "pin: str" not in stream.getvalue()
    assert stream.getvalue().count("'hunter2'") == 0


def test_twisteds_unhandled_errors_are_told_and_its_chatter_is_not() -> None:
    """A failure in a Deferred may never have been raised: then it has no traceback, only its text."""
    stream = io.StringIO()
    configure_logs(LogFormat.JSON, stream=stream)
    _observe_twisted({"log_level": LogLevel.info, "log_format": "Starting factory"})
    failure = Failure(ValueError("lost"))  # type: ignore[no-untyped-call]  # Twisted has no types for it
    _observe_twisted({"log_level": LogLevel.critical, "log_format": "Unhandled", "log_failure": failure})
    (line,) = lines(stream)
    assert (line["event"], line["said"], line["level"]) == ("twisted", "Unhandled", "error")
    assert "ValueError: lost" in line["exception"]


def test_what_is_no_secret_stays_as_it_is() -> None:
    event = {"event": "x", "status_code": 5, "list": [1, "a"], "none": None}
    assert mask_secrets(None, "info", dict(event)) == event
