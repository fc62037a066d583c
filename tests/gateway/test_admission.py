"""Who may bind: what is asked for, in which order, and what a session may do while the answer is awaited."""

from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import replace
from typing import Any

import pytest
from argon2 import PasswordHasher

from gateway.admission import Admission, Admitted, Caller, Denied, Verdict
from gateway.config import DEMO_ACCOUNTS, Account
from gateway.passwords import PER_SYSTEM_ID_MAX, Passwords
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from handlers.base.command import Secret
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALIYA, BOLAT, LogLines, Stand

HANDSET, APP = DEMO_ACCOUNTS
INSIDE, OUTSIDE = Caller(host="10.1.2.3", secure=True, certificate="aa" * 32), Caller(host="192.0.2.1")
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
STRICT = replace(
    HANDSET,
    allowed_hosts=("10.0.0.0/8",),
    tls_required=True,
    client_certificates=("aa" * 32,),
    address_range="^7701",
    binds_max=1,
)


def verdict_on(account: Account, caller: Caller = INSIDE, *, bound: int = 0, **fields: Any) -> Verdict:
    """What the account answers to a bind with the right password, but for ``fields``."""
    found: list[Verdict] = []
    passwords = Passwords((account,), Executor(), lambda call: call(), b"k" * 32)
    admission = Admission((account,), passwords, lambda _: bound)
    asked = {"system_id": account.system_id, "password": account.password.reveal()} | fields
    admission.ask(pdus.BindTransceiver(1, **asked), caller, found.append)
    (verdict,) = found
    return verdict


def refusal(verdict: Verdict) -> tuple[St, str]:
    assert isinstance(verdict, Denied)
    return verdict.status, verdict.reason


#: From the last check to the first; each row breaks one thing more.
BROKEN: list[tuple[str, dict[str, Any], St]] = [
    ("binds_max", {"bound": 1}, St.ESME_RBINDFAIL),
    (f"{BOLAT} is not a number of this account", {"address_range": BOLAT}, St.ESME_RBINDFAIL),
    ("client_certificates", {"caller": replace(INSIDE, certificate="bb" * 32)}, St.ESME_RBINDFAIL),
    ("tls_required", {"caller": Caller(host="10.1.2.3")}, St.ESME_RBINDFAIL),
    ("allowed_hosts", {"caller": OUTSIDE}, St.ESME_RBINDFAIL),
    ("password", {"password": "wrong"}, St.ESME_RINVPASWD),
]


def test_a_bind_that_fulfils_everything_is_admitted() -> None:
    verdict = verdict_on(STRICT, address_range=ALIYA)
    assert isinstance(verdict, Admitted)
    assert verdict.account is STRICT
    assert verdict.serves.serves(ALIYA)


@pytest.mark.parametrize("broken", range(1, len(BROKEN) + 1))
def test_of_several_wrong_things_the_first_in_the_documented_order_answers(broken: int) -> None:
    """All later checks would refuse too."""
    changes: dict[str, Any] = {}
    for _, change, _ in BROKEN[:broken]:
        changes |= change
    reason, _, status = BROKEN[broken - 1]
    assert refusal(verdict_on(STRICT, **changes)) == (status, reason)


@pytest.mark.parametrize(("reason", "change", "status"), BROKEN, ids=[row[0] for row in BROKEN])
def test_one_wrong_thing_is_enough(reason: str, change: dict[str, Any], status: St) -> None:
    assert refusal(verdict_on(STRICT, **change)) == (status, reason)


@pytest.mark.parametrize(
    ("allowed", "host", "fits"),
    [
        ((), "192.0.2.1", True),
        (("192.0.2.1",), "192.0.2.1", True),
        (("192.0.2.1",), "192.0.2.2", False),
        (("10.0.0.0/8", "192.0.2.0/24"), "192.0.2.255", True),
        (("192.0.2.1",), "::ffff:192.0.2.1", True),
        (("2001:db8::/32",), "2001:db8::7", True),
        (("2001:db8::/32",), "192.0.2.1", False),
        (("10.0.0.0/8",), "no address", False),
    ],
)
def test_an_account_may_be_limited_to_addresses_and_networks(
    allowed: tuple[str, ...], host: str, fits: bool
) -> None:
    verdict = verdict_on(replace(HANDSET, allowed_hosts=allowed), Caller(host=host))
    assert isinstance(verdict, Admitted) is fits


def test_a_wrong_password_does_not_name_the_account() -> None:
    """The log has the name only of somebody who has proved it."""
    wrong, late = verdict_on(HANDSET, password="wrong"), verdict_on(HANDSET, bound=10_000)
    assert isinstance(wrong, Denied)
    assert isinstance(late, Denied)
    assert (wrong.system_id, late.system_id) == ("", "handset")


def test_on_a_connection_that_we_made_only_the_account_that_was_called_binds() -> None:
    called = replace(INSIDE, invited="shop")
    assert refusal(verdict_on(APP, called)) == (St.ESME_RBINDFAIL, "invited another account")
    assert isinstance(verdict_on(APP, replace(INSIDE, invited="app1")), Admitted)


# -- a session whose password is being verified ----------------------------------------------------


class Slow(Executor):
    """A pool that has not come round to it yet."""

    def __init__(self) -> None:
        self.asked: list[tuple[Callable[[], Any], Future[Any]]] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        self.asked.append((lambda: fn(*args, **kwargs), future))
        return future


class Hashed(Smsc):
    """An SMSC whose handset account has a hash."""

    def __init__(self, stand: Stand) -> None:
        account = replace(HANDSET, password=Secret(""), password_hash=CHEAP.hash("right"), window=2)
        super().__init__(stand, accounts=(account, APP), pool=Slow())

    def verify(self) -> None:
        """The pool has done its work, and the reactor hears of it."""
        assert isinstance(self.pool, Slow)
        while self.pool.asked or self.from_threads:
            asked, self.pool.asked = self.pool.asked, []
            for call, future in asked:
                future.set_result(call())
            calls, self.from_threads[:] = list(self.from_threads), []
            for heard in calls:
                heard()

    def binding(self, password: str = "right") -> Client:
        """A client that waits for the answer to its bind."""
        client = self.connect()
        assert client.send(pdus.BindTransceiver(1, "handset", password)) == []
        return client


@pytest.fixture
def smsc(stand: Stand) -> Hashed:
    return Hashed(stand)


def test_a_hashed_account_binds_once_its_password_is_verified(smsc: Hashed) -> None:
    right, wrong = smsc.binding(), smsc.binding("wrong")
    smsc.verify()
    assert right.statuses() == [St.ESME_ROK]
    assert wrong.statuses() == [St.ESME_RINVPASWD]
    assert len(smsc.server.binds) == 1


def test_meanwhile_the_session_is_open_and_knows_that_a_bind_is_under_way(smsc: Hashed) -> None:
    client = smsc.binding()
    assert client.status(pdus.BindTransceiver(2, "app1", "secret1")) is St.ESME_RALYBND
    assert client.status(pdus.SubmitSm(3)) is St.ESME_RINVBNDSTS
    assert client.status(pdus.Unbind(4)) is St.ESME_RINVBNDSTS
    assert client.send(pdus.EnquireLink(5)) == [pdus.EnquireLinkResp(5)]
    smsc.verify()
    (answer,) = client.taken()
    assert (answer.sequence_number, client.last_status()) == (1, St.ESME_ROK)


def test_a_client_that_hangs_up_meanwhile_is_not_bound(smsc: Hashed) -> None:
    client = smsc.binding()
    client.lose()
    smsc.verify()
    assert len(smsc.server.binds) == 0
    assert smsc.works == []


def test_a_client_that_is_closed_meanwhile_is_not_bound(smsc: Hashed) -> None:
    """The session init timer does not stop for the pool."""
    client = smsc.binding()
    smsc.wait(6)
    smsc.verify()
    assert client.transport.disconnecting
    assert client.taken() == []
    assert len(smsc.server.binds) == 0


def test_a_gateway_that_stops_meanwhile_admits_nobody(smsc: Hashed) -> None:
    smsc.binding()
    smsc.server.unbind_all()
    smsc.verify()
    assert len(smsc.server.binds) == 0


def test_binds_max_holds_for_those_who_were_verified_together(stand: Stand, smsc: Hashed) -> None:
    """It is looked at when the bind is answered, not when it comes."""
    one = replace(HANDSET, password=Secret(""), password_hash=CHEAP.hash("right"), binds_max=1)
    smsc = Hashed(stand)
    Smsc.__init__(smsc, stand, accounts=(one, APP), pool=Slow())
    first, second = smsc.binding(), smsc.binding()
    smsc.verify()
    assert first.statuses() + second.statuses() == [St.ESME_ROK, St.ESME_RBINDFAIL]


def test_a_flood_of_guesses_is_throttled_and_does_not_disturb_others(smsc: Hashed) -> None:
    for guess in range(PER_SYSTEM_ID_MAX):
        smsc.binding(f"g{guess}")
    late = smsc.connect()
    assert late.status(pdus.BindTransceiver(1, "handset", "g99")) is St.ESME_RTHROTTLED
    assert smsc.connect().status(pdus.BindTransceiver(1, "app1", "secret1")) is St.ESME_ROK
    smsc.verify()
    assert late.send(pdus.BindTransceiver(2, "handset", "right")) == []
    smsc.verify()
    assert late.statuses() == [St.ESME_ROK]


def test_a_refusal_is_logged_with_its_reason_and_without_the_password(smsc: Hashed, logged: LogLines) -> None:
    smsc.binding("hunter2")
    smsc.verify()
    (line,) = [each for each in logged if each["event"] == "bind.refused"]
    assert (line["status"], line["reason"], line["system_id"]) == ("ESME_RINVPASWD", "password", "")
    assert line["host"] == "192.168.1.1"
    assert "hunter2" not in repr(logged)
