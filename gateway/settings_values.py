"""Checks of single values in the settings. Each gives the value in its one form or raises ValueError."""

import re
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from handlers.base.email_address import is_email
from rating.msisdn import parse_msisdn

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_VISIBLE = re.compile(r"[!-~]+")
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def checked_host(text: str) -> str:
    """An address or a network: ``10.1.2.3``, ``10.0.0.0/8``, ``2001:db8::/32``."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("is no IP address and no network such as 10.0.0.0/8 (host bits zero)") from None


def checked_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint: 64 hex digits, as openssl prints them or without the colons."""
    plain = text.replace(":", "").lower()
    if _FINGERPRINT.fullmatch(plain) is None:
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits; colons are allowed")
    return plain


def checked_endpoint(text: str) -> str:
    """``host:port``, an IPv6 address in brackets; or empty."""
    if not text:
        return ""
    host, colon, port = text.rpartition(":")
    if not colon or not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65_535:
        raise ValueError("write it as host:port, such as 127.0.0.1:2776")
    if not _is_address(host) and _HOST_NAME.fullmatch(host) is None:
        raise ValueError("the host is no name and no address; an IPv6 address stands in brackets")
    return text


def checked_server(text: str) -> str:
    """A host's name or IP address, without a port; or empty."""
    try:
        is_address = bool(text) and bool(ip_address(text))
    except ValueError:
        is_address = False
    if text and not is_address and _HOST_NAME.fullmatch(text) is None:
        raise ValueError("is no name and no address of a host, such as mail.example.com")
    return text


def checked_email(text: str) -> str:
    """An e-mail address."""
    if not is_email(text):
        raise ValueError("is no e-mail address; write it like parking@example.com")
    return text


def _is_address(host: str) -> bool:
    if not (host.startswith("[") and host.endswith("]")):
        return False
    try:
        return ip_address(host[1:-1]).version == 6
    except ValueError:
        return False


def checked_url(text: str) -> str:
    """An absolute URL with http or https, of visible ASCII."""
    try:
        url = urlsplit(text)
        # The port is looked at when it is asked for.
        whole = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        raise ValueError("is no URL") from None
    if not whole or _VISIBLE.fullmatch(text) is None or url.fragment:
        raise ValueError("is written like http://127.0.0.1:8090/ussd, in visible ASCII")
    if "@" in url.netloc:
        raise ValueError("has a name or password before the host, which would not be sent")
    return text


def checked_number(text: str) -> str:
    """A subscriber's number, however it is typed, in the canonical form."""
    return parse_msisdn(text)


def checked_members(members: tuple[str, ...]) -> tuple[str, ...]:
    """At least one."""
    if not members:
        raise ValueError("a list has at least one member")
    return members


def checked_receipt_format(name: str) -> str:
    """The name of a row in ``gateway.receipts.FORMATS``."""
    # Here, because only an account that names a format makes the start wait for that import.
    from gateway.receipts import FORMATS  # noqa: PLC0415

    if name not in FORMATS:
        raise ValueError(f"is none of {', '.join(FORMATS)}")
    return name


def checked_ussd_dialect(name: str) -> str:
    """The name of one of ``gateway.ussd_dialects.DIALECTS``."""
    # Here for the reason that stands above.
    from gateway.ussd_dialects import DIALECTS  # noqa: PLC0415

    if name not in DIALECTS:
        raise ValueError(f"is none of {', '.join(DIALECTS)}")
    return name
