"""Requests over the wire core: responses that wait for the delivery, and changes that race with take-off."""

import itertools
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

import pytest

from gateway.clock import ClockMode
from gateway.config import DEMO_ACCOUNTS
from gateway.smpp import pdus
from gateway.smpp.constants import CommandStatus as St
from gateway.smpp.pdus import Address
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Advance, RunDue, SetClock
from storage.errors import CommitUnknown, StoreUnavailable
from storage.model import MessageState
from tests.gateway.smsc import Client, Smsc
from tests.gateway.stand import ALIYA, BOLAT, S, Stand

DATAGRAM, TRANSACTION = 1, 2
HOUR = "000000010000000R"
OK, LATER, NEVER = St.ESME_ROK, St.ESME_RX_T_APPN, St.ESME_RX_P_APPN


@pytest.fixture
def smsc(stand: Stand) -> Smsc:
    return Smsc(stand)


def application(smsc: Smsc, version: int = 0x34) -> Client:
    client = smsc.connect()
    client.send(pdus.BindTransceiver(1, "app1", "secret1", interface_version=version))
    smsc.commit()
    return client


def hello(sequence: int = 9, text: bytes = b"hello", to: str = ALIYA, **fields: Any) -> pdus.SubmitSm:
    source, destination = Address(addr="1234"), Address(addr=to)
    return pdus.SubmitSm(sequence, source=source, destination=destination, short_message=text, **fields)


def data(sequence: int = 9, **fields: Any) -> pdus.DataSm:
    payload = (Tlv(Tag.MESSAGE_PAYLOAD, b"hello"),)
    source, destination = Address(addr="1234"), Address(addr=ALIYA)
    return pdus.DataSm(sequence, source=source, destination=destination, tlvs=payload, **fields)


def submitted(smsc: Smsc, client: Client, pdu: pdus.Pdu) -> str:
    """The id that a request is answered with at once."""
    client.send_raw(pdu)
    smsc.commit()
    (found,) = [each for each in client.taken() if isinstance(each, pdus.SubmitSmResp | pdus.DataSmResp)]
    assert found.command_status == OK
    return found.message_id


def state(smsc: Smsc) -> list[MessageState]:
    return [each.state for each in smsc.stand.messages()]


def texts(found: Iterable[pdus.Pdu]) -> list[bytes]:
    return [each.short_message for each in found if isinstance(each, pdus.DeliverSm)]


def acknowledge(smsc: Smsc, handset: Client, status: int = OK) -> list[bytes]:
    """Answer what has come, until nothing comes any more; the texts."""
    shown: list[bytes] = []
    while found := [each for each in handset.taken() if isinstance(each, pdus.DeliverSm)]:
        for each in found:
            handset.send_raw(pdus.DeliverSmResp(each.sequence_number, status))
        shown += texts(found)
        smsc.commit()
    return shown


# -- modes -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [hello, data])
def test_in_transaction_mode_the_response_comes_after_the_delivery(
    smsc: Smsc, make: Callable[..., pdus.Pdu]
) -> None:
    """SMPP 3.4 section 2.10.3."""
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    app.send_raw(make(esm_class=TRANSACTION))
    smsc.commit()
    assert app.taken() == []
    acknowledge(smsc, handset)
    assert app.answers() == [OK]
    assert state(smsc) == [MessageState.DELIVERED]


@pytest.mark.conformance(
    "data_sm_resp", "tlv.delivery_failure_reason", "tlv.network_error_code", "tlv.additional_status_info_text"
)
@pytest.mark.parametrize(
    ("status", "reason"), [(LATER, 0), (NEVER, 0), (St.ESME_RX_R_APPN, 2), (St.ESME_RMSGQFUL, 0)]
)
def test_in_transaction_mode_a_failure_is_told_with_its_reason(smsc: Smsc, status: St, reason: int) -> None:
    """delivery_failure_reason and network_error_code (sections 5.3.2.33 and 5.3.2.31); one attempt only."""
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    app.send_raw(data(esm_class=TRANSACTION))
    smsc.commit()
    acknowledge(smsc, handset, status)
    (answer,) = app.taken()
    assert isinstance(answer, pdus.DataSmResp)
    assert answer.command_status == St.ESME_RDELIVERYFAILURE
    assert answer.tlv(Tag.DELIVERY_FAILURE_REASON) == reason
    assert len(answer.tlv_bytes(Tag.NETWORK_ERROR_CODE) or b"") == 3
    assert status.name in str(answer.tlv(Tag.ADDITIONAL_STATUS_INFO_TEXT))
    assert state(smsc)[0].is_final
    assert texts(handset.taken()) == []


@pytest.mark.parametrize("make", [hello, data])
def test_in_transaction_mode_a_handset_that_is_off_is_a_failure_at_once(
    smsc: Smsc, make: Callable[..., pdus.Pdu]
) -> None:
    app = application(smsc)
    app.send_raw(make(esm_class=TRANSACTION))
    smsc.commit()
    assert app.answers() == [St.ESME_RDELIVERYFAILURE]
    assert state(smsc) == [MessageState.UNDELIVERABLE]


def test_in_datagram_mode_the_response_does_not_wait_and_there_is_one_attempt(smsc: Smsc) -> None:
    """SMPP 3.4 section 2.10.2."""
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    submitted(smsc, app, hello(esm_class=DATAGRAM))
    acknowledge(smsc, handset, LATER)
    assert state(smsc) == [MessageState.UNDELIVERABLE]


def test_a_handset_that_leaves_before_it_answers_ends_a_transaction(smsc: Smsc) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    app.send_raw(hello(esm_class=TRANSACTION))
    smsc.commit()
    handset.lose()
    smsc.commit()
    assert app.answers() == [St.ESME_RDELIVERYFAILURE]


def test_an_application_that_left_needs_no_answer(smsc: Smsc) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    app.send_raw(hello(esm_class=TRANSACTION))
    smsc.commit()
    app.lose()
    acknowledge(smsc, handset)
    assert state(smsc) == [MessageState.DELIVERED]
    assert smsc.server.requests._awaited == {}


def test_a_message_that_is_tried_once_overtakes_what_waits(smsc: Smsc) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    for number in range(3):
        submitted(smsc, app, hello(number + 2, b"%d" % number))
    submitted(smsc, app, hello(8, b"now", esm_class=DATAGRAM))
    assert texts(handset.taken()) == [b"0", b"now"]


# -- answers ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("version", "told"), [(0x34, None), (0x50, 42)])
def test_every_response_to_a_submit_tells_a_client_of_5_0_how_busy_we_are(
    smsc: Smsc, version: int, told: int | None
) -> None:
    """congestion_state (SMPP 5.0 section 4.8.4.18)."""
    app = application(smsc, version)
    smsc.congestion = 42
    many = pdus.SubmitMulti(5, source=Address(addr="1234"), destinations=(Address(1, 1, BOLAT),))
    for request in (hello(3), data(4), many):
        app.send_raw(request)
        smsc.commit()
        (answer,) = app.taken()
        assert isinstance(answer, pdus.SubmitSmResp | pdus.DataSmResp | pdus.SubmitMultiResp)
        assert answer.tlv(Tag.CONGESTION_STATE) == told


@pytest.mark.parametrize(("version", "number"), [(0x34, 1), (0x50, 0)])
def test_a_scheduled_message_is_enroute_to_a_client_that_knows_no_other_word(
    smsc: Smsc, version: int, number: int
) -> None:
    """SMPP 3.4 section 5.2.28 has no SCHEDULED; SMPP 5.0 section 4.7.15 has."""
    app = application(smsc, version)
    message_id = submitted(smsc, app, hello(schedule_delivery_time=HOUR))
    app.send_raw(pdus.QuerySm(3, message_id, Address(addr="1234")))
    smsc.commit()
    (answer,) = app.taken()
    assert isinstance(answer, pdus.QuerySmResp)
    assert (answer.message_state, answer.final_date) == (number, "")


def test_a_query_tells_when_and_why_a_message_failed(smsc: Smsc) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    message_id = submitted(smsc, app, hello())
    acknowledge(smsc, handset, NEVER)
    app.send_raw(pdus.QuerySm(3, message_id, Address(addr="1234")))
    smsc.commit()
    (answer,) = app.taken()
    assert isinstance(answer, pdus.QuerySmResp)
    assert (answer.message_id, answer.message_state, answer.error_code) == (message_id, 5, 36)
    assert answer.final_date.startswith("2603010900")
    assert answer.final_date.endswith("20+")


@pytest.mark.parametrize("form", ["standard", "upper-hex", "decimal", "hex-64", "decimal-64"])
def test_an_id_is_understood_in_the_form_in_which_it_was_told(stand: Stand, form: str) -> None:
    accounts = (DEMO_ACCOUNTS[0], replace(DEMO_ACCOUNTS[1], receipt_format=form))
    smsc = Smsc(stand, accounts=accounts)
    app = application(smsc)
    message_id = submitted(smsc, app, hello())
    for request in (
        pdus.QuerySm(3, message_id, Address(addr="1234")),
        pdus.ReplaceSm(4, message_id, Address(addr="1234"), short_message=b"new"),
        pdus.CancelSm(5, "", message_id, Address(addr="1234"), Address(addr=ALIYA)),
    ):
        app.send_raw(request)
        smsc.commit()
        assert app.answers() == [OK]


@pytest.mark.parametrize("error", [CommitUnknown("disk"), StoreUnavailable("disk full")])
def test_an_operation_whose_commit_fails_is_answered_truly_and_holds_nothing_up(
    smsc: Smsc, error: Exception
) -> None:
    app = application(smsc)
    message_id = submitted(smsc, app, hello())
    app.send_raw(pdus.CancelSm(3, "", message_id, Address(addr="1234")))
    smsc.fail(error)
    if isinstance(error, CommitUnknown):
        assert app.transport.disconnected
    else:
        assert app.answers() == [St.ESME_RSYSERR]
    handset = smsc.bind(address_range=ALIYA)
    smsc.commit()
    assert texts(handset.taken()) == [b"hello"]


# -- races -----------------------------------------------------------------------------------------

CHANGES: dict[str, Callable[[str], pdus.Pdu]] = {
    "cancel": lambda message_id: pdus.CancelSm(3, "", message_id, Address(addr="1234")),
    "cancel all": lambda _: pdus.CancelSm(3, "", "", Address(addr="1234"), Address(addr=ALIYA)),
    "replace": lambda message_id: pdus.ReplaceSm(3, message_id, Address(addr="1234"), short_message=b"new"),
    "put off": lambda message_id: pdus.ReplaceSm(
        3, message_id, Address(addr="1234"), schedule_delivery_time=HOUR, short_message=b"new"
    ),
    "replace if present": lambda _: hello(3, b"new", replace_if_present_flag=1),
}
#: What the handset sees of "old" where the change was accepted.
SEEN: dict[str, list[bytes]] = {
    "cancel": [],
    "cancel all": [],
    "replace": [b"new"],
    "put off": [],
    "replace if present": [b"new"],
}


class Race:
    """Three things happen in any order: the handset binds, the store is read, the change is written."""

    def __init__(self, smsc: Smsc, change: str) -> None:
        self.smsc = smsc
        self.app = application(smsc)
        self.message_id = submitted(smsc, self.app, hello(2, b"old"))
        self.handset: Client | None = None
        self.change = CHANGES[change](self.message_id)

    def bind(self) -> None:
        self.handset = self.smsc.connect()
        self.handset.send(pdus.BindTransceiver(1, "handset", "handset", address_range=ALIYA))

    def read(self) -> None:
        while self.smsc.mailroom.reads:
            self.smsc.mailroom.reads.popleft()()

    def ask(self) -> None:
        self.app.send_raw(self.change)

    def write(self) -> None:
        self.smsc.write()


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "order", list(itertools.permutations(["bind", "read", "ask", "write"])), ids=" ".join
)
def test_a_change_and_the_delivery_never_both_happen(smsc: Smsc, change: str, order: tuple[str, ...]) -> None:
    """Where the change is accepted the handset never sees the old text; where not, it sees just that."""
    race = Race(smsc, change)
    for step in order:
        getattr(race, step)()
    smsc.commit()
    assert race.handset is not None
    shown = acknowledge(smsc, race.handset)
    accepted = race.app.answers()[0] == OK
    if change == "replace if present":
        assert shown in ([b"new"], [b"old", b"new"])
        deleted = MessageState.DELETED in state(smsc)
        assert deleted == (b"old" not in shown)
    else:
        assert shown == (SEEN[change] if accepted else [b"old"])
    assert smsc.mailroom.dispatcher._held == {}


@pytest.mark.parametrize("change", CHANGES)
def test_a_full_queue_lets_go_of_what_was_held(smsc: Smsc, change: str) -> None:
    race = Race(smsc, change)
    smsc.queue_max = 0
    race.ask()
    assert race.app.answers() == [St.ESME_RTHROTTLED]
    smsc.queue_max = 1000
    race.bind()
    smsc.commit()
    assert race.handset is not None
    assert acknowledge(smsc, race.handset) == [b"old"]


@pytest.mark.parametrize("change", ["cancel", "cancel all", "replace"])
def test_what_is_behind_the_one_on_its_way_can_still_be_changed(smsc: Smsc, change: str) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    submitted(smsc, app, hello(4, b"first"))
    message_id = submitted(smsc, app, hello(5, b"old"))
    app.send_raw(CHANGES[change](message_id))
    assert acknowledge(smsc, handset)[0] == b"first"
    assert app.answers()[0] == OK
    arrived = [each.text for each in smsc.stand.messages() if each.state is MessageState.DELIVERED]
    assert "old" not in arrived


def test_a_change_by_the_id_of_a_submit_multi_holds_its_recipients(smsc: Smsc) -> None:
    """Their own ids have a suffix that nobody outside sees."""
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    submitted(smsc, app, hello(4, b"first"))
    many = pdus.SubmitMulti(
        5, source=Address(addr="1234"), destinations=(Address(1, 1, ALIYA),), short_message=b"old"
    )
    app.send_raw(many)
    smsc.commit()
    (answer,) = app.taken()
    assert isinstance(answer, pdus.SubmitMultiResp)
    app.send_raw(CHANGES["cancel"](answer.message_id))
    (first,) = handset.taken()
    handset.send_raw(pdus.DeliverSmResp(first.sequence_number))
    assert handset.taken() == []
    smsc.commit()
    assert app.answers() == [OK]
    assert handset.taken() == []


def test_a_message_that_expires_on_its_way_does_not_stop_those_behind_it(smsc: Smsc) -> None:
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    submitted(smsc, app, hello(4, b"first", validity_period="000000000005000R"))
    submitted(smsc, app, hello(5, b"second"))
    (first,) = handset.taken()
    smsc.stand.wall_us += 6 * S
    smsc.accept(RunDue(), lambda _: None)
    smsc.commit()
    handset.send_raw(pdus.DeliverSmResp(first.sequence_number, LATER))
    smsc.commit()
    assert acknowledge(smsc, handset) == [b"second"]


def test_a_receipt_comes_after_the_response_of_a_submit_that_replaces(smsc: Smsc) -> None:
    app = application(smsc)
    app.send_raw(hello(to="77051112233", registered_delivery=1, replace_if_present_flag=1))
    smsc.commit()
    assert [type(each) for each in app.taken()] == [pdus.SubmitSmResp, pdus.DeliverSm]


def test_a_scheduled_message_goes_out_when_its_time_comes(smsc: Smsc) -> None:
    smsc.stand.run(SetClock(ClockMode.VIRTUAL, None))
    app, handset = application(smsc), smsc.bind(address_range=ALIYA)
    submitted(smsc, app, hello(schedule_delivery_time=HOUR))
    assert handset.taken() == []
    smsc.accept(Advance(smsc.stand.clock.now_us() + 3600 * S), lambda _: None)
    smsc.commit()
    assert acknowledge(smsc, handset) == [b"hello"]
