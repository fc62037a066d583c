"""Octets to PDU values and back. The tables of pdus.py are compiled into closures once, at import.

``decode`` accepts a frame or raises RecoverableError or UnrecoverableError, and nothing else. Which status
wins when several things are wrong: the command_id, then the first bad mandatory field in wire order, then
the first bad optional parameter, then octets that nothing accounts for (ESME_RINVCMDLEN).
"""

import dataclasses
from collections.abc import Callable, Sequence
from itertools import groupby
from operator import attrgetter
from struct import Struct
from struct import error as struct_error
from typing import Any

from gateway.smpp.constants import RESPONSE_BIT, CommandStatus
from gateway.smpp.errors import EncodeError, FieldError, RecoverableError, UnrecoverableError
from gateway.smpp.fields import Int1, Kind, Reader, Writer
from gateway.smpp.pdus import PDU_BY_ID, PDUS, GenericNack, Pdu, Response
from gateway.smpp.tlv import read_tlvs, write_tlvs

HEADER_OCTETS = 16
_HEADER = Struct(">4I")
_OK = CommandStatus.ESME_ROK
_BAD_LENGTH = CommandStatus.ESME_RINVCMDLEN

# (frame, command_status, sequence_number) -> PDU; raises FieldError or IndexError.
_Decoder = Callable[[bytes, int, int], Pdu]
_Encoder = Callable[[Any], bytes]
_Row = Kind | Int1
_Group = tuple[int, Sequence[_Row]]


def _wire_rows(pdu: type[Pdu]) -> list[tuple[str, _Row]]:
    fields = dataclasses.fields(pdu)
    return [(each.name, each.metadata["wire"]) for each in fields if "wire" in each.metadata]


def _groups(rows: list[tuple[str, _Row]]) -> list[_Group]:
    """Runs of single octets together, all else one by one, each with the index of its first value."""
    groups: list[_Group] = []
    index = 0
    for joined, run in groupby((kind for _, kind in rows), key=lambda kind: isinstance(kind, Int1)):
        kinds = list(run)
        groups += [(index, kinds)] if joined else [(index + i, [kind]) for i, kind in enumerate(kinds)]
        index += len(kinds)
    return groups


def _run_reader(count: int) -> Reader:
    def read(frame: bytes, position: int, values: list[Any]) -> int:
        after = position + count
        if after > len(frame):
            raise FieldError(_BAD_LENGTH)
        values.extend(frame[position:after])
        return after

    return read


def _reader(kinds: Sequence[_Row]) -> Reader:
    kind = kinds[0]
    return _run_reader(len(kinds)) if isinstance(kind, Int1) else kind.reader()


def _compile_decoder(pdu: type[Pdu]) -> _Decoder:
    rows = _wire_rows(pdu)
    readers = tuple(_reader(kinds) for _, kinds in _groups(rows))
    has_tlvs = any(each.name == "tlvs" for each in dataclasses.fields(pdu))
    response, body_optional = issubclass(pdu, Response), pdu.body_optional

    def decode_body(frame: bytes, values: list[Any]) -> Pdu:
        position = HEADER_OCTETS
        for read in readers:
            position = read(frame, position, values)
        if position != len(frame):
            if not has_tlvs:
                raise FieldError(_BAD_LENGTH)
            values.append(read_tlvs(frame, position))
        return pdu(*values)

    def decode_response(frame: bytes, status: int, sequence_number: int) -> Pdu:
        values = [sequence_number, status]
        if len(frame) == HEADER_OCTETS and (status or body_optional):
            return pdu(*values)
        return decode_body(frame, values)

    def decode_request(frame: bytes, _status: int, sequence_number: int) -> Pdu:
        return decode_body(frame, [sequence_number])

    return decode_response if response else decode_request


def _getter_and_writer(names: Sequence[str], kinds: Sequence[_Row]) -> tuple[Callable[[Any], Any], Writer]:
    kind = kinds[0]
    if not isinstance(kind, Int1):
        return attrgetter(*names), kind.writer()
    # attrgetter gives a tuple only for two names or more.
    return attrgetter(*names), bytes if len(names) > 1 else lambda value: bytes((value,))


def _compile_encoder(pdu: type[Pdu]) -> _Encoder:
    rows = _wire_rows(pdu)
    names = [name for name, _ in rows]
    fields = tuple(
        _getter_and_writer(names[index : index + len(kinds)], kinds) for index, kinds in _groups(rows)
    )
    has_tlvs = any(each.name == "tlvs" for each in dataclasses.fields(pdu))
    is_response, body_with_error = issubclass(pdu, Response), pdu.body_with_error
    command_id = int(pdu.command_id)
    pack = _HEADER.pack

    def encode_pdu(value: Any) -> bytes:
        status = value.command_status if is_response else 0
        if status and not body_with_error:
            return pack(HEADER_OCTETS, command_id, status, value.sequence_number)
        body = b"".join([write(field_of(value)) for field_of, write in fields])
        if has_tlvs and value.tlvs:
            body += write_tlvs(value.tlvs)
        return pack(HEADER_OCTETS + len(body), command_id, status, value.sequence_number) + body

    return encode_pdu


_DECODERS: dict[int, _Decoder] = {each.command_id: _compile_decoder(each) for each in PDUS}
_ENCODERS: dict[type[Pdu], _Encoder] = {each: _compile_encoder(each) for each in PDUS}


def read_header(frame: bytes) -> tuple[int, int, int, int]:
    """command_length, command_id, command_status, sequence_number (SMPP 3.4 section 3.2).

    Raises UnrecoverableError when the frame is not as long as it says, or shorter than a header.
    """
    if len(frame) < HEADER_OCTETS:
        raise UnrecoverableError(_BAD_LENGTH)
    header: tuple[int, int, int, int] = _HEADER.unpack_from(frame)
    if header[0] != len(frame):
        raise UnrecoverableError(_BAD_LENGTH)
    return header


def decode(frame: bytes) -> Pdu:
    """One whole frame (command_length octets) to its PDU.

    A request's command_status must be NULL and is not looked at. Raises RecoverableError (answer its
    status) or UnrecoverableError (the frame is not a frame).
    """
    _, command_id, status, sequence_number = read_header(frame)
    return decode_body(frame, command_id, status, sequence_number)


def decode_body(frame: bytes, command_id: int, status: int, sequence_number: int) -> Pdu:
    """As ``decode``, for a caller that has the header already. Raises RecoverableError."""
    decoder = _DECODERS.get(command_id)
    if decoder is None:
        raise RecoverableError(CommandStatus.ESME_RINVCMDID, sequence_number, command_id)
    try:
        return decoder(frame, status, sequence_number)
    except FieldError as error:
        raise RecoverableError(error.status, sequence_number, command_id) from None
    except IndexError:
        # A single octet was looked for past the end of the body.
        raise RecoverableError(_BAD_LENGTH, sequence_number, command_id) from None


def encode(pdu: Pdu) -> bytes:
    """The octets of a PDU, header included.

    The body of a response with an error is left out where SMPP 3.4 says that it is not returned.
    Raises EncodeError when a value does not fit its field.
    """
    try:
        return _ENCODERS[type(pdu)](pdu)
    except EncodeError as error:
        raise EncodeError(f"{type(pdu).__name__}: {error}") from None
    except (struct_error, ValueError, OverflowError):
        # Not chained: the text of a UnicodeEncodeError would carry the field's content.
        raise EncodeError(f"{type(pdu).__name__}: a number or character is out of range") from None


def error_response(command_id: int, status: int, sequence_number: int) -> bytes:
    """The answer to a request that cannot be served: its own response, else generic_nack.

    outbind, alert_notification and unknown commands have no response (SMPP 3.4 section 4.3).
    """
    response = PDU_BY_ID.get(command_id | RESPONSE_BIT)
    if response is None or command_id not in PDU_BY_ID or not issubclass(response, Response):
        response = GenericNack
    return encode(response(sequence_number, status))


def bare_response(command_id: int, status: int, sequence_number: int) -> bytes:
    """The header of a command's own response with an error, for a command that has no PDU here."""
    return _HEADER.pack(HEADER_OCTETS, command_id | RESPONSE_BIT, status, sequence_number)


def with_sequence(encoded: bytes, sequence_number: int) -> bytes:
    """The same PDU with another sequence_number (octets 12 to 15), without decoding it."""
    return encoded[:12] + sequence_number.to_bytes(4, "big") + encoded[16:]
