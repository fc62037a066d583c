"""smpplib 2.2.4 with its known faults worked around, in subclasses: the library itself stays untouched.

- Its deliver_sm does not know ``ussd_service_op`` (0x0501), which comes with every USSD screen, and raises
  KeyError; the same for every other parameter that it knows only from other PDUs.
- Its responses to deliveries cannot carry ``network_error_code`` (0x0423), by which a handset says why it
  refuses, and its submit_sm no ``receipted_message_id`` (0x001E), by which an acknowledgement names the
  message.
- It takes broken bodies for good ones: a missing terminator makes it read from the start again, a length past
  the end gives a shorter value, an integer parameter is read with its usual length whatever its length says.
- A time-out in the middle of a PDU loses the octets read so far, and with them the framing.
- It connects to IPv4 only and hides why a connection failed.
- It logs whole PDUs in hexadecimal, the bind with its password among them.
"""

import logging
import socket
import struct
from contextlib import suppress
from typing import Any, Final

# Reason for every import-untyped here: smpplib has no annotations.
from smpplib import client, command, consts, exceptions, smpp  # type: ignore[import-untyped]
from smpplib.ptypes import ostr  # type: ignore[import-untyped]

from simulator.status import ESME_RINVCMDID, ESME_RINVOPTPARSTREAM

HEADER_OCTETS: Final = 16
FRAME_OCTETS_MAX: Final = 70_000
_RESPONSE_BIT: Final = 0x8000_0000
_ESME_RINVMSGLEN: Final = 0x00000001
_ESME_RINVCMDLEN: Final = 0x00000002

#: Parameters that a deliver_sm may carry to a handset and that smpplib's table lacks (interfaces.md, "USSD
#: over SMPP"; SMPP 5.0 section 4.8.4.63 ussd_service_op, 4.8.4.37 its_session_info).
_USSD_PARAMETERS: Final = {
    "ussd_service_op": command.Param(type=int, size=1),
    "its_session_info": command.Param(type=int, size=2),
}
#: What a delivery may say about the display (SMPP 3.4 section 5.3.2.1), where smpplib's table lacks it.
_DISPLAY_PARAMETERS: Final = {"dest_addr_subunit": command.Param(type=int, size=1)}
_NETWORK_ERROR: Final = {"network_error_code": command.Param(type=ostr, size=3)}
#: As octets: smpplib counts a string's characters and sends its UTF-8.
_RECEIPTED: Final = {"receipted_message_id": command.Param(type=ostr, max=65)}
_TLV_NAMES: Final = {tag: name for name, tag in consts.OPTIONAL_PARAMS.items()}


class LinkEnded(Exception):
    """The connection is over; the message says why."""


class BrokenPdu(Exception):
    """A PDU whose frame is whole and whose body is not: to be answered with ``status``."""

    def __init__(self, status: int, command_id: int, sequence: int, what: str) -> None:
        super().__init__(what)
        self.status = status
        self.command_id = command_id
        self.sequence = sequence

    @property
    def is_response(self) -> bool:
        """A broken response is not answered again."""
        return bool(self.command_id & _RESPONSE_BIT)


class _BadBody(Exception):
    def __init__(self, status: int, what: str) -> None:
        super().__init__(what)
        self.status = status


class _Strict:
    """Parsing that notices what smpplib lets pass. Mixed in before one of smpplib's commands."""

    params: dict[str, Any]

    def _parse_string(self, field: str, data: bytes, pos: int) -> tuple[bytes, int]:
        end = data.find(b"\0", pos)
        if end < 0 or end - pos >= self.params[field].max:
            raise _BadBody(_ESME_RINVCMDLEN, f"{field} has no end")
        setattr(self, field, data[pos:end])
        return data, end + 1

    def _parse_int(self, field: str, data: bytes, pos: int) -> tuple[bytes, int]:
        end = pos + self.params[field].size
        if end > len(data):
            raise _BadBody(_ESME_RINVCMDLEN, f"{field} is missing")
        setattr(self, field, int.from_bytes(data[pos:end]))
        return data, end

    def _parse_ostring(self, field: str, data: bytes, pos: int) -> tuple[bytes, int]:
        end = pos + getattr(self, self.params[field].len_field)
        if end > len(data):
            raise _BadBody(_ESME_RINVMSGLEN, f"{field} is shorter than its length says")
        setattr(self, field, data[pos:end])
        return data, end

    def parse_optional_params(self, data: bytes) -> None:
        """Read the TLVs; one that this PDU does not know is skipped (SMPP 3.4 section 3.3)."""
        position = 0
        while position < len(data):
            if position + 4 > len(data):
                raise _BadBody(ESME_RINVOPTPARSTREAM, "an optional parameter is cut")
            tag, length = struct.unpack_from(">HH", data, position)
            position += 4 + length
            if position > len(data):
                raise _BadBody(ESME_RINVOPTPARSTREAM, f"parameter 0x{tag:04X} goes past the end")
            self._take_tlv(tag, data[position - length : position])

    def _take_tlv(self, tag: int, value: bytes) -> None:
        name = _TLV_NAMES.get(tag, "")
        param = self.params.get(name)
        if param is None:
            return
        if param.type is int and len(value) != param.size:
            raise _BadBody(ESME_RINVOPTPARSTREAM, f"{name} is {len(value)} octets long")
        setattr(self, name, _tlv_value(param, value))


def _tlv_value(param: Any, value: bytes) -> int | bytes:
    if param.type is int:
        return int.from_bytes(value)
    return value if param.type is ostr else value.removesuffix(b"\0")


def _extended(table: dict[str, Any], *more: dict[str, Any]) -> dict[str, Any]:
    return {name: param for each in (table, *more) for name, param in each.items()}


# Reason for every misc: smpplib's classes are untyped, hence Any.
class DeliverSm(_Strict, command.DeliverSM):  # type: ignore[misc]
    """deliver_sm with the USSD parameters."""

    params = _extended(command.DeliverSM.params, _USSD_PARAMETERS, _DISPLAY_PARAMETERS)
    sm_length: int
    params_order = tuple(dict.fromkeys((*command.DeliverSM.params_order, *params)))

    def parse_params(self, data: bytes) -> None:
        """Read the body; smpplib stops silently where it ends too early."""
        self.sm_length = -1
        super().parse_params(data)
        if self.sm_length < 0:
            raise _BadBody(_ESME_RINVCMDLEN, "the body ends before short_message")
        if self.sm_length and self.short_message is None:
            raise _BadBody(_ESME_RINVMSGLEN, "short_message is missing")


class DataSm(_Strict, command.DataSM):  # type: ignore[misc]
    """data_sm with the USSD parameters; its text is in message_payload only."""

    params = _extended(command.DataSM.params, _USSD_PARAMETERS)
    params_order = tuple(dict.fromkeys((*command.DataSM.params_order, *params)))
    short_message: bytes | None = None

    def parse_params(self, data: bytes) -> None:
        """Read the body; smpplib stops silently where it ends too early."""
        super().parse_params(data)
        if self.data_coding is None:
            raise _BadBody(_ESME_RINVCMDLEN, "the body ends before data_coding")


class AlertNotification(_Strict, command.AlertNotification):  # type: ignore[misc]
    """alert_notification, read strictly."""


class SubmitSm(command.SubmitSM):  # type: ignore[misc]
    """submit_sm that can name the message that it acknowledges."""

    params = _extended(command.SubmitSM.params, _RECEIPTED)
    params_order = (*command.SubmitSM.params_order, *_RECEIPTED)


class SubmitSmResp(_Strict, command.SubmitSMResp):  # type: ignore[misc]
    """submit_sm_resp, read strictly."""


class DeliverSmResp(_Strict, command.DeliverSMResp):  # type: ignore[misc]
    """deliver_sm_resp that can say why (the TLV is SMPP 5.0's, section 4.3.2; 3.4 has it in data_sm_resp)."""

    params = _extended(command.DeliverSMResp.params, _NETWORK_ERROR)
    params_order = (*command.DeliverSMResp.params_order, *_NETWORK_ERROR)


class DataSmResp(_Strict, command.DataSMResp):  # type: ignore[misc]
    """data_sm_resp whose network_error_code is octets, as in SMPP 3.4 section 5.3.2.31."""

    params = _extended(command.DataSMResp.params, _NETWORK_ERROR)


_OWN_CLASSES: Final[dict[str, Any]] = {
    "alert_notification": AlertNotification,
    "data_sm": DataSm,
    "data_sm_resp": DataSmResp,
    "deliver_sm": DeliverSm,
    "deliver_sm_resp": DeliverSmResp,
    "submit_sm": SubmitSm,
    "submit_sm_resp": SubmitSmResp,
}
#: Requests that smpplib would take for complete when they have no body at all.
_WITH_BODY: Final = frozenset({"alert_notification", "data_sm", "deliver_sm"})


def make_pdu(name: str, **fields: Any) -> Any:
    """A PDU to send, as smpplib's object or one of the classes above."""
    own = _OWN_CLASSES.get(name)
    return smpp.make_pdu(name, **fields) if own is None else own(name, **fields)


def parse(frame: bytes) -> Any:
    """One whole PDU as smpplib's object. Raises BrokenPdu, nothing else."""
    command_id, _status, sequence = struct.unpack_from(">LLL", frame, 4)
    try:
        return _parse(frame)
    except exceptions.UnknownCommandError:
        raise BrokenPdu(ESME_RINVCMDID, command_id, sequence, f"unknown command 0x{command_id:08X}") from None
    except _BadBody as fault:
        raise BrokenPdu(fault.status, command_id, sequence, str(fault)) from None
    except (struct.error, KeyError, ValueError, TypeError, AttributeError) as fault:
        # The PDUs that are still read by smpplib alone have no error of their own for a broken body.
        raise BrokenPdu(_ESME_RINVCMDLEN, command_id, sequence, f"unreadable body: {fault!r}") from None


def _parse(frame: bytes) -> Any:
    # sequence=0: else smpplib takes a fresh number of the sender's for every PDU that it reads.
    name = smpp.pdu.extract_command(frame)
    own = _OWN_CLASSES.get(name)
    if own is None:
        return smpp.parse_pdu(frame, sequence=0, allow_unknown_opt_params=True)
    pdu: Any = own(name, sequence=0)
    pdu.parse(frame)
    if name in _WITH_BODY and len(frame) == HEADER_OCTETS:
        raise _BadBody(_ESME_RINVCMDLEN, "the body is missing")
    return pdu


class Client(client.Client):  # type: ignore[misc]  # see above
    """smpplib's client, used for its connection, its sequence numbers and for sending."""

    def __init__(self, host: str, port: int, timeout_s: float) -> None:
        self._socket: socket.socket | None = None
        super().__init__(
            host, port, timeout=timeout_s, allow_unknown_opt_params=True, logger_name=_quiet_logger()
        )

    def connect(self) -> None:
        """Connect over IPv4 or IPv6. Raises OSError with the true reason."""
        self._socket = connected = socket.create_connection((self.host, self.port), timeout=self.timeout)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.state = consts.SMPP_CLIENT_STATE_OPEN

    @property
    def connection(self) -> socket.socket:
        """The connected socket."""
        if self._socket is None:
            raise LinkEnded("the connection is closed")
        return self._socket

    def set_bound(self) -> None:
        """What smpplib's own read_pdu does for a bind_transceiver_resp."""
        self.state = consts.SMPP_CLIENT_STATE_BOUND_TRX

    def shut(self) -> None:
        """End both directions, so that a thread that waits in read_frame wakes up."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the socket, in whatever state the session is."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self.state = consts.SMPP_CLIENT_STATE_CLOSED

    def read_frame(self) -> bytes:
        """One whole PDU. Waits as long as the socket's time-out for each piece. Raises LinkEnded."""
        try:
            start = self._recv_exact(4)
            length = int.from_bytes(start)
            if not HEADER_OCTETS <= length <= FRAME_OCTETS_MAX:
                raise LinkEnded(f"the gateway sent an impossible command_length, {length}")
            return bytes(start + self._recv_exact(length - 4))
        except exceptions.ConnectionError:
            raise LinkEnded("the gateway closed the connection") from None
        except TimeoutError:
            raise LinkEnded("the gateway stopped in the middle of a PDU") from None


def _quiet_logger() -> str:
    """A private logger that drops everything: smpplib's debug lines hold passwords."""
    logger = logging.getLogger("simulator.smpplib")
    logger.disabled = True
    return logger.name
