"""The commands as processes: pipes, a terminal, signals, exit codes."""

import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic

import pytest

from simulator.cli import handset, phones
from simulator.plain import ANSWER_WAIT_S
from tests.simulator.conftest import MSISDN
from tests.simulator.fake_exchange import FakeExchange
from tests.simulator.fake_smsc import BIND_TRANSCEIVER, DELIVER_SM, UNBIND, FakeSmsc, deliver_body

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20.0
COMMAND = [sys.executable, "-m", "simulator"]


def environment(smsc: FakeSmsc) -> dict[str, str]:
    """The target by environment variable, so that no password is on a command line."""
    return {**os.environ, "SHORTCODE_TARGET": smsc.target, "PYTHONUTF8": "1", "TERM": "xterm"}


def run(smsc: FakeSmsc, *arguments: str, typed: str = "") -> "subprocess.CompletedProcess[str]":
    return subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, *arguments],
        cwd=ROOT, env=environment(smsc), input=typed, capture_output=True, text=True,
        timeout=PATIENCE_S, check=False,
    )  # fmt: skip


def test_a_handset_works_through_pipes_and_exits_with_0(smsc: FakeSmsc) -> None:
    smsc.on_submit = lambda _submit: smsc.send(
        DELIVER_SM, deliver_body("9393", "Теңге: 500".encode("utf-16-be"), data_coding=8)
    )
    done = run(smsc, "handset", MSISDN, "--plain", typed="sms 9393 1234567890123\n")
    assert done.returncode == 0
    assert "SMS from 9393: Теңге: 500" in done.stdout
    assert done.stderr == ""
    smsc.wait(UNBIND)


def test_a_wrong_password_is_one_clear_line_and_exit_code_2(smsc: FakeSmsc) -> None:
    smsc.bind_status = 0x0E
    done = run(smsc, "handset", MSISDN, "--plain")
    assert done.returncode == 2
    assert done.stderr == "error: the gateway refused the bind: ESME_RINVPASWD (Invalid Password)\n"
    assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.parametrize("command", [["handset", MSISDN, "--plain"], ["phones", MSISDN]])
def test_no_gateway_is_one_clear_line_and_exit_code_2(smsc: FakeSmsc, command: list[str]) -> None:
    smsc.close()
    done = run(smsc, *command)
    assert done.returncode == 2
    assert done.stderr == f"error: no gateway at 127.0.0.1:{smsc.port}: Connection refused\n"


@pytest.mark.parametrize("command", [["handset", "9393", "--plain"], ["phones", MSISDN, "9393"]])
def test_a_number_of_the_wrong_form_is_one_clear_line_and_exit_code_2(
    smsc: FakeSmsc, command: list[str]
) -> None:
    done = run(smsc, *command)
    assert done.returncode == 2
    assert done.stderr == "error: '9393' is not the number of a handset; write it like 77011234567\n"
    assert smsc.pending(BIND_TRANSCEIVER) == 0


def test_a_wrong_target_is_refused_without_showing_it(smsc: FakeSmsc) -> None:
    done = run(smsc, "handset", MSISDN, "--target", "smpp://handset:hunter22")
    assert done.returncode == 2
    assert "smpp://USER:PASSWORD@HOST:PORT" in done.stderr
    assert "hunter22" not in done.stdout + done.stderr


def test_help_shows_no_password(smsc: FakeSmsc) -> None:
    for command in ("handset", "phones"):
        done = run(smsc, command, "--help")
        assert done.returncode == 0
        assert "SHORTCODE_TARGET" in done.stdout
        assert "s3cret" not in done.stdout
        assert "handset:handset" not in done.stdout


@pytest.fixture
def started(smsc: FakeSmsc) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Starts processes that are gone at the end."""
    processes: list[subprocess.Popen[str]] = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, *arguments],
            cwd=ROOT, env=environment(smsc), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        processes.append(process)
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("gateway_answers", [True, False])
def test_phones_print_what_arrives_and_stop_cleanly_within_2_seconds(
    smsc: FakeSmsc,
    started: Callable[..., "subprocess.Popen[str]"],
    stop: signal.Signals,
    *,
    gateway_answers: bool,
) -> None:
    process = started("phones", MSISDN, "87021234567", MSISDN)
    assert first_line(process) == f"2 handsets are on (127.0.0.1:{smsc.port}): {MSISDN}, 77021234567\n"
    smsc.send(DELIVER_SM, deliver_body("9393", b"two\nlines"))
    assert first_line(process)[9:] == "77021234567 SMS from 9393: two / lines\n"
    smsc.answers = gateway_answers
    began = monotonic()
    process.send_signal(stop)
    assert process.wait(PATIENCE_S) == 0
    assert monotonic() - began < 2.0
    assert [smsc.wait(UNBIND).body for _ in range(2)] == [b"", b""]


def test_quiet_phones_print_nothing(smsc: FakeSmsc, started: Callable[..., "subprocess.Popen[str]"]) -> None:
    process = started("phones", MSISDN, "--quiet")
    smsc.wait(BIND_TRANSCEIVER)
    assert smsc.deliver(deliver_body("9393", b"hello")) == 0
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=PATIENCE_S) == ("", "")
    assert process.returncode == 0


def test_what_phones_print_counts_as_read(
    smsc: FakeSmsc, started: Callable[..., "subprocess.Popen[str]"]
) -> None:
    process = started("phones", MSISDN)
    first_line(process)
    smsc.send(DELIVER_SM, deliver_body("1234", b"hello", registered_delivery=0x08, data_coding=0x10))
    assert smsc.wait_submit().esm_class == 0x10
    assert first_line(process)[9:] == f"{MSISDN} flash SMS from 1234: hello\n"


class Terminal:
    """A process on a pseudo-terminal."""

    def __init__(self, smsc: FakeSmsc, *arguments: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(  # noqa: S603  # our own command
            [*COMMAND, *arguments], cwd=ROOT, env=environment(smsc), stdin=slave, stdout=slave, stderr=slave
        )
        os.close(slave)
        self.shown = ""

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._master, text.encode())

    def until(self, text: str) -> None:
        """Read until ``text`` has been shown."""
        deadline = monotonic() + PATIENCE_S
        while text not in self.shown:
            ready, _, _ = select.select([self._master], [], [], deadline - monotonic())
            assert ready, f"{text!r} did not come, but {self.shown!r}"
            self.shown += os.read(self._master, 4096).decode()

    def close(self) -> int:
        """The exit code."""
        try:
            return self.process.wait(PATIENCE_S)
        finally:
            self.process.kill()
            os.close(self._master)


def test_on_a_terminal_the_prompt_and_what_is_typed_survive_an_incoming_message(smsc: FakeSmsc) -> None:
    terminal = Terminal(smsc, "handset", MSISDN, "--plain")
    prompt = f"{MSISDN}> "
    terminal.until(prompt)
    terminal.type("sms 9393 12")
    terminal.until("sms 9393 12")
    smsc.send(DELIVER_SM, deliver_body("6000", b"Balance: 500"))
    terminal.until(f"SMS from 6000: Balance: 500\r\n{prompt}sms 9393 12")
    terminal.type("34\n")
    terminal.until("sent to 9393")
    assert smsc.wait_submit().short_message == b"1234"
    terminal.type("quit\n")
    assert terminal.close() == 0
    smsc.wait(UNBIND)


def test_on_a_terminal_without_plain_it_says_that_the_full_screen_is_to_come(smsc: FakeSmsc) -> None:
    terminal = Terminal(smsc, "handset", MSISDN)
    terminal.until("the full-screen handset is not built yet")
    terminal.until(f"{MSISDN}> ")
    terminal.process.send_signal(signal.SIGTERM)
    assert terminal.close() == 0
    smsc.wait(UNBIND)


def test_the_entry_points_names_are_the_commands_names() -> None:
    assert (handset.__name__, phones.__name__) == ("handset", "phones")


def test_the_http_port_is_named_by_option_and_the_token_by_the_environment(
    smsc: FakeSmsc, exchange: FakeExchange
) -> None:
    env = environment(smsc) | {"SHORTCODE_API_TOKEN": "t0ken"}
    done = subprocess.run(  # noqa: S603  # our own command
        [*COMMAND, "handset", MSISDN, "--plain", "--http", exchange.target.address],
        cwd=ROOT, env=env, input="", capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert exchange.opened() == f"/api/v1/voice?msisdn={MSISDN}"
    assert exchange.authorizations == ["Bearer t0ken"]
    assert "t0ken" not in done.stdout


def test_a_wrong_http_address_is_one_clear_line_and_exit_code_2(smsc: FakeSmsc) -> None:
    done = run(smsc, "handset", MSISDN, "--plain", "--http", "localhost")
    assert done.returncode == 2
    assert done.stderr == "error: the HTTP address looks like http://127.0.0.1:8080\n"


def test_on_a_terminal_no_word_of_a_call_waits_for_the_one_before(
    smsc: FakeSmsc, exchange: FakeExchange
) -> None:
    """Keys at a prompt that they do not answer, then hanging up: within the time that a pipe would wait."""
    exchange.on_frame = lambda frame: (
        exchange.send("prompt", call="c1", id="collect.say_name", text="Say your name")
        if frame["type"] == "dial"
        else None
    )
    terminal = Terminal(smsc, "handset", MSISDN, "--plain", "--http", exchange.target.address)
    terminal.until(f"{MSISDN}> ")
    terminal.type("call 00077021234567\n")
    terminal.until("voice: Say your name")
    terminal.type("keys 1\n")
    assert [exchange.frame()["type"] for _ in range(2)] == ["dial", "dtmf"]
    began = monotonic()
    terminal.type("hang\n")
    assert exchange.frame() == {"type": "hangup", "call": "c1"}
    terminal.type("quit\n")
    assert terminal.close() == 0
    assert monotonic() - began < ANSWER_WAIT_S
