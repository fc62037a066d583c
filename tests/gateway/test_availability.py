"""alert_notification: an application that asked hears once that a handset can be reached again."""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import pytest

from gateway.address_range import parse_address_range
from gateway.availability import Availability
from gateway.binds import Bind, Binds
from gateway.config import Account
from gateway.smpp import pdus
from gateway.smpp.codec import decode
from gateway.smpp.pdus import Address, AlertNotification
from gateway.smpp.tlv import Tag, Tlv
from storage.model import MessageState, PendingFlag
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALIYA, APP, BOLAT, HANDSET, Stand

FLAG = PendingFlag(ALIYA, "app1", "1234", "m1")
WAITS, DELIVERED, EXPIRED = MessageState.ENROUTE, MessageState.DELIVERED, MessageState.EXPIRED


@dataclass
class FakeFlags:
    """The store: what it is asked waits until the test lets it be answered."""

    found: list[tuple[PendingFlag, MessageState]] = field(default_factory=list)
    asked: list[Callable[[Sequence[tuple[PendingFlag, MessageState]]], None]] = field(default_factory=list)
    told: list[PendingFlag] = field(default_factory=list)
    reads: int = 0

    def pending_flags(self, done: Callable[[Sequence[tuple[PendingFlag, MessageState]]], None]) -> None:
        self.asked.append(done)

    def alerted(self, flags: Sequence[PendingFlag]) -> None:
        self.told.extend(flags)
        self.found = [each for each in self.found if each[0] not in flags]

    def answer(self) -> None:
        """Answer until nothing more is asked."""
        while self.asked:
            self.reads += 1
            assert self.reads < 100, "it never stops asking"
            self.asked.pop(0)(list(self.found))


@dataclass(eq=False)
class FakeLink:
    """A session that takes what it is sent, or nothing."""

    full: bool = False
    alerts: list[pdus.Pdu] = field(default_factory=list)

    def deliver(self, pdu: bytes, token: object) -> bool:
        assert token is None
        if not self.full:
            self.alerts.append(decode(pdu))
        return not self.full

    def close(self, reason: str) -> None:
        raise AssertionError(reason)

    abort = close


class World:
    """Sessions that bind, and what Availability makes of it."""

    def __init__(self, *found: tuple[PendingFlag, MessageState]) -> None:
        self._numbers = itertools.count(1)
        self.binds, self.flags = Binds(), FakeFlags(list(found))
        self.availability = Availability(self.binds, self.flags)

    def bind(
        self, account: Account, pattern: str = "", *, receives: bool = True, full: bool = False
    ) -> FakeLink:
        link = FakeLink(full)
        bind = Bind(
            session_id=f"s{next(self._numbers)}",
            account=account,
            receives=receives,
            address_range=parse_address_range(pattern),
            link=link,
        )
        self.binds.add(bind)
        self.availability.bound(bind)
        return link


def test_a_handset_that_binds_is_told_of_to_the_application_that_asked() -> None:
    world = World((FLAG, WAITS))
    app = world.bind(APP)
    world.flags.answer()
    assert app.alerts == []
    world.bind(HANDSET, ALIYA)
    world.flags.answer()
    assert app.alerts == [
        AlertNotification(
            0, Address(1, 1, ALIYA), Address(3, 0, "1234"), (Tlv(Tag.MS_AVAILABILITY_STATUS, 0),)
        )
    ]
    assert world.flags.told == [FLAG]


def test_an_application_that_comes_later_is_told_then() -> None:
    world = World((FLAG, WAITS))
    world.bind(HANDSET, ALIYA)
    world.flags.answer()
    assert world.flags.told == []
    app = world.bind(APP)
    world.flags.answer()
    assert len(app.alerts) == 1
    assert world.flags.told == [FLAG]


def test_only_one_session_of_the_application_is_told() -> None:
    world = World((FLAG, EXPIRED))
    links = [world.bind(APP, full=True), world.bind(APP), world.bind(APP)]
    world.bind(HANDSET)
    world.flags.answer()
    assert [len(link.alerts) for link in links].count(1) == 1
    assert world.flags.told == [FLAG]


def test_a_session_that_takes_nothing_now_leaves_the_flag_for_later() -> None:
    world = World((FLAG, WAITS))
    world.bind(APP, full=True)
    world.bind(HANDSET, ALIYA)
    world.flags.answer()
    assert world.flags.told == []


def test_a_message_that_arrived_meanwhile_needs_no_alert() -> None:
    world = World((FLAG, DELIVERED))
    app = world.bind(APP)
    world.flags.answer()
    assert (app.alerts, world.flags.told) == ([], [FLAG])


def test_a_session_that_serves_other_numbers_or_only_sends_is_no_news() -> None:
    world = World((FLAG, WAITS))
    app = world.bind(APP)
    world.bind(HANDSET, BOLAT)
    world.flags.answer()
    world.bind(HANDSET, ALIYA, receives=False)
    assert world.flags.asked == []
    assert (app.alerts, world.flags.told) == ([], [])


def test_many_binds_at_once_are_few_questions() -> None:
    """One that is under way, and one for all that came meanwhile."""
    world = World((FLAG, WAITS))
    for _ in range(100):
        world.bind(HANDSET)
    assert len(world.flags.asked) == 1
    world.flags.answer()
    assert world.flags.reads == 2


def test_a_handset_that_was_there_when_the_application_asked_has_to_come_anew() -> None:
    """The message waits for another reason then: its memory is full, say."""
    world = World()
    app = world.bind(APP)
    handset = world.bind(HANDSET, ALIYA)
    world.flags.answer()
    world.flags.found.append((FLAG, WAITS))
    world.availability.flagged()
    world.bind(HANDSET, BOLAT)
    world.flags.answer()
    assert (app.alerts, handset.alerts) == ([], [])
    world.bind(HANDSET, ALIYA)
    world.flags.answer()
    assert len(app.alerts) == 1


def test_while_nobody_has_asked_binds_cost_no_question_until_somebody_does() -> None:
    world = World()
    world.bind(HANDSET)
    world.flags.answer()
    for _ in range(100):
        world.bind(HANDSET)
    assert world.flags.asked == []
    world.flags.found.append((FLAG, WAITS))
    world.availability.flagged()
    app = world.bind(APP)
    world.bind(HANDSET, ALIYA)
    world.flags.answer()
    assert len(app.alerts) == 1


# -- with the store --------------------------------------------------------------------------------


@pytest.fixture
def smsc(stand: Stand) -> Smsc:
    return Smsc(stand)


def application(smsc: Smsc) -> Client:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, "app1", "secret1"))
    smsc.commit()
    return client


@pytest.mark.conformance("tlv.set_dpf", "tlv.dpf_result", "alert_notification")
@pytest.mark.parametrize("asked", [0, 1])
def test_set_dpf_asks_for_one_alert_and_is_answered(smsc: Smsc, asked: int) -> None:
    """SMPP 3.4 sections 5.3.2.28 and 5.3.2.29."""
    app = application(smsc)
    data = pdus.DataSm(
        7,
        source=Address(addr="MyBank"),
        destination=Address(addr=ALIYA),
        tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hi"), Tlv(Tag.SET_DPF, asked)),
    )
    app.send(data)
    smsc.commit()
    (answer,) = app.taken()
    assert isinstance(answer, pdus.DataSmResp)
    assert answer.tlv(Tag.DPF_RESULT) == (1 if asked else None)
    for _ in range(2):
        handset = smsc.bind(address_range=ALIYA)
        handset.lose()
    smsc.commit()
    alerts = [each for each in app.taken() if isinstance(each, AlertNotification)]
    assert [(each.source.addr, each.esme.addr) for each in alerts] == [(ALIYA, "MyBank")] * asked
    assert smsc.stand.store.reads.pending_flags() == []


def test_a_flag_for_another_network_is_not_confirmed(smsc: Smsc) -> None:
    """None is set: what goes there has arrived."""
    app = application(smsc)
    tlvs = (Tlv(Tag.MESSAGE_PAYLOAD, b"hi"), Tlv(Tag.SET_DPF, 1))
    elsewhere = Address(addr="77051112233")
    app.send(pdus.DataSm(7, source=Address(addr="1234"), destination=elsewhere, tlvs=tlvs))
    smsc.commit()
    (answer,) = [each for each in app.taken() if isinstance(each, pdus.DataSmResp)]
    assert answer.tlv(Tag.DPF_RESULT) is None


def test_a_flag_of_a_submit_multi_is_heard_of(smsc: Smsc) -> None:
    app = application(smsc)
    many = pdus.SubmitMulti(
        7,
        source=Address(addr="1234"),
        destinations=(Address(addr=ALIYA),),
        short_message=b"hi",
        tlvs=(Tlv(Tag.SET_DPF, 1),),
    )
    app.send(many)
    smsc.commit()
    app.taken()
    smsc.bind(address_range=ALIYA)
    smsc.commit()
    assert [type(each) for each in app.taken()] == [AlertNotification]


def test_a_second_bind_before_the_news_is_written_down_tells_nothing_twice(smsc: Smsc) -> None:
    app = application(smsc)
    data = pdus.DataSm(7, source=Address(addr="1234"), destination=Address(addr=ALIYA))
    app.send(replace(data, tlvs=(Tlv(Tag.MESSAGE_PAYLOAD, b"hi"), Tlv(Tag.SET_DPF, 1))))
    smsc.commit()
    app.taken()
    for _ in range(2):
        smsc.connect().send(pdus.BindTransceiver(1, "handset", "handset", address_range=ALIYA))
        while smsc.mailroom.reads:
            smsc.mailroom.reads.popleft()()
    smsc.commit()
    assert [type(each) for each in app.taken()] == [AlertNotification]
