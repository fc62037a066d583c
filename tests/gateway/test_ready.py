"""``shortcode ready`` against a real socket: answers, does not, answers later."""

import itertools
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from gateway.config import ConfigError
from gateway.ready import wait_until_ready


class Health(BaseHTTPRequestHandler):
    """Answers from the server's list, its last item for ever."""

    statuses: list[int]

    def do_GET(self) -> None:
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        self.send_response(status if self.path == "/health" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def health() -> Iterator[Callable[..., int]]:
    servers: list[HTTPServer] = []

    def start(*statuses: int) -> int:
        handler = type("Handler", (Health,), {"statuses": list(statuses)})
        server = HTTPServer(("127.0.0.1", 0), handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return int(server.server_address[1])

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def ask(
    wait: str = "0s", *, url: str | None = None, ports_file: Path | None = None, config: Path | None = None
) -> tuple[int, str]:
    """With a clock that goes a second at each look, and no pause."""
    said: list[str] = []
    code = wait_until_ready(
        wait,
        url=url,
        ports_file=ports_file,
        config=config,
        say=said.append,
        now=itertools.count().__next__,
        pause=lambda _: None,
    )
    return code, "".join(said)


def test_a_healthy_gateway_is_ready(health: Callable[..., int]) -> None:
    port = health(200)
    assert ask(url=f"http://127.0.0.1:{port}") == (0, f"ready: 127.0.0.1:{port}")


def test_an_unhealthy_one_is_not(health: Callable[..., int]) -> None:
    port = health(503)
    assert ask(url=f"http://127.0.0.1:{port}") == (1, f"not ready: 127.0.0.1:{port} answers 503")


def test_it_waits_until_the_gateway_is_well(health: Callable[..., int]) -> None:
    port = health(503, 503, 200)
    assert ask("10s", url=f"http://127.0.0.1:{port}")[0] == 0


def test_nobody_there_is_said_in_words(health: Callable[..., int]) -> None:
    port = health(200)
    code, said = ask("2s", url=f"http://127.0.0.1:{port}/")
    assert code == 0
    code, said = ask("2s", url="http://127.0.0.1:1")
    assert (code, said) == (1, "not ready: 127.0.0.1:1: Connection refused")


def test_the_port_comes_from_the_ports_file_once_it_is_written(
    health: Callable[..., int], tmp_path: Path
) -> None:
    path = tmp_path / "ports.json"
    assert ask(ports_file=path) == (1, f"not ready: {path} has no port yet")
    path.write_text("{")
    assert ask(ports_file=path)[0] == 1
    path.write_text(f'{{"smpp": 1, "http": {health(200)}}}')
    assert ask(ports_file=path)[0] == 0


def test_without_anything_named_the_configuration_says_where(
    health: Callable[..., int], tmp_path: Path
) -> None:
    file = tmp_path / "my.toml"
    file.write_text(f'http_host = "0.0.0.0"\napi_token = "t0ken"\nhttp_port = {health(200)}\n')
    assert ask(config=file)[0] == 0


@pytest.mark.parametrize(
    ("wait", "url"), [("soon", None), ("2h", None), ("1s", "ftp://x"), ("1s", "http://[")]
)
def test_a_wrong_duration_or_address_is_a_clear_line(wait: str, url: str | None) -> None:
    with pytest.raises(ConfigError, match=r"--wait|--url"):
        ask(wait, url=url)
