"""Packet captures: every PDU of every SMPP session, in a file that Wireshark opens as SMPP.

The file is a pcap of link type 252, "Wireshark upper PDU": tags that name the dissector and the addresses,
then the PDU. So there are no forged TCP headers, no retransmissions and no segments to join. Passwords,
voucher codes and card numbers are masked (``gateway.capture_mask``).

What is no PDU is not called one: a frame whose body cannot be read, which the gateway refuses or forgives,
goes in as plain data with a word about it. Whatever else a dissector calls malformed is therefore a fault.
"""

import fcntl
import os
import struct
from collections.abc import Callable
from ipaddress import IPv4Address, ip_address
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.capture_mask import masked, masked_unread
from gateway.coding import udh
from gateway.coding.errors import CodingError
from gateway.config import StartError
from gateway.smpp.codec import HEADER_OCTETS, decode
from gateway.smpp.constants import command_name, status_name
from gateway.smpp.errors import RecoverableError
from gateway.smpp.framer import Framer
from gateway.smpp.pdu import WithTlvs
from gateway.smpp.pdus import Pdu
from gateway.smpp.tlv import Tag

log = structlog.get_logger("gateway.capture")

LINK_TYPE: Final = 252
#: Magic number, version 2.4, no time zone, no accuracy, longest record, link type; little-endian.
_FILE_HEADER: Final = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262_144, LINK_TYPE)
#: Seconds, microseconds, octets kept, octets there were.
_RECORD: Final = struct.Struct("<IIII")
_TAG: Final = struct.Struct(">HH")
#: Written at once when so much waits, however long a turn of the reactor takes.
_BUFFER_OCTETS: Final = 1_048_576
_OWNER_ONLY: Final = 0o600
_US: Final = 1_000_000

# Tags of the header (Wireshark's exported_pdu_tlvs.h).
_END, _DISSECTOR, _COL_INFO = 0, 12, 36
_IPV4_SRC, _IPV4_DST, _IPV6_SRC, _IPV6_DST = 20, 21, 22, 23
_PORT_TYPE, _SRC_PORT, _DST_PORT = 24, 25, 26
_TCP: Final = 2


class Capture:
    """The file. It is appended to, so that a restart keeps what was there; a record cut by a crash goes.

    Records are kept until the end of the reactor's turn and then written in one call. What cannot be written
    ends the capture, never a session.
    """

    def __init__(
        self,
        path: Path,
        wall_us: Callable[[], int],
        later: Callable[[Callable[[], None]], object],
        octets_max: int,
    ) -> None:
        """``later`` calls a function at the end of this turn; the file grows to ``octets_max`` at most.

        Raises StartError when the file cannot be written, is none of ours or belongs to a running gateway.
        """
        self._wall_us = wall_us
        self._later = later
        self._octets_max = octets_max
        self._waiting: list[bytes] = []
        self._waiting_octets = 0
        self._fd = _open(path)
        self._octets = os.fstat(self._fd).st_size
        self.on = self._octets < octets_max

    def tap(self, ours: Any, theirs: Any, frame_octets_max: int) -> "Tap":
        """For one connection between two of Twisted's addresses."""
        return Tap(self, (ours.host, ours.port), (theirs.host, theirs.port), frame_octets_max)

    def add(self, tags: bytes, pdu: bytes) -> None:
        """One record, with the time that it is now."""
        if not self.on:
            return
        length = len(tags) + len(pdu)
        if self._octets + _RECORD.size + length > self._octets_max:
            self._stop("capture.full")
            return
        seconds, rest = divmod(self._wall_us(), _US)
        self._waiting.append(_RECORD.pack(seconds, rest, length, length) + tags + pdu)
        self._octets += _RECORD.size + length
        self._waiting_octets += _RECORD.size + length
        if len(self._waiting) == 1:
            self._later(self.flush)
        if self._waiting_octets >= _BUFFER_OCTETS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        octets, self._waiting, self._waiting_octets = b"".join(self._waiting), [], 0
        try:
            while octets and self._fd >= 0:
                octets = octets[os.write(self._fd, octets) :]
        except OSError as error:
            self._stop("capture.failed", reason=error.strerror)

    def close(self) -> None:
        """Write what waits, and no more after it."""
        self.flush()
        self.on = False
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _stop(self, event: str, **fields: Any) -> None:
        self.on = False
        log.warning(event, octets=self._octets, **fields)


class Tap:
    """One connection's way into the capture: octets in any pieces, cut into PDUs on their way."""

    __slots__ = ("_capture", "_inbound", "_outbound")

    def __init__(
        self, capture: Capture, ours: tuple[str, int], theirs: tuple[str, int], frame_octets_max: int
    ) -> None:
        self._capture = capture
        self._inbound = (Framer(frame_octets_max), _addresses(theirs, ours))
        self._outbound = (Framer(frame_octets_max), _addresses(ours, theirs))

    def received(self, data: bytes) -> None:
        """Octets from the client."""
        if self._capture.on:
            self._take(*self._inbound, data, inbound=True)

    def sent(self, data: bytes) -> None:
        """Octets to the client."""
        if self._capture.on:
            self._take(*self._outbound, data, inbound=False)

    def _take(self, framer: Framer, addresses: bytes, data: bytes, *, inbound: bool) -> None:
        for frame in framer.feed(data):
            refusal, pdu = _read(frame)
            if pdu is None:
                self._capture.add(_UNREAD + _text(_COL_INFO, refusal) + addresses, masked_unread(frame))
            else:
                self._capture.add(_SMPP + addresses, masked(frame, pdu, inbound=inbound))


def _read(frame: bytes) -> tuple[str, Pdu | None]:
    """The PDU, or why there is none that every reader would take."""
    try:
        pdu = decode(frame)
        if getattr(pdu, "esm_class", 0) & udh.UDHI:
            udh.parse(_content(pdu))
    except RecoverableError as error:
        return f"{command_name(error.command_id)}: {status_name(error.status)}", None
    except CodingError as error:
        return str(error), None
    if pdu.body_optional and len(frame) == HEADER_OCTETS and not getattr(pdu, "command_status", 0):
        return f"{command_name(pdu.command_id)} without its body, which is forgiven", None
    return "", pdu


def _content(pdu: Pdu) -> bytes:
    payload = pdu.tlv_bytes(Tag.MESSAGE_PAYLOAD) if isinstance(pdu, WithTlvs) else None
    return getattr(pdu, "short_message", b"") or payload or b""


def _open(path: Path) -> int:
    """The file's descriptor, at the end of its last whole record. Raises StartError."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, _OWNER_ONLY)
    except OSError as error:
        raise StartError(f"capture file {path}: {error.strerror or error}") from None
    try:
        _claim(fd)
    except (OSError, ValueError) as error:
        os.close(fd)
        raise StartError(f"capture file {path}: {error}") from None
    return fd


def _claim(fd: int) -> None:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError("another process writes it") from None
    header = os.pread(fd, len(_FILE_HEADER), 0)
    if not header:
        os.write(fd, _FILE_HEADER)
    elif header != _FILE_HEADER:
        raise ValueError("is there and is no capture of this program")
    else:
        os.ftruncate(fd, _whole_records(fd))


def _whole_records(fd: int) -> int:
    """Where the last whole record ends, in octets."""
    size, end = os.fstat(fd).st_size, len(_FILE_HEADER)
    while True:
        header = os.pread(fd, _RECORD.size, end)
        if len(header) < _RECORD.size:
            return end
        after = end + _RECORD.size + int.from_bytes(header[8:12], "little")
        if after > size:
            return end
        end = after


# -- tags ------------------------------------------------------------------------------------------


def _tag(tag: int, value: bytes = b"") -> bytes:
    return _TAG.pack(tag, len(value)) + value


def _text(tag: int, value: str) -> bytes:
    """Wireshark's own texts are filled up to four octets."""
    octets = value.encode()
    return _tag(tag, octets + bytes(-len(octets) % 4))


def _addresses(source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """The end of a header: who sent it to whom."""
    (source_host, source_port), (target_host, target_port) = source, target
    return (
        _host(source_host, _IPV4_SRC, _IPV6_SRC)
        + _host(target_host, _IPV4_DST, _IPV6_DST)
        + _tag(_PORT_TYPE, _TCP.to_bytes(4, "big"))
        + _tag(_SRC_PORT, source_port.to_bytes(4, "big"))
        + _tag(_DST_PORT, target_port.to_bytes(4, "big"))
        + _tag(_END)
    )


def _host(host: str, tag4: int, tag6: int) -> bytes:
    address = ip_address(host.partition("%")[0])
    return _tag(tag4 if isinstance(address, IPv4Address) else tag6, address.packed)


_SMPP: Final = _text(_DISSECTOR, "smpp")
_UNREAD: Final = _text(_DISSECTOR, "data")
