"""HTTP applications as the gateway knows them: accounts of its own, started and stopped together."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from twisted.internet.error import ConnectError
from twisted.internet.testing import MemoryReactorClock
from twisted.python.failure import Failure

from gateway.config import DEMO_ACCOUNTS, Config, ConfigError, Side, UssdHttp
from gateway.settings import load_config
from gateway.ussd_http import HttpApplications, with_ussd_http

SHOP = UssdHttp(name="shop", url="http://127.0.0.1:9/?token=s3cret", codes=("*501",))
BANK = UssdHttp(name="bank", url="http://127.0.0.1:9/", codes=("*502", "*503"))
TABLE = '[[ussd_http]]\nname = "shop"\nurl = "http://127.0.0.1:8090/ussd"\ncodes = ["*501#"]\n'


def a_config(*entries: UssdHttp) -> Config:
    return Config(data_dir=Path(), database_url="sqlite://", accounts=DEMO_ACCOUNTS, ussd_http=entries)


# -- the accounts ----------------------------------------------------------------------------------


def test_each_entry_is_an_application_that_owns_its_codes() -> None:
    config = with_ussd_http(a_config(SHOP, BANK))
    assert config.accounts[: len(DEMO_ACCOUNTS)] == DEMO_ACCOUNTS
    shop, bank = config.accounts[len(DEMO_ACCOUNTS) :]
    assert (shop.system_id, shop.side, shop.ussd_codes) == ("shop", Side.APPLICATION, ("*501",))
    assert bank.ussd_codes == ("*502", "*503")
    assert shop.allowed_hosts == ("127.0.0.1",)
    assert shop.password.reveal() != bank.password.reveal()


def test_a_url_may_hold_a_token_and_is_not_shown() -> None:
    assert "s3cret" not in repr(a_config(SHOP))


# -- together --------------------------------------------------------------------------------------


def applications(reactor: Any, *entries: UssdHttp) -> HttpApplications:
    config = with_ussd_http(a_config(*entries))
    return HttpApplications(config, reactor, asyncio.get_running_loop(), reactor.seconds, lambda: "id")


def fail(reactor: Any, number: int) -> None:
    """The connection of that number comes to nothing."""
    _, _, factory, *_ = reactor.tcpClients[number]
    factory.clientConnectionFailed(None, cast("Any", Failure)(cast("Any", ConnectError)()))


def test_ready_is_told_once_after_every_one_has_tried() -> None:
    async def story() -> None:
        reactor: Any = cast("Any", MemoryReactorClock)()
        all_of_them, told = applications(reactor, SHOP, BANK), []
        all_of_them.start(2775)
        all_of_them.when_ready(lambda: told.append(1))
        assert [client[:2] for client in reactor.tcpClients] == [("127.0.0.1", 2775)] * 2
        fail(reactor, 0)
        assert told == []
        fail(reactor, 1)
        assert told == [1]
        await all_of_them.stop()
        reactor.advance(60)
        assert len(reactor.tcpClients) == 2

    asyncio.run(story())


def test_without_any_the_gateway_is_ready_at_once_and_stops_at_once() -> None:
    async def story() -> None:
        reactor: Any = cast("Any", MemoryReactorClock)()
        none, told = applications(reactor), []
        none.start(2775)
        none.when_ready(lambda: told.append(1))
        assert told == [1]
        await none.stop()
        assert reactor.tcpClients == []

    asyncio.run(story())


def test_a_gateway_without_any_does_not_wait_for_the_import_of_an_http_client() -> None:
    code = "import sys, gateway.app; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0  # noqa: S603 - ours


# -- the settings ----------------------------------------------------------------------------------


def load(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "shortcode.toml"
    path.write_text(text)
    return load_config({}, file=path)


def test_an_entry_is_read_from_the_file(tmp_path: Path) -> None:
    config = load(tmp_path, TABLE)
    assert config.ussd_http == (UssdHttp(name="shop", url="http://127.0.0.1:8090/ussd", codes=("*501",)),)
    assert config.ussd_http[0].timeout_s == 8.0
    assert load(tmp_path, TABLE + "timeout_s = 1.5\n").ussd_http[0].timeout_s == 1.5


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (TABLE + TABLE.replace("501", "502"), "ussd_http: name shop is there twice"),
        (TABLE + TABLE.replace("shop", "bank"), "ussd_http: *501 is there twice"),
        (TABLE.replace("501", "500"), "ussd_http: *500 is owned by an account"),
        (TABLE.replace("shop", "app1"), "ussd_http: app1 is the system_id of an account"),
        (TABLE.replace("shop", "radio"), "ussd_http: radio is the system_id of an account"),
        (TABLE + "timeout_s = 10", "timeout_s of shop is 10; it must be less than timers.response_s (10)"),
        (TABLE + "timeout_s = 0", "ussd_http[0].timeout_s"),
        (TABLE.replace("shop", "a shop"), "ussd_http[0].name: has 1 to 15 visible ASCII characters"),
        (TABLE.replace('"*501#"', '"501"'), "ussd_http[0].codes[0]: is written like *500#"),
        (TABLE.replace('"*501#"', ""), "ussd_http[0].codes: a list has at least one member"),
        (TABLE.replace("http:", "ftp:"), "ussd_http[0].url: is written like http://127.0.0.1:8090/ussd"),
        (TABLE.replace("http://127.0.0.1:8090", ""), "ussd_http[0].url: is written like"),
        (TABLE.replace("8090", "x"), "ussd_http[0].url: is no URL"),
        (TABLE.replace("8090", "0"), "ussd_http[0].url: is written like"),
        (TABLE.replace("8090/ussd", "8090/у"), "ussd_http[0].url: is written like"),
        (TABLE.replace("8090/ussd", "8090/u#a"), "ussd_http[0].url: is written like"),
        (TABLE.replace("127", "me:s3cret@127"), "ussd_http[0].url: has a name or password before the host"),
    ],
)
def test_what_cannot_be_is_refused_at_the_start(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, text)
    (problem,) = caught.value.problems
    assert says in problem
    assert "127.0.0.1:x" not in problem, "a URL is never repeated"
    assert "s3cret" not in problem


def test_without_a_time_limit_for_responses_any_timeout_will_do(tmp_path: Path) -> None:
    config = load(tmp_path, TABLE + "timeout_s = 30\n[timers]\nresponse_s = 0\n")
    assert config.ussd_http[0].timeout_s == 30.0
