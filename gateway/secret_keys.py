"""Keyed digests and unguessable ids: the secrets that live beside the database, never in it."""

import os
import stat
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

KEY_OCTETS = 32
_BLOCK_OCTETS = 64
_RANDOM_OCTETS = 10
_RANDOM_MASK = (1 << 74) - 1
#: Ids per call for randomness: one system call for many ids.
_POOL_IDS = 256


class KeyFileError(Exception):
    """The key file cannot be used; the message is one line that says what to do."""


def load_key(path: Path, random_octets: Callable[[int], bytes] = os.urandom) -> bytes:
    """The key of this installation: 32 octets, made on first use, readable by the owner only.

    Two processes that start at once agree on one key. Raises KeyFileError.
    """
    try:
        if not path.exists():
            _create(path, random_octets(KEY_OCTETS))
        key = path.read_bytes()
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        raise KeyFileError(f"key file {path}: {error.strerror or error}") from None
    if len(key) != KEY_OCTETS:
        raise KeyFileError(
            f"key file {path} has {len(key)} octets, not {KEY_OCTETS}; restore it from a backup"
        )
    if mode & 0o077:
        raise KeyFileError(f"key file {path} can be read by others; run: chmod 600 {path}")
    return key


def _create(path: Path, key: bytes) -> None:
    """Write beside the name, then link: the name never shows half a key and never replaces another's."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        _sync_directory(path.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync_directory(directory: Path) -> None:
    """The name itself must survive a power loss: vouchers printed under a lost key are worthless."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Digest:
    """HMAC-SHA-256 (RFC 2104) of a text under one key: 32 octets, the same for the same text.

    The two key blocks are hashed once and copied, which takes half the time of ``hmac.digest``.
    """

    __slots__ = ("_inner", "_outer")

    def __init__(self, key: bytes) -> None:
        if len(key) > _BLOCK_OCTETS:
            raise ValueError("a key longer than a block would have to be hashed first")
        block = key.ljust(_BLOCK_OCTETS, b"\0")
        self._inner = sha256(bytes(octet ^ 0x36 for octet in block))
        self._outer = sha256(bytes(octet ^ 0x5C for octet in block))

    def __call__(self, text: str) -> bytes:
        """The digest of the text's UTF-8 octets. Callable from any thread."""
        inner = self._inner.copy()
        inner.update(text.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()

    def __repr__(self) -> str:
        return "Digest(***)"


class IdSource:
    """Ids of 32 hexadecimal digits: 54 bits of microseconds, strictly rising, then 74 random bits.

    Like UUID version 7 (RFC 9562 section 5.7) in that they sort by time, but without its fixed bits: the
    finer time keeps them rising within a millisecond while every id has randomness of its own, so that
    one id tells nothing about its neighbours. Callable from any thread.
    """

    __slots__ = ("_last_us", "_lock", "_pool", "_random_octets", "_wall_us")

    def __init__(
        self, wall_us: Callable[[], int], random_octets: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._wall_us = wall_us
        self._random_octets = random_octets
        self._last_us = 0
        self._pool: list[int] = []
        self._lock = Lock()

    def __call__(self) -> str:
        """The next id; a clock that stands or falls does not make ids repeat or fall."""
        with self._lock:
            if not self._pool:
                self._pool = self._draw()
            self._last_us = max(self._last_us + 1, self._wall_us())
            return f"{self._last_us << 74 | self._pool.pop():032x}"

    def _draw(self) -> list[int]:
        octets = self._random_octets(_POOL_IDS * _RANDOM_OCTETS)
        cuts = range(0, len(octets), _RANDOM_OCTETS)
        return [int.from_bytes(octets[cut : cut + _RANDOM_OCTETS], "big") & _RANDOM_MASK for cut in cuts]
