"""How an attempt ended, as what is written down of it."""

from dataclasses import replace
from typing import Final

from gateway.failures import ABSENT, FAILURES, ErrorClass, Failure
from gateway.work import Delivery
from storage.model import MessageState, Outbox

#: Before the MSISDN in the lane of USSD screens.
SCREENS: Final = "ussd:"
_DIALOGUE_GONE = replace(FAILURES[ErrorClass.PERMANENT], reason="the dialogue is gone")
_APPLICATION_GONE = replace(ABSENT, reason="the application is not bound to receive")
_ONCE_GONE = replace(ABSENT, reason="the handset cannot be reached, and one attempt was asked for")


def gone(outbox: Outbox) -> Failure:
    """Nobody is there to receive what goes at once or not at all."""
    if outbox.lane.startswith(SCREENS):
        # One that no other session of the account may take over is gone with its session.
        return _DIALOGUE_GONE if outbox.bind and " " not in outbox.bind else ABSENT
    return _APPLICATION_GONE if outbox.bearer == "ussd" else _ONCE_GONE


def delivered(outbox: Outbox) -> Delivery:
    """Its last part was acknowledged."""
    return Delivery(outbox.message_id, outbox.lane, MessageState.DELIVERED, receipt=bool(outbox.receipt_to))


def failed(outbox: Outbox, failure: Failure) -> Delivery:
    """It is not tried again."""
    return Delivery(
        outbox.message_id,
        outbox.lane,
        failure.final,
        failure.reason,
        fallback=outbox.fallback,
        receipt=bool(outbox.receipt_to),
        error_code=failure.number,
        ussd=outbox.bearer == "ussd",
    )
