"""Numbers of SMPP 3.4 (issue 1.2) and the few of SMPP 5.0 that are needed, by their names in the field."""

from enum import IntEnum, IntFlag

#: Set in the command_id of every response (SMPP 3.4 section 5.1.2).
RESPONSE_BIT = 0x8000_0000
#: interface_version values (section 5.2.4); a peer below 3.4 must not be sent TLVs (section 3.4).
VERSION_33 = 0x33
VERSION_34 = 0x34
VERSION_50 = 0x50


class CommandId(IntEnum):
    """command_id (SMPP 3.4 section 5.1.2.1), and SMPP 5.0's broadcast operations, to refuse them by name."""

    GENERIC_NACK = 0x8000_0000
    BIND_RECEIVER = 0x0000_0001
    BIND_RECEIVER_RESP = 0x8000_0001
    BIND_TRANSMITTER = 0x0000_0002
    BIND_TRANSMITTER_RESP = 0x8000_0002
    QUERY_SM = 0x0000_0003
    QUERY_SM_RESP = 0x8000_0003
    SUBMIT_SM = 0x0000_0004
    SUBMIT_SM_RESP = 0x8000_0004
    DELIVER_SM = 0x0000_0005
    DELIVER_SM_RESP = 0x8000_0005
    UNBIND = 0x0000_0006
    UNBIND_RESP = 0x8000_0006
    REPLACE_SM = 0x0000_0007
    REPLACE_SM_RESP = 0x8000_0007
    CANCEL_SM = 0x0000_0008
    CANCEL_SM_RESP = 0x8000_0008
    BIND_TRANSCEIVER = 0x0000_0009
    BIND_TRANSCEIVER_RESP = 0x8000_0009
    OUTBIND = 0x0000_000B
    ENQUIRE_LINK = 0x0000_0015
    ENQUIRE_LINK_RESP = 0x8000_0015
    SUBMIT_MULTI = 0x0000_0021
    SUBMIT_MULTI_RESP = 0x8000_0021
    ALERT_NOTIFICATION = 0x0000_0102
    DATA_SM = 0x0000_0103
    DATA_SM_RESP = 0x8000_0103
    BROADCAST_SM = 0x0000_0111
    BROADCAST_SM_RESP = 0x8000_0111
    QUERY_BROADCAST_SM = 0x0000_0112
    QUERY_BROADCAST_SM_RESP = 0x8000_0112
    CANCEL_BROADCAST_SM = 0x0000_0113
    CANCEL_BROADCAST_SM_RESP = 0x8000_0113


#: Operations of SMPP 5.0 that have a number here but no PDU: answered like an unknown command_id.
BROADCAST_COMMANDS = frozenset(each for each in CommandId if "BROADCAST" in each.name)


class CommandStatus(IntEnum):
    """command_status: all of SMPP 3.4 section 5.1.3, then SMPP 5.0 section 4.7.6's additions."""

    ESME_ROK = 0x0000_0000
    ESME_RINVMSGLEN = 0x0000_0001
    ESME_RINVCMDLEN = 0x0000_0002
    ESME_RINVCMDID = 0x0000_0003
    ESME_RINVBNDSTS = 0x0000_0004
    ESME_RALYBND = 0x0000_0005
    ESME_RINVPRTFLG = 0x0000_0006
    ESME_RINVREGDLVFLG = 0x0000_0007
    ESME_RSYSERR = 0x0000_0008
    ESME_RINVSRCADR = 0x0000_000A
    ESME_RINVDSTADR = 0x0000_000B
    ESME_RINVMSGID = 0x0000_000C
    ESME_RBINDFAIL = 0x0000_000D
    ESME_RINVPASWD = 0x0000_000E
    ESME_RINVSYSID = 0x0000_000F
    ESME_RCANCELFAIL = 0x0000_0011
    ESME_RREPLACEFAIL = 0x0000_0013
    ESME_RMSGQFUL = 0x0000_0014
    ESME_RINVSERTYP = 0x0000_0015
    ESME_RINVNUMDESTS = 0x0000_0033
    ESME_RINVDLNAME = 0x0000_0034
    ESME_RINVDESTFLAG = 0x0000_0040
    ESME_RINVSUBREP = 0x0000_0042
    ESME_RINVESMCLASS = 0x0000_0043
    ESME_RCNTSUBDL = 0x0000_0044
    ESME_RSUBMITFAIL = 0x0000_0045
    ESME_RINVSRCTON = 0x0000_0048
    ESME_RINVSRCNPI = 0x0000_0049
    ESME_RINVDSTTON = 0x0000_0050
    ESME_RINVDSTNPI = 0x0000_0051
    ESME_RINVSYSTYP = 0x0000_0053
    ESME_RINVREPFLAG = 0x0000_0054
    ESME_RINVNUMMSGS = 0x0000_0055
    ESME_RTHROTTLED = 0x0000_0058
    ESME_RINVSCHED = 0x0000_0061
    ESME_RINVEXPIRY = 0x0000_0062
    ESME_RINVDFTMSGID = 0x0000_0063
    ESME_RX_T_APPN = 0x0000_0064
    ESME_RX_P_APPN = 0x0000_0065
    ESME_RX_R_APPN = 0x0000_0066
    ESME_RQUERYFAIL = 0x0000_0067
    ESME_RINVOPTPARSTREAM = 0x0000_00C0
    #: The name that SMPP 5.0 gives to 0xC0.
    ESME_RINVTLVSTREAM = 0x0000_00C0
    ESME_ROPTPARNOTALLWD = 0x0000_00C1
    ESME_RINVPARLEN = 0x0000_00C2
    ESME_RMISSINGOPTPARAM = 0x0000_00C3
    ESME_RINVOPTPARAMVAL = 0x0000_00C4
    ESME_RDELIVERYFAILURE = 0x0000_00FE
    ESME_RUNKNOWNERR = 0x0000_00FF
    ESME_RSERTYPUNAUTH = 0x0000_0100
    ESME_RPROHIBITED = 0x0000_0101
    ESME_RSERTYPUNAVAIL = 0x0000_0102
    ESME_RSERTYPDENIED = 0x0000_0103
    ESME_RINVDCS = 0x0000_0104
    ESME_RINVSRCADDRSUBUNIT = 0x0000_0105
    ESME_RINVDSTADDRSUBUNIT = 0x0000_0106
    ESME_RINVBCASTFREQINT = 0x0000_0107
    ESME_RINVBCASTALIAS_NAME = 0x0000_0108
    ESME_RINVBCASTAREAFMT = 0x0000_0109
    ESME_RINVNUMBCAST_AREAS = 0x0000_010A
    ESME_RINVBCASTCNTTYPE = 0x0000_010B
    ESME_RINVBCASTMSGCLASS = 0x0000_010C
    ESME_RBCASTFAIL = 0x0000_010D
    ESME_RBCASTQUERYFAIL = 0x0000_010E
    ESME_RBCASTCANCELFAIL = 0x0000_010F
    ESME_RINVBCAST_REP = 0x0000_0110
    ESME_RINVBCASTSRVGRP = 0x0000_0111
    ESME_RINVBCASTCHANIND = 0x0000_0112


def status_name(status: int) -> str:
    """``ESME_RTHROTTLED`` for 0x58; the number in hex where 3.4 and 5.0 have no name (vendors' own)."""
    try:
        return CommandStatus(status).name
    except ValueError:
        return f"0x{status:08X}"


def command_name(command_id: int) -> str:
    """``submit_sm`` for 4, as the specification writes it; the number in hex for an unknown one."""
    try:
        return CommandId(command_id).name.lower()
    except ValueError:
        return f"0x{command_id:08X}"


class Ton(IntEnum):
    """Type of number (SMPP 3.4 section 5.2.5)."""

    UNKNOWN = 0
    INTERNATIONAL = 1
    NATIONAL = 2
    NETWORK_SPECIFIC = 3
    SUBSCRIBER_NUMBER = 4
    ALPHANUMERIC = 5
    ABBREVIATED = 6


class Npi(IntEnum):
    """Numbering plan indicator (SMPP 3.4 section 5.2.6)."""

    UNKNOWN = 0
    ISDN = 1
    DATA = 3
    TELEX = 4
    LAND_MOBILE = 6
    NATIONAL = 8
    PRIVATE = 9
    ERMES = 10
    INTERNET = 14
    WAP_CLIENT_ID = 18


class EsmClass(IntFlag):
    """Bits of esm_class (SMPP 3.4 section 5.2.12); MODE and TYPE are masks over two and four of them."""

    MODE = 0x03
    DATAGRAM = 0x01
    FORWARD = 0x02
    STORE_AND_FORWARD = 0x03
    TYPE = 0x3C
    DELIVERY_RECEIPT = 0x04
    DELIVERY_ACKNOWLEDGEMENT = 0x08
    USER_ACKNOWLEDGEMENT = 0x10
    CONVERSATION_ABORT = 0x18
    INTERMEDIATE_NOTIFICATION = 0x20
    UDHI = 0x40
    REPLY_PATH = 0x80


class DataCoding(IntEnum):
    """data_coding (SMPP 3.4 section 5.2.19). GSM message classes (0xF0 and up) are for gateway.coding."""

    DEFAULT = 0x00
    IA5 = 0x01
    OCTETS = 0x02
    LATIN_1 = 0x03
    OCTETS_8BIT = 0x04
    JIS = 0x05
    CYRILLIC = 0x06
    HEBREW = 0x07
    UCS2 = 0x08
    PICTOGRAM = 0x09
    ISO_2022_JP = 0x0A
    EXTENDED_KANJI = 0x0D
    KS_C_5601 = 0x0E


class RegisteredDelivery(IntFlag):
    """Bits of registered_delivery (SMPP 3.4 section 5.2.17); RECEIPT and SME_ACK are masks."""

    RECEIPT = 0x03
    RECEIPT_FINAL = 0x01
    RECEIPT_FAILURE = 0x02
    SME_ACK = 0x0C
    SME_DELIVERY_ACK = 0x04
    SME_USER_ACK = 0x08
    INTERMEDIATE = 0x10


class MessageState(IntEnum):
    """message_state (SMPP 3.4 section 5.2.28)."""

    ENROUTE = 1
    DELIVERED = 2
    EXPIRED = 3
    DELETED = 4
    UNDELIVERABLE = 5
    ACCEPTED = 6
    UNKNOWN = 7
    REJECTED = 8


class UssdServiceOp(IntEnum):
    """ussd_service_op (SMPP 3.4 section 5.3.2.44)."""

    PSSD_INDICATION = 0
    PSSR_INDICATION = 1
    USSR_REQUEST = 2
    USSN_REQUEST = 3
    PSSD_RESPONSE = 16
    PSSR_RESPONSE = 17
    USSR_CONFIRM = 18
    USSN_CONFIRM = 19
