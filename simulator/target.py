"""Where the gateway is and with which account a handset binds."""

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import SplitResult, unquote, urlsplit

from simulator.errors import BadTarget

DEFAULT_TARGET: Final = "smpp://handset:handset@127.0.0.1:2775"
DEFAULT_PORT: Final = 2775
#: C-Octet String sizes without the terminator (SMPP 3.4 section 4.1.5). smpplib cuts longer ones silently.
SYSTEM_ID_OCTETS_MAX: Final = 15
PASSWORD_OCTETS_MAX: Final = 8
_FORM: Final = "a target looks like smpp://USER:PASSWORD@HOST:PORT"


@dataclass(frozen=True, slots=True)
class Target:
    """An SMPP address with its account; the password is never part of a representation."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)

    @property
    def address(self) -> str:
        """``host:port``, for messages."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``smpp://user:password@host:port``; user and password may be percent-encoded.

        Raises BadTarget, which says what is wrong but does not repeat the text.
        """
        url = _split(text)
        if url.scheme != "smpp":
            raise BadTarget(f"{_FORM}; it has to begin with smpp://")
        if not url.hostname:
            raise BadTarget(f"{_FORM}; the host is missing")
        if not url.username or url.password is None:
            raise BadTarget(f"{_FORM}; the user or the password is missing")
        return cls(url.hostname, _port(url), _user(url.username), _password(url.password))


def _split(text: str) -> SplitResult:
    try:
        return urlsplit(text.strip())
    except ValueError:
        raise BadTarget(f"{_FORM}; the host is not written right") from None


def _port(url: SplitResult) -> int:
    try:
        port = DEFAULT_PORT if url.port is None else url.port
    except ValueError:
        # urllib's own message would repeat what stands after the colon: with a forgotten host, the password.
        raise BadTarget(f"{_FORM}; the port has to be a number from 1 to 65535") from None
    if port == 0:
        raise BadTarget(f"{_FORM}; port 0 cannot be connected to")
    return port


def _user(text: str) -> str:
    return _octets(text, "the user", SYSTEM_ID_OCTETS_MAX)


def _password(text: str) -> str:
    return _octets(text, "the password", PASSWORD_OCTETS_MAX)


def _octets(text: str, what: str, octets_max: int) -> str:
    plain = unquote(text)
    if not plain.isascii() or "\0" in plain:
        raise BadTarget(f"{what} may hold ASCII characters only (SMPP 3.4 section 3.1)")
    if len(plain) > octets_max:
        raise BadTarget(f"{what} may be at most {octets_max} characters long (SMPP 3.4 section 4.1.5)")
    return plain
