"""One handset that dials and answers on the stand, and sees its screens as they are on the wire."""

from typing import NamedTuple

from gateway.binds import Bind
from gateway.coding.alphabet import decode
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import DeliverSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.work import Accepted, Result, Submit
from rating.msisdn import Msisdn
from tests.gateway.stand import ALIYA, Stand, pdus_of

_OK = CommandStatus.ESME_ROK


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
        result = self.stand.one(work)
        assert isinstance(result.value, Accepted)
        assert result.outboxes == ()
        return CommandStatus(result.value.status)

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
        octets, data_coding = (
            (typed.encode("ascii"), 0) if typed.isascii() else (typed.encode("utf-16-be", "surrogatepass"), 8)
        )
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
        result = self.stand.one(work)
        assert isinstance(result.value, Accepted), result.value
        assert result.value.status is _OK, result.value
        self.screens.append(screen_of(result))
        return self.seen


def screen_of(result: Result) -> Seen:
    """The screen among what a submit led to. Raises ValueError unless there is exactly one."""
    (screen,) = seen_all(result)
    return screen


def seen_all(result: Result) -> list[Seen]:
    """All screens of a submit."""
    return [_seen(each) for each in pdus_of([each for each in result.outboxes if each.bearer == "ussd"])]


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
