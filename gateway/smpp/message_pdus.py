"""The PDUs that carry, query, change and announce messages (SMPP 3.4 sections 4.4 to 4.10 and 4.12).

SMPP 5.0 lets more responses carry optional parameters than 3.4 does; those are taken too (SMPP 3.4
section 3.3, forward compatibility).
"""

# ruff: noqa: RUF009 - a row is dataclasses.field(); its default is an immutable Address
from dataclasses import dataclass
from typing import ClassVar

from gateway.smpp.constants import CommandId
from gateway.smpp.constants import CommandStatus as Status
from gateway.smpp.fields import (
    Address,
    DistributionList,
    UnsuccessSme,
    address,
    cstring,
    int1,
    short_message,
    time,
)
from gateway.smpp.lists import destinations, unsuccessful
from gateway.smpp.pdu import Pdu, Response, WithTlvs
from gateway.smpp.quick import quick
from gateway.smpp.tlv import Tlv

Destination = Address | DistributionList


@dataclass(frozen=True, slots=True)
class ShortMessagePdu(WithTlvs, Pdu):
    """The layout that submit_sm and deliver_sm share (SMPP 3.4 sections 4.4.1 and 4.6.1)."""

    service_type: str = cstring(6, Status.ESME_RINVSERTYP)
    source: Address = address(21, Status.ESME_RINVSRCADR)
    destination: Address = address(21, Status.ESME_RINVDSTADR)
    esm_class: int = int1()
    protocol_id: int = int1()
    priority_flag: int = int1()
    schedule_delivery_time: str = time(Status.ESME_RINVSCHED)
    validity_period: str = time(Status.ESME_RINVEXPIRY)
    registered_delivery: int = int1()
    replace_if_present_flag: int = int1()
    data_coding: int = int1()
    sm_default_msg_id: int = int1()
    short_message: bytes = short_message()
    tlvs: tuple[Tlv, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class SubmitSm(ShortMessagePdu):
    """SMPP 3.4 section 4.4.1."""

    command_id: ClassVar[CommandId] = CommandId.SUBMIT_SM


@quick
@dataclass(frozen=True, slots=True)
class SubmitSmResp(WithTlvs, Response):
    """SMPP 3.4 section 4.4.2."""

    command_id: ClassVar[CommandId] = CommandId.SUBMIT_SM_RESP
    body_with_error: ClassVar[bool] = False

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmitMulti(WithTlvs, Pdu):
    """SMPP 3.4 section 4.5.1."""

    command_id: ClassVar[CommandId] = CommandId.SUBMIT_MULTI

    service_type: str = cstring(6, Status.ESME_RINVSERTYP)
    source: Address = address(21, Status.ESME_RINVSRCADR)
    destinations: tuple[Destination, ...] = destinations()
    esm_class: int = int1()
    protocol_id: int = int1()
    priority_flag: int = int1()
    schedule_delivery_time: str = time(Status.ESME_RINVSCHED)
    validity_period: str = time(Status.ESME_RINVEXPIRY)
    registered_delivery: int = int1()
    replace_if_present_flag: int = int1()
    data_coding: int = int1()
    sm_default_msg_id: int = int1()
    short_message: bytes = short_message()
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class SubmitMultiResp(WithTlvs, Response):
    """SMPP 3.4 section 4.5.2."""

    command_id: ClassVar[CommandId] = CommandId.SUBMIT_MULTI_RESP
    body_with_error: ClassVar[bool] = False

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    unsuccessful: tuple[UnsuccessSme, ...] = unsuccessful()
    tlvs: tuple[Tlv, ...] = ()


@quick
@dataclass(frozen=True, slots=True)
class DeliverSm(ShortMessagePdu):
    """SMPP 3.4 section 4.6.1; the fields of submit_sm, of which some are unused."""

    command_id: ClassVar[CommandId] = CommandId.DELIVER_SM


@quick
@dataclass(frozen=True, slots=True)
class DeliverSmResp(WithTlvs, Response):
    """SMPP 3.4 section 4.6.2. message_id is unused, so many peers leave the whole body out."""

    command_id: ClassVar[CommandId] = CommandId.DELIVER_SM_RESP
    body_optional: ClassVar[bool] = True

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSm(WithTlvs, Pdu):
    """SMPP 3.4 section 4.7.1."""

    command_id: ClassVar[CommandId] = CommandId.DATA_SM

    service_type: str = cstring(6, Status.ESME_RINVSERTYP)
    source: Address = address(65, Status.ESME_RINVSRCADR)
    destination: Address = address(65, Status.ESME_RINVDSTADR)
    esm_class: int = int1()
    registered_delivery: int = int1()
    data_coding: int = int1()
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class DataSmResp(WithTlvs, Response):
    """SMPP 3.4 section 4.7.2. Its optional parameters explain an error, so the body stays."""

    command_id: ClassVar[CommandId] = CommandId.DATA_SM_RESP

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class QuerySm(Pdu):
    """SMPP 3.4 section 4.8.1."""

    command_id: ClassVar[CommandId] = CommandId.QUERY_SM

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    source: Address = address(21, Status.ESME_RINVSRCADR)


@dataclass(frozen=True, slots=True)
class QuerySmResp(Response):
    """SMPP 3.4 section 4.8.2."""

    command_id: ClassVar[CommandId] = CommandId.QUERY_SM_RESP

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    final_date: str = time(Status.ESME_RINVEXPIRY)
    message_state: int = int1()
    error_code: int = int1()


@dataclass(frozen=True, slots=True)
class CancelSm(Pdu):
    """SMPP 3.4 section 4.9.1."""

    command_id: ClassVar[CommandId] = CommandId.CANCEL_SM

    service_type: str = cstring(6, Status.ESME_RINVSERTYP)
    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    source: Address = address(21, Status.ESME_RINVSRCADR)
    destination: Address = address(21, Status.ESME_RINVDSTADR)


@dataclass(frozen=True, slots=True)
class CancelSmResp(Response):
    """SMPP 3.4 section 4.9.2."""

    command_id: ClassVar[CommandId] = CommandId.CANCEL_SM_RESP


@dataclass(frozen=True, slots=True)
class ReplaceSm(WithTlvs, Pdu):
    """SMPP 3.4 section 4.10.1; message_payload is SMPP 5.0's (section 4.5.3.1)."""

    command_id: ClassVar[CommandId] = CommandId.REPLACE_SM

    message_id: str = cstring(65, Status.ESME_RINVMSGID)
    source: Address = address(21, Status.ESME_RINVSRCADR)
    schedule_delivery_time: str = time(Status.ESME_RINVSCHED)
    validity_period: str = time(Status.ESME_RINVEXPIRY)
    registered_delivery: int = int1()
    sm_default_msg_id: int = int1()
    short_message: bytes = short_message()
    tlvs: tuple[Tlv, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplaceSmResp(Response):
    """SMPP 3.4 section 4.10.2."""

    command_id: ClassVar[CommandId] = CommandId.REPLACE_SM_RESP


@dataclass(frozen=True, slots=True)
class AlertNotification(WithTlvs, Pdu):
    """SMPP 3.4 section 4.12.1. Has no response."""

    command_id: ClassVar[CommandId] = CommandId.ALERT_NOTIFICATION

    source: Address = address(65, Status.ESME_RINVSRCADR)
    esme: Address = address(65, Status.ESME_RINVDSTADR)
    tlvs: tuple[Tlv, ...] = ()
