"""``shortcode handset MSISDN --plain`` as a program with pipes, against a real gateway."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import COMMAND, GatewayProcess, clean_environment, run_command
from tests.e2e.raw_link import RawLink

EN = "77781234567"
StartHandset = Callable[[str], "subprocess.Popen[str]"]


def _target(gateway: GatewayProcess) -> dict[str, str]:
    return {"SHORTCODE_TARGET": f"smpp://handset:handset@127.0.0.1:{gateway.smpp_port}"}


@pytest.fixture
def open_handset(gateway: GatewayProcess) -> Iterator[StartHandset]:
    """Terminal handsets with their pipes open."""
    with ExitStack() as stack:

        def start(msisdn: str) -> "subprocess.Popen[str]":
            process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [*COMMAND, "handset", msisdn, "--plain"],
                env=clean_environment(_target(gateway)),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.enter_context(process)
            stack.callback(process.kill)
            return process

        yield start


def test_commands_through_a_pipe_are_carried_out_and_their_answers_printed(
    gateway: GatewayProcess, api: ControlApi
) -> None:
    """``sms 9393 CODE`` and ``dial *100#``: the program waits for the answers and ends with 0."""
    code, second = api.codes(2)
    script = f"sms 9393 {code}\nsms 9393 {code}\ndial *110*{second}#\ndial *100#\nsms 6000 BAL\n"
    done = run_command("handset", EN, "--plain", env=_target(gateway), stdin=script)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    for expected in (
        "SMS from 9393: 500 KZT credited. Balance: 1,000 KZT.",
        "SMS from 9393: This code was already used.",
        "USSD: 500 KZT credited. Balance: 1,500 KZT.",
        "USSD: Balance: 1,500 KZT",
        "SMS from 6000: Balance: 1,500 KZT",
    ):
        assert expected in done.stdout


def test_a_call_through_a_pipe_is_connected_and_keyed(gateway: GatewayProcess, api: ControlApi) -> None:
    """``call 9393`` and the code: over the voice channel of the port that is named."""
    (code,) = api.codes()
    env = _target(gateway) | {"SHORTCODE_HTTP": f"http://127.0.0.1:{gateway.http_port}"}
    done = run_command("handset", EN, "--plain", env=env, stdin=f"call 9393\nkeys {code}*\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "connected to 9393" in done.stdout
    assert "voice: Enter the code of the card, then press star." in done.stdout
    assert "voice: 500 KZT credited. Balance: 1,000 KZT." in done.stdout


def test_a_gateway_without_a_voice_channel_there_is_said_in_the_first_line(gateway: GatewayProcess) -> None:
    """SMS and USSD do not need it."""
    env = _target(gateway) | {"SHORTCODE_HTTP": "http://127.0.0.1:1"}
    done = run_command("handset", EN, "--plain", env=env, stdin="dial *100#\n")
    first, *_ = done.stdout.splitlines()
    assert "but cannot call (no gateway at http://127.0.0.1:1: Connection refused)" in first
    assert "USSD: Balance" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_incoming_messages_appear_by_themselves(open_handset: StartHandset, app1: RawLink) -> None:
    """Nobody types anything: the line comes when the message comes."""
    handset = open_handset(EN)
    assert handset.stdout is not None
    assert "is on" in handset.stdout.readline()
    app1.submit("1234", EN, "Your order is ready")
    assert "SMS from 1234: Your order is ready" in handset.stdout.readline()
    _, _ = handset.communicate("quit\n", timeout=10)
    assert handset.returncode == 0


def test_a_full_memory_keeps_the_message_in_the_network(
    open_handset: StartHandset, app1: RawLink, api: ControlApi
) -> None:
    """``memory full`` answers ESME_RX_T_APPN; after ``memory ok`` and the retry time the message comes."""
    handset = open_handset(EN)
    assert handset.stdin is not None
    assert handset.stdout is not None
    handset.stdout.readline()
    handset.stdin.write("memory full\n")
    handset.stdin.flush()
    assert handset.stdout.readline() == "memory: full\n"
    message_id = app1.submit("1234", EN, "patience").message_id
    assert api.message(to=EN, state="ENROUTE")["id"] == message_id
    handset.stdin.write("memory ok\n")
    handset.stdin.flush()
    assert handset.stdout.readline() == "memory: ok\n"
    api.advance(3600)
    assert "SMS from 1234: patience" in handset.stdout.readline()


def test_no_gateway_and_a_wrong_number_are_one_clear_line_and_exit_code_2(gateway: GatewayProcess) -> None:
    """What the user can mend is told without a traceback."""
    nowhere = {"SHORTCODE_TARGET": "smpp://handset:handset@127.0.0.1:1"}
    wrong = {"SHORTCODE_TARGET": f"smpp://handset:wrong@127.0.0.1:{gateway.smpp_port}"}
    for msisdn, env in ((EN, nowhere), ("12345", _target(gateway)), (EN, wrong)):
        done = run_command("handset", msisdn, "--plain", env=env)
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1, done.stderr
        assert "Traceback" not in done.stderr
