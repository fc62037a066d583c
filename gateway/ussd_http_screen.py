"""The screen of an HTTP application as the submit_sm that brings it (interfaces.md "USSD over SMPP")."""

from typing import Final

from gateway.coding import gsm7
from gateway.coding.alphabet import DATA_CODING, Alphabet, encode
from gateway.rendering import address
from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.fields import SHORT_MESSAGE_OCTETS_MAX
from gateway.smpp.pdus import DeliverSm, SubmitSm
from gateway.smpp.tlv import Tag, Tlv
from gateway.ussd_http_session import Answer

_OPERATION: Final = {False: UssdServiceOp.USSR_REQUEST, True: UssdServiceOp.PSSR_RESPONSE}


def screen_pdu(asked: DeliverSm, code: str, answer: Answer) -> SubmitSm:
    """The answer to ``asked``, whose its_session_info it echoes. ``code`` is without the ``#``.

    What is too long for short_message goes in message_payload; the gateway cuts it to a screen.
    """
    data_coding, octets = _encoded(answer.text)
    tlvs: tuple[Tlv, ...] = (
        Tlv(Tag.USSD_SERVICE_OP, _OPERATION[answer.last]),
        Tlv(Tag.ITS_SESSION_INFO, asked.tlv_bytes(Tag.ITS_SESSION_INFO) or b"\0\0"),
    )
    if len(octets) > SHORT_MESSAGE_OCTETS_MAX:
        tlvs, octets = (*tlvs, Tlv(Tag.MESSAGE_PAYLOAD, octets)), b""
    return SubmitSm(
        service_type="USSD",
        source=address(f"{code}#"),
        destination=asked.source,
        data_coding=data_coding,
        short_message=octets,
        tlvs=tlvs,
    )


def _encoded(text: str) -> tuple[int, bytes]:
    """(data_coding, octets), in GSM 7 bit where it can be."""
    septets = gsm7.try_encode(text)
    if septets is not None:
        return DATA_CODING[Alphabet.GSM7], septets
    return DATA_CODING[Alphabet.UCS2], encode(Alphabet.UCS2, text)
