"""``shortcode ready``: asks the gateway's health until it answers or time is up."""

import http.client
import json
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from gateway.config import ConfigError
from gateway.durations import InvalidDuration, parse_duration
from gateway.settings import load_config

_EVERY_S = 0.05
_ANSWER_S = 2.0
_LONGEST_S = 3600.0
_ANY_HOST = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (looked up, not listened on)


def wait_until_ready(
    wait: str,
    *,
    url: str | None,
    ports_file: Path | None,
    config: Path | None,
    say: Callable[[str], object],
    now: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> int:
    """0 once ``GET /health`` answers 200, 1 when it did not within ``wait``.

    Where to ask: ``url``, else the port in ``ports_file`` (waited for), else the configuration.
    Raises ConfigError for a wrong duration, URL or configuration.
    """
    ends = now() + _duration(wait)
    while True:
        address, problem = _address(url, ports_file, config)
        problem = problem or _ask(*address)
        if not problem:
            say(f"ready: {address[0]}:{address[1]}")
            return 0
        if now() >= ends:
            say(f"not ready: {problem}")
            return 1
        pause(_EVERY_S)


def _duration(text: str) -> float:
    try:
        return parse_duration(text, longest_s=_LONGEST_S)
    except InvalidDuration as error:
        raise ConfigError((f"--wait: {error}",)) from None


def _address(url: str | None, ports_file: Path | None, config: Path | None) -> tuple[tuple[str, int], str]:
    if url is not None:
        return _of_url(url), ""
    settings = load_config({}, file=config)
    host = _ANY_HOST.get(settings.http_host, settings.http_host)
    where = ports_file or settings.ports_file
    if where is None:
        return (host, settings.http_port), ""
    try:
        return (host, int(json.loads(where.read_bytes())["http"])), ""
    except (OSError, ValueError, KeyError, TypeError):
        return (host, 0), f"{where} has no port yet"


def _of_url(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        if parts.scheme == "http" and parts.hostname:
            return parts.hostname, parts.port or 80
    except ValueError:
        pass
    raise ConfigError((f"--url: {url!r} is no address; write it like http://127.0.0.1:8080",))


def _ask(host: str, port: int) -> str:
    """Empty when the gateway is well, else what is wrong."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_S)
    try:
        connection.request("GET", "/health")
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException) as error:
        return f"{host}:{port}: {getattr(error, 'strerror', None) or type(error).__name__}"
    finally:
        connection.close()
    return "" if status == 200 else f"{host}:{port} answers {status}"
