"""The PDUs that make, watch and end a session (SMPP 3.4 sections 4.1 to 4.3 and 4.11)."""

from dataclasses import dataclass
from typing import ClassVar

from gateway.smpp.constants import CommandId
from gateway.smpp.constants import CommandStatus as Status
from gateway.smpp.fields import cstring, int1
from gateway.smpp.pdu import Pdu, Response, WithTlvs
from gateway.smpp.tlv import Tlv


@dataclass(frozen=True, slots=True)
class Bind(Pdu):
    """What the three bind requests have in common (SMPP 3.4 section 4.1)."""

    system_id: str = cstring(16, Status.ESME_RINVSYSID)
    password: str = cstring(9, Status.ESME_RINVPASWD, secret=True)
    system_type: str = cstring(13, Status.ESME_RINVSYSTYP)
    interface_version: int = int1(default=0x34)
    addr_ton: int = int1()
    addr_npi: int = int1()
    address_range: str = cstring(41, Status.ESME_RBINDFAIL)


@dataclass(frozen=True, slots=True)
class BindResp(WithTlvs, Response):
    """What their responses have in common."""

    body_with_error: ClassVar[bool] = False

    system_id: str = cstring(16, Status.ESME_RINVSYSID)
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class BindTransmitter(Bind):
    """SMPP 3.4 section 4.1.1."""

    command_id: ClassVar[CommandId] = CommandId.BIND_TRANSMITTER


@dataclass(frozen=True, slots=True)
class BindTransmitterResp(BindResp):
    """SMPP 3.4 section 4.1.2."""

    command_id: ClassVar[CommandId] = CommandId.BIND_TRANSMITTER_RESP


@dataclass(frozen=True, slots=True)
class BindReceiver(Bind):
    """SMPP 3.4 section 4.1.3."""

    command_id: ClassVar[CommandId] = CommandId.BIND_RECEIVER


@dataclass(frozen=True, slots=True)
class BindReceiverResp(BindResp):
    """SMPP 3.4 section 4.1.4."""

    command_id: ClassVar[CommandId] = CommandId.BIND_RECEIVER_RESP


@dataclass(frozen=True, slots=True)
class BindTransceiver(Bind):
    """SMPP 3.4 section 4.1.5."""

    command_id: ClassVar[CommandId] = CommandId.BIND_TRANSCEIVER


@dataclass(frozen=True, slots=True)
class BindTransceiverResp(BindResp):
    """SMPP 3.4 section 4.1.6."""

    command_id: ClassVar[CommandId] = CommandId.BIND_TRANSCEIVER_RESP


@dataclass(frozen=True, slots=True)
class Outbind(Pdu):
    """SMPP 3.4 section 4.1.7. Has no response."""

    command_id: ClassVar[CommandId] = CommandId.OUTBIND

    system_id: str = cstring(16, Status.ESME_RINVSYSID)
    password: str = cstring(9, Status.ESME_RINVPASWD, secret=True)


@dataclass(frozen=True, slots=True)
class Unbind(Pdu):
    """SMPP 3.4 section 4.2.1."""

    command_id: ClassVar[CommandId] = CommandId.UNBIND


@dataclass(frozen=True, slots=True)
class UnbindResp(Response):
    """SMPP 3.4 section 4.2.2."""

    command_id: ClassVar[CommandId] = CommandId.UNBIND_RESP


@dataclass(frozen=True, slots=True)
class GenericNack(Response):
    """SMPP 3.4 section 4.3.1."""

    command_id: ClassVar[CommandId] = CommandId.GENERIC_NACK


@dataclass(frozen=True, slots=True)
class EnquireLink(Pdu):
    """SMPP 3.4 section 4.11.1."""

    command_id: ClassVar[CommandId] = CommandId.ENQUIRE_LINK


@dataclass(frozen=True, slots=True)
class EnquireLinkResp(Response):
    """SMPP 3.4 section 4.11.2."""

    command_id: ClassVar[CommandId] = CommandId.ENQUIRE_LINK_RESP
