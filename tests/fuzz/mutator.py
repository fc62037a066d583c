"""Makes wrong PDUs of right ones: bits, lengths, parameters and ends, all chosen by one random source."""

import random
from collections.abc import Callable, Sequence

from tests.fuzz.corpus import Seedling

_HEADER = 16
_TELLING = b"\x00\x01\x7f\x80\xfe\xff"
#: How many mutations one mutant has: mostly one, for only what is nearly right gets far.
_COUNTS = (1, 1, 1, 1, 1, 1, 2, 2, 3, 4)
_FLIPS = (1, 1, 1, 2, 8)
#: Of a hundred mutants, how many have a command_length that is a lie: what comes behind one is swallowed.
_LIES_PERCENT = 5

#: Around the limits of command_length, and far beyond them.
_IMPOSSIBLE = (0, 15, 16, 17, 70_000, 70_001, 2**31, 2**32 - 1)


class Mutator:
    """Endless mutants of a corpus; the same for the same random source."""

    def __init__(self, seedlings: Sequence[Seedling], source: random.Random) -> None:
        self._seedlings = seedlings
        self._random = source
        self._ways: tuple[Callable[[bytearray, Seedling], None], ...] = (
            self._flip_bits,
            self._write_telling,
            self._cut,
            self._append,
            self._insert,
            self._remove,
            self._splice,
            self._shuffle_tlvs,
            self._lie_in_tlv,
            self._lie_in_length_octet,
            self._change_command,
        )

    def mutant(self) -> bytes:
        """The next one. Most have a true command_length, so that what lies behind it is looked at."""
        seedling = self._random.choice(self._seedlings)
        octets = bytearray(seedling.octets)
        for _ in range(self._random.choice(_COUNTS)):
            self._random.choice(self._ways)(octets, seedling)
        if len(octets) < _HEADER:
            octets += bytes(_HEADER - len(octets))
        lies = self._random.randrange(100) < _LIES_PERCENT
        length = self._length_lie(len(octets)) if lies else len(octets)
        octets[:4] = length.to_bytes(4, "big")
        return bytes(octets)

    def _length_lie(self, length: int) -> int:
        near = length + self._random.randint(-20, 20)
        return self._random.choice((max(near, 0), max(near, 0), *_IMPOSSIBLE))

    def _at(self, octets: bytearray) -> int:
        return self._random.randrange(4, len(octets)) if len(octets) > 4 else 0

    def _flip_bits(self, octets: bytearray, _: Seedling) -> None:
        for _flip in range(self._random.choice(_FLIPS)):
            octets[self._at(octets)] ^= 1 << self._random.randrange(8)

    def _write_telling(self, octets: bytearray, _: Seedling) -> None:
        octets[self._at(octets)] = self._random.choice(_TELLING)

    def _cut(self, octets: bytearray, _: Seedling) -> None:
        del octets[max(_HEADER, self._at(octets)) :]

    def _append(self, octets: bytearray, _: Seedling) -> None:
        octets += self._random.randbytes(self._random.randint(1, 40))

    def _insert(self, octets: bytearray, _: Seedling) -> None:
        at = max(_HEADER, self._at(octets))
        octets[at:at] = self._random.randbytes(self._random.randint(1, 8))

    def _remove(self, octets: bytearray, _: Seedling) -> None:
        at = max(_HEADER, self._at(octets))
        del octets[at : at + self._random.randint(1, 8)]

    def _splice(self, octets: bytearray, _: Seedling) -> None:
        """The head of this one, the tail of another."""
        other = self._random.choice(self._seedlings).octets
        octets[max(_HEADER, self._at(octets)) :] = other[self._random.randrange(_HEADER, len(other) + 1) :]

    def _shuffle_tlvs(self, octets: bytearray, seedling: Seedling) -> None:
        """In another order, some gone, some twice, some of another PDU's."""
        own = _blocks(bytes(octets[seedling.tlvs_at :]))
        other = self._random.choice(self._seedlings)
        own += _blocks(other.octets[other.tlvs_at :])
        chosen = self._random.choices(own, k=self._random.randint(0, len(own) + 2)) if own else []
        octets[seedling.tlvs_at :] = b"".join(chosen)

    def _lie_in_tlv(self, octets: bytearray, seedling: Seedling) -> None:
        """The length of the first parameter, or of what stands there by now."""
        at = seedling.tlvs_at + 2
        if at + 2 <= len(octets):
            octets[at : at + 2] = self._random.choice((0, 1, 5, 0x7FFF, 0xFFFF)).to_bytes(2, "big")

    def _lie_in_length_octet(self, octets: bytearray, seedling: Seedling) -> None:
        """Somewhere before the parameters: now and then it is sm_length or number_of_dests."""
        if seedling.tlvs_at > _HEADER and len(octets) >= seedling.tlvs_at:
            octets[self._random.randrange(_HEADER, seedling.tlvs_at)] = self._random.randrange(256)

    def _change_command(self, octets: bytearray, _: Seedling) -> None:
        """The body of one command under the name of another."""
        octets[4:8] = self._random.choice(self._seedlings).octets[4:8]


def _blocks(octets: bytes) -> list[bytes]:
    found = []
    while len(octets) >= 4:
        length = 4 + int.from_bytes(octets[2:4], "big")
        found.append(octets[:length])
        octets = octets[length:]
    return found
