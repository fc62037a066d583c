"""Octets in any pieces to whole frames (SMPP 3.4 section 3.2: command_length counts itself)."""

from gateway.smpp.codec import HEADER_OCTETS
from gateway.smpp.constants import CommandStatus
from gateway.smpp.errors import UnrecoverableError

#: A message_payload of 64 KiB and all mandatory fields fit; nothing legal is longer.
FRAME_OCTETS_MAX = 70_000
_LENGTH_OCTETS = 4


class Framer:
    """Cuts the stream at command_length. Keeps less than one frame, and copies each octet once or twice.

    ``failure`` is set when a length is impossible. The frames before it are still handed out; whatever
    comes after it is dropped, because nobody knows where the next PDU would begin.
    """

    __slots__ = ("_frame_octets_max", "_kept", "_needed", "failure")

    def __init__(self, frame_octets_max: int = FRAME_OCTETS_MAX) -> None:
        self._frame_octets_max = frame_octets_max
        self._kept = bytearray()
        self._needed = _LENGTH_OCTETS
        self.failure: UnrecoverableError | None = None

    @property
    def kept_octets(self) -> int:
        """How many octets of an unfinished frame are held."""
        return len(self._kept)

    def feed(self, data: bytes) -> list[bytes]:
        """All frames that are complete with ``data``, in order. Never raises; see ``failure``."""
        if self.failure is not None:
            return []
        if self._kept:
            self._kept += data
            if len(self._kept) < self._needed:
                return []
            data = bytes(self._kept)
            self._kept.clear()
        return self._cut(data)

    def _cut(self, data: bytes) -> list[bytes]:
        frames: list[bytes] = []
        position, end = 0, len(data)
        needed = _LENGTH_OCTETS
        while end - position >= _LENGTH_OCTETS:
            length = int.from_bytes(data[position : position + _LENGTH_OCTETS], "big")
            if not HEADER_OCTETS <= length <= self._frame_octets_max:
                self.failure = UnrecoverableError(CommandStatus.ESME_RINVCMDLEN)
                return frames
            if end - position < length:
                needed = length
                break
            frames.append(data[position : position + length])
            position += length
        self._needed = needed
        if position < end:
            self._kept += data[position:]
        return frames
