"""Octets that must wait in the store and must not be readable there: a segment may hold a voucher's code."""

from collections.abc import Callable

_BLOCK_OCTETS = 32


def sealed(octets: bytes, name: str, digest: Callable[[str], bytes]) -> bytes:
    """The octets under a key stream of their own; sealing twice gives them back.

    The stream is the keyed digest (HMAC-SHA-256, 32 octets) of ``name`` and a counter: a pseudo-random
    function in counter mode (NIST SP 800-38A section 6.5). One ``name`` is for one content only, ever: use
    a message id. It hides, and does not protect against changes: the database's own rules do that.
    """
    blocks = range(-(-len(octets) // _BLOCK_OCTETS))
    # No system_id has a space in it, so no other digest is ever made of such a text.
    stream = b"".join(digest(f"sealed octets\0{name}\0{block}") for block in blocks)
    return bytes(octet ^ key for octet, key in zip(octets, stream, strict=False))
