"""``shortcode demo``: the banner, what it promises, and a stop that leaves nothing behind."""

import os
import re
import signal
import subprocess
from contextlib import suppress

import httpx
import pytest

from tests.e2e.conftest import StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.phone import Phone
from tests.e2e.waiting import until

DEMO = {"command": ("demo",)}
RU = "77011234567"


def _children(pid: int) -> list[int]:
    """The process's children, as POSIX ps tells them."""
    command = ["ps", "-A", "-o", "pid=,ppid="]
    table = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - as on the PATH
    rows = [line.split() for line in table.stdout.splitlines()]
    return [int(child) for child, parent in rows if int(parent) == pid]


def _is_running(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def _banner(gateway: GatewayProcess) -> str:
    until(lambda: "3 handsets are on" in gateway.out_file.read_text(), "the demo's handsets are on")
    return gateway.out_file.read_text()


def test_the_banner_has_addresses_accounts_handsets_and_vouchers(start_gateway: StartGateway) -> None:
    """Every address with its true port, both accounts, the demo subscribers, things to try."""
    demo = start_gateway(**DEMO)
    banner = _banner(demo)
    assert f"smpp://127.0.0.1:{demo.smpp_port}" in banner
    for msisdn in (RU, "77021234567", "77781234567", "77751234567"):
        assert msisdn in banner
    for words in ("handset side", "app1", "secret1", "1234", "*500#", "MyBank", "Ctrl-C"):
        assert words in banner
    for address in re.findall(r"^    (?:API reference|Control API) +(http\S+)$", banner, re.MULTILINE):
        assert f":{demo.http_port}/" in address
    docs = httpx.get(f"http://127.0.0.1:{demo.http_port}/docs", trust_env=False)
    assert docs.status_code == 200
    for number in range(1, 6):
        assert re.search(rf"^    {number}  ", banner, re.MULTILINE), f"thing {number} to try"


def test_the_banners_vouchers_work_and_are_not_printed_again(start_gateway: StartGateway) -> None:
    """A code of the banner credits its face value; the next start shows only what is left."""
    demo = start_gateway(**DEMO)
    shown = re.findall(r"^    (\d{13})  (\d+\.00) KZT$", _banner(demo), re.MULTILINE)
    assert len(shown) == 8
    code, face_value = shown[0]
    phone = Phone(RU, demo.smpp_port)
    try:
        assert "Зачислено" in phone.sms("9393", code).text
    finally:
        phone.handset.switch_off()
    assert demo.api.balance(RU) == 500 + int(float(face_value))
    demo.stop()
    demo.out_file.unlink()
    demo.start()
    again = re.findall(r"^    (\d{13})  ", _banner(demo), re.MULTILINE)
    assert again == [each for each, _ in shown[1:]]


def test_ctrl_c_stops_the_demo_and_its_handsets(start_gateway: StartGateway) -> None:
    """SIGINT to the group, as a terminal sends it: exit code 0 in time, no process left."""
    demo = start_gateway(**DEMO)
    _banner(demo)
    children = _children(demo.pid)
    assert children, "the handsets are a process of their own"
    os.killpg(demo.pid, signal.SIGINT)
    assert demo.wait() == 0
    until(lambda: not any(map(_is_running, children)), "the handsets have ended", 5)
    assert "Traceback" not in demo.log + demo.out_file.read_text()


def test_sigterm_stops_the_demo_and_its_handsets(start_gateway: StartGateway) -> None:
    """The same by SIGTERM, as a service manager does."""
    demo = start_gateway(**DEMO)
    _banner(demo)
    children = _children(demo.pid)
    demo.stop()
    until(lambda: not any(map(_is_running, children)), "the handsets have ended", 5)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGHUP])
def test_the_handsets_go_with_the_demo_however_it_ends(
    start_gateway: StartGateway, how: signal.Signals
) -> None:
    """Killed, or its terminal closed: no handset stays behind and takes another gateway's messages."""
    demo = start_gateway(**DEMO)
    _banner(demo)
    phones = _children(demo.pid)
    assert phones
    os.kill(demo.pid, how)
    demo.wait()
    until(lambda: not any(map(_is_running, phones)), "the handsets are gone")
