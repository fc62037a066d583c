"""Octets that must wait in the store and must not be readable there: a segment may hold a voucher's code."""

import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_OCTETS = 12
#: No system_id has a space in it, so no other digest is ever made of this text.
_PURPOSE = "key for sealing"


class BrokenSealError(Exception):
    """The octets were changed, or sealed under another name or key."""


def seal(octets: bytes, name: str, digest: Callable[[str], bytes]) -> bytes:
    """AES-256-GCM under a key derived from the installation's; ``name`` (a message id) is bound in."""
    nonce = os.urandom(_NONCE_OCTETS)
    return nonce + AESGCM(digest(_PURPOSE)).encrypt(nonce, octets, name.encode())


def unseal(octets: bytes, name: str, digest: Callable[[str], bytes]) -> bytes:
    """What was sealed. Raises BrokenSealError."""
    nonce, content = octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:]
    try:
        return AESGCM(digest(_PURPOSE)).decrypt(nonce, content, name.encode())
    except (InvalidTag, ValueError):
        raise BrokenSealError(f"the seal of {name} is broken") from None
