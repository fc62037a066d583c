"""The handset's end of a USSD dialogue, as values and pure functions (interfaces.md, "USSD over SMPP")."""

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any, Final

from simulator.delivery import USSD_SERVICE_TYPE, Delivery
from simulator.errors import NoDialogue
from simulator.number import TON_UNKNOWN
from simulator.text import ussd_string

#: Bit 0 of its_session_info's second octet (SMPP 3.4 section 5.3.2.43).
END_BIT: Final = 0x0001


class UssdOp(IntEnum):
    """ussd_service_op (SMPP 3.4 section 5.3.2.44)."""

    PSSR_INDICATION = 1
    USSR_REQUEST = 2
    USSN_REQUEST = 3
    PSSR_RESPONSE = 17
    USSR_CONFIRM = 18
    USSN_CONFIRM = 19


#: What a gateway may send to a handset.
INCOMING_OPS: Final = frozenset({UssdOp.USSR_REQUEST, UssdOp.USSN_REQUEST, UssdOp.PSSR_RESPONSE})


@dataclass(frozen=True, slots=True)
class Dialogue:
    """An open dialogue.

    ``session_info`` is the its_session_info to echo (None when the gateway sends none), ``peer`` the address
    that answers go to, ``wants_answer`` whether the last screen was a question.
    """

    session_info: int | None
    peer: str
    wants_answer: bool = False


def begin(number: int, peer: str) -> Dialogue:
    """A dialogue that the handset begins; ``number`` (0-255) is its own proposal for the dialogue number."""
    return Dialogue(session_info=(number & 0xFF) << 8, peer=peer)


def after_screen(delivery: Delivery) -> Dialogue | None:
    """The dialogue after a screen: None when this one was the last."""
    info = delivery.its_session_info
    if delivery.ussd_service_op != UssdOp.USSR_REQUEST or (info is not None and info & END_BIT):
        return None
    return Dialogue(session_info=info, peer=delivery.source, wants_answer=True)


def answering(current: Dialogue | None) -> Dialogue:
    """The dialogue once its question is answered. Raises NoDialogue when there is no question."""
    if current is None:
        raise NoDialogue("no USSD dialogue is open; dial a code first, such as *100#")
    if not current.wants_answer:
        raise NoDialogue("the USSD dialogue waits for the network, there is nothing to answer yet")
    return replace(current, wants_answer=False)


def abort_info(current: Dialogue | None) -> int:
    """The its_session_info that ends the dialogue. Raises NoDialogue."""
    if current is None:
        raise NoDialogue("no USSD dialogue is open")
    return (current.session_info or 0) | END_BIT


def ussd_fields(op: UssdOp, peer: str, text: str, session_info: int | None) -> dict[str, Any]:
    """The fields of a submit_sm that carries a USSD operation, without the source. Raises BadText."""
    data_coding, octets = ussd_string(text)
    return {
        "service_type": USSD_SERVICE_TYPE,
        "dest_addr_ton": TON_UNKNOWN,
        "destination_addr": peer,
        "data_coding": data_coding,
        "short_message": octets,
        "ussd_service_op": int(op),
        "its_session_info": session_info,
    }
