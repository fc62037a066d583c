"""What a session tells its owner. Named tuples: they are made once or twice per PDU on the hot path."""

from typing import NamedTuple

from gateway.smpp.pdus import Pdu


class Send(NamedTuple):
    """Write these octets to the transport now, in the order of the events."""

    data: bytes


class Received(NamedTuple):
    """A request of the peer: answer it through the session. ``frame`` is the PDU as it came.

    A bind is answered with ``accept_bind`` or ``reject``, all else with ``respond`` or ``reject``;
    outbind and alert_notification are not answered.
    """

    pdu: Pdu
    frame: bytes


class ResponseReceived(NamedTuple):
    """The response (or generic_nack) to the request that was sent with ``token``."""

    pdu: Pdu
    token: object
    frame: bytes


class RequestTimedOut(NamedTuple):
    """No response came within response_s. A LateResponse may still follow."""

    token: object


class LateResponse(NamedTuple):
    """The response to a request that has timed out before."""

    pdu: Pdu
    token: object


class UnexpectedResponse(NamedTuple):
    """A response that answers nothing of ours, or cannot be read; it was ignored.

    ``pending`` is True when a request does wait under this number, but the response does not fit it.
    """

    command_id: int
    command_status: int
    sequence_number: int
    pending: bool


class Refused(NamedTuple):
    """The session itself answered a request of the peer with an error (the answer is a Send beside this)."""

    command_id: int
    status: int
    sequence_number: int


class Unbound(NamedTuple):
    """No further request goes either way. Responses that are owed may still be given."""

    by_peer: bool


class Close(NamedTuple):
    """Close the transport once everything before this is written. ``reason`` is for the log."""

    reason: str


Event = (
    Send
    | Received
    | ResponseReceived
    | RequestTimedOut
    | LateResponse
    | UnexpectedResponse
    | Refused
    | Unbound
    | Close
)
