"""Both sides of USSD on the stand: a handset that dials and answers, an application that hears and says.

Each sees what comes to it as it is on the wire.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

from gateway.binds import Bind
from gateway.coding.alphabet import decode
from gateway.config import Account
from gateway.dialogue_book import GUARD_JOB
from gateway.failures import Failure
from gateway.smpp.codec import decode as decode_pdu
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Accepted, Advance, Delivery, Fired, Result, Settle, Submit
from handlers.subscriber_admin import ChangeSubscriber
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.model import MessageState, Outbox
from storage.views import DialogueFilter, DialogueView
from tests.gateway.stand import ALIYA, APP, S, Stand, pdus_of

REFUSED = CommandStatus.ESME_RINVOPTPARAMVAL
DIALS = UssdServiceOp.PSSR_INDICATION
ASKS = UssdServiceOp.USSR_REQUEST
NOTICE = UssdServiceOp.USSN_REQUEST
LAST = UssdServiceOp.PSSR_RESPONSE
CONFIRM = UssdServiceOp.USSR_CONFIRM
CONFIRMS_NOTICE = UssdServiceOp.USSN_CONFIRM
_OK = CommandStatus.ESME_ROK
#: As much as short_message holds (SMPP 3.4 section 4.4.1).
_SHORT_MAX = 254


class Seen(NamedTuple):
    """A screen: its text, ussd_service_op, and the parts of its_session_info (SMPP 3.4 section 5.3.2.43)."""

    text: str
    operation: int
    number: int
    sequence: int
    end: bool
    octets: int

    @property
    def wants_answer(self) -> bool:
        """Operation 2, and no end bit; the two always agree."""
        assert self.end is (self.operation != UssdServiceOp.USSR_REQUEST)
        return not self.end

    @property
    def lines(self) -> list[str]:
        """The lines of the text."""
        return self.text.split("\n")


class Talk:
    """Each step is a submit_sm; ``seen`` is the last screen, ``status`` what the last submit was told."""

    def __init__(
        self,
        stand: Stand,
        source: Msisdn = ALIYA,
        bind: Bind | None = None,
        number: int = 7,
        sequence: int = 1,
    ) -> None:
        self.stand, self.source, self.number, self.first = stand, source, number, sequence
        # The first one binds; the others share its session.
        is_bound = "s1" in stand.processor._submits.dialogues.live
        self.bind = bind or (stand.session() if is_bound else stand.bound())
        self.screens: list[Seen] = []
        self.status = _OK

    @property
    def seen(self) -> Seen:
        """The last screen. Raises IndexError before the first one."""
        return self.screens[-1]

    def dial(self, typed: str) -> Seen:
        """Dial, and see the screen."""
        return self.shown(self.dialled(typed))

    def answer(self, *typed: str) -> Seen:
        """Answer one screen after the other, and see the last one."""
        for each in typed:
            self.shown(self.answered(each))
        return self.seen

    def dialled(self, typed: str, *, reference: int | None = None) -> Submit:
        """The submit that dials."""
        return self.said(UssdServiceOp.PSSR_INDICATION, typed, sequence=self.first, reference=reference)

    def answered(self, typed: str, *, number: int | None = None, sequence: int | None = None) -> Submit:
        """The submit that answers the last screen, or names another place in a dialogue."""
        return self.said(UssdServiceOp.USSR_CONFIRM, typed, number=number, sequence=sequence)

    def refused(self, work: Submit) -> CommandStatus:
        """Submit what leads to no screen, and the status that says so."""
        return refused(self.stand, work)

    def sees(self, work: Submit) -> Seen:
        """One side's submit leads to one screen, which arrives with all else that it led to."""
        result = taken(self.stand, work)
        self.screens.append(screen_of(result))
        arrive(self.stand, result.outboxes)
        return self.seen

    def abort(self, *, sequence: int | None = None) -> CommandStatus:
        """Answer with the end bit."""
        return self.refused(self.said(UssdServiceOp.USSR_CONFIRM, "", sequence=sequence, end=True))

    def said(
        self,
        operation: UssdServiceOp,
        typed: str,
        *,
        number: int | None = None,
        sequence: int | None = None,
        end: bool = False,
        bind: Bind | None = None,
        reference: int | None = None,
    ) -> Submit:
        """Any operation of a handset; ``reference`` is its user_message_reference."""
        if sequence is None:
            sequence = self.seen.sequence if self.screens else 0
        info = bytes((self.number if number is None else number, sequence << 1 | end))
        octets, data_coding = _body(typed)
        return self.stand.sms(
            "",
            "",
            self.source,
            bind or self.bind,
            service_type="USSD",
            short_message=octets,
            data_coding=data_coding,
            tlvs=(
                Tlv(Tag.USSD_SERVICE_OP, operation),
                Tlv(Tag.ITS_SESSION_INFO, info),
                *(() if reference is None else (Tlv(Tag.USER_MESSAGE_REFERENCE, reference),)),
            ),
        )

    def shown(self, work: Submit) -> Seen:
        """Carry out a submit that leads to one screen."""
        self.screens.append(screen_of(taken(self.stand, work)))
        return self.seen


class Heard(NamedTuple):
    """What an application gets; number and sequence are None where there is no its_session_info."""

    text: str
    operation: int
    number: int | None
    sequence: int | None
    end: bool
    msisdn: str
    pdu: DeliverSm

    @property
    def place(self) -> tuple[int, int | None, int | None, bool]:
        """Operation, number, sequence, and whether it is the end."""
        return self.operation, self.number, self.sequence, self.end

    @property
    def network_error(self) -> bytes | None:
        """Of an end that the network caused (SMPP 3.4 section 5.3.2.31)."""
        return self.pdu.tlv_bytes(Tag.NETWORK_ERROR_CODE)


class App:
    """The owner of ``*500#``. ``heard`` is all that it got; it echoes what it heard last of a handset."""

    def __init__(self, stand: Stand, account: Account = APP, session_id: str = "a1") -> None:
        self.stand, self.account = stand, account
        self.bind = stand.bound(session_id, account)
        self.heard: list[Heard] = []

    def hears(self, work: Submit) -> Heard:
        """A handset's submit leads to one message for the application, which arrives with all else."""
        (heard,) = self.takes(taken(self.stand, work))
        return heard

    def takes(self, result: Result) -> list[Heard]:
        """All that a work led to arrives, and what of it is for the application."""
        arrive(self.stand, result.outboxes)
        news = [_heard(each) for each in pdus_of(of_app(result.outboxes, self.account))]
        self.heard += news
        return news

    def says(
        self,
        text: str = "",
        operation: int = ASKS,
        *,
        to: str = "",
        number: int | None = None,
        sequence: int | None = None,
        end: bool = False,
        bind: Bind | None = None,
        source: str = "*500#",
        **fields: Any,
    ) -> Submit:
        """The submit that shows something on a handset: as an answer to what came last, or at a place."""
        heard = [each for each in self.heard if to in ("", each.msisdn)]
        last = heard[-1] if heard else None
        number = (last.number if last else 0) if number is None else number
        sequence = (last.sequence if last else 0) if sequence is None else sequence
        info = bytes((number or 0, (sequence or 0) << 1 | end))
        octets, data_coding = _body(text)
        tlvs = [Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, info)]
        if len(octets) > _SHORT_MAX:
            tlvs.append(Tlv(Tag.MESSAGE_PAYLOAD, octets))
            octets = b""
        whole = {
            "service_type": "USSD",
            "short_message": octets,
            "data_coding": data_coding,
            "tlvs": tuple(tlvs),
        }
        to = to or (last.msisdn if last else ALIYA)
        return self.stand.sms("", to, source, bind or self.bind, **(whole | fields))

    def refused(self, work: Submit) -> CommandStatus:
        """Submit what leads to nothing, and the status that says so."""
        return refused(self.stand, work)


# -- what becomes of a submit ----------------------------------------------------------------------


def taken(stand: Stand, work: Submit) -> Result:
    """The result of a submit that is accepted."""
    result = stand.one(work)
    assert isinstance(result.value, Accepted), result.value
    assert result.value.status is _OK, result.value
    return result


def refused(stand: Stand, work: Submit) -> CommandStatus:
    """The status of a submit that leads to nothing."""
    result = stand.one(work)
    assert isinstance(result.value, Accepted)
    assert result.outboxes == ()
    return CommandStatus(result.value.status)


def again(stand: Stand, bind: Bind, work: Submit) -> Submit:
    """The same octets once more, on the session of now."""
    pdu = decode_pdu(work.pdu)
    assert isinstance(pdu, SubmitSm)
    return stand.read(bind, pdu)


def arrive(stand: Stand, outboxes: Iterable[Outbox]) -> None:
    """All this is delivered."""
    ends = [Delivery(each.message_id, each.lane, MessageState.DELIVERED) for each in outboxes]
    if ends:
        stand.one(Settle(tuple(ends)))


def fail(stand: Stand, outbox: Outbox, failure: Failure) -> Result:
    """It is not delivered, and that is settled as the dispatcher does with what belongs to a dialogue."""
    end = Delivery(
        outbox.message_id,
        outbox.lane,
        failure.final,
        failure.reason,
        fallback=outbox.fallback,
        error_code=failure.number,
        ussd=outbox.bearer == "ussd",
    )
    return stand.one(Settle((end,)))


def of_app(outboxes: Iterable[Outbox], account: Account = APP) -> list[Outbox]:
    """What is for an application."""
    return [each for each in outboxes if each.lane == f"once:account:{account.system_id}"]


def of_handset(outboxes: Iterable[Outbox]) -> list[Outbox]:
    """The screens."""
    return [each for each in outboxes if each.lane.startswith("ussd:")]


def screen_of(result: Result) -> Seen:
    """The screen among what a submit led to. Raises ValueError unless there is exactly one."""
    (screen,) = seen_all(result)
    return screen


def seen_all(result: Result) -> list[Seen]:
    """All screens of a submit."""
    return [_seen(each) for each in pdus_of(of_handset(result.outboxes))]


def _seen(pdu: DeliverSm) -> Seen:
    """A deliver_sm as its reader sees it."""
    text, info, operation = (
        decode(pdu.data_coding, pdu.short_message),
        pdu.tlv_bytes(Tag.ITS_SESSION_INFO),
        pdu.tlv_int(Tag.USSD_SERVICE_OP),
    )
    assert isinstance(text, str)
    assert info is not None
    assert operation is not None
    return Seen(text, operation, info[0], info[1] >> 1, bool(info[1] & 1), len(pdu.short_message))


def _heard(pdu: DeliverSm) -> Heard:
    text, info = decode(pdu.data_coding, pdu.short_message), pdu.tlv_bytes(Tag.ITS_SESSION_INFO)
    operation = pdu.tlv_int(Tag.USSD_SERVICE_OP)
    assert isinstance(text, str)
    assert operation is not None
    number, last = info or (None, None)
    sequence, end = (None, False) if last is None else (last >> 1, bool(last & 1))
    return Heard(text, operation, number, sequence, end, pdu.source.addr, pdu)


def _body(text: str) -> tuple[bytes, int]:
    """Octets and data_coding."""
    return (text.encode("ascii"), 0) if text.isascii() else (text.encode("utf-16-be", "surrogatepass"), 8)


# -- what the inspection tells ---------------------------------------------------------------------


def dialogues(stand: Stand, *, is_open: bool | None = None) -> list[DialogueView]:
    """Oldest first."""
    return stand.store.reads.dialogues(DialogueFilter(is_open=is_open, limit=1000))[::-1]


def endings(stand: Stand) -> list[str]:
    """How each of them ended."""
    return [each.dialogue.ended for each in dialogues(stand)]


def speak(stand: Stand, language: Language) -> None:
    """Aliya's language."""
    stand.do(ChangeSubscriber(origin=stand.origin(), msisdn=ALIYA, language=language))


def passed(stand: Stand, seconds: int) -> Result:
    """Move the clock."""
    return stand.one(Advance(stand.clock.now_us() + seconds * S))


def advance(stand: Stand, seconds: int) -> list[Fired]:
    """Move the clock; what fired of dialogues."""
    fired = passed(stand, seconds).value
    assert isinstance(fired, tuple)
    return [each for each in fired if isinstance(each, Fired) and each.kind == GUARD_JOB]
