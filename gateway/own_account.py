"""Accounts that the gateway makes for parts of its own, which are SMPP clients of this very gateway."""

import secrets
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final

from gateway.config import Account, Side
from handlers.base.command import Secret

#: Eight octets, which is all that the field holds (SMPP 3.4 section 5.2.2); 48 bits.
_PASSWORD_OCTETS: Final = 6


def own_account(system_id: str, side: Side, listening_on: str, **fields: Any) -> Account:
    """An account for this process alone: a password that nobody knows, one bind, from this machine.

    ``listening_on`` is the host of the SMPP port; ``fields`` are further ones of Account.
    """
    return Account(
        system_id=system_id,
        password=Secret(secrets.token_urlsafe(_PASSWORD_OCTETS)),
        side=side,
        allowed_hosts=_own_hosts(listening_on),
        binds_max=1,
        **fields,
    )


def called(host: str) -> str:
    """Where a listener on ``host`` is reached from this machine."""
    ip = _ip(host)
    if ip is None or not ip.is_unspecified:
        return host
    return "::1" if ip.version == 6 else "127.0.0.1"


def _own_hosts(listening_on: str) -> tuple[str, ...]:
    """Whence we come: from the address that we call. A name may stand for any, so it limits nothing."""
    host = called(listening_on)
    if host == "localhost":
        return ("127.0.0.0/8", "::1")
    return (host,) if _ip(host) else ()


def _ip(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
