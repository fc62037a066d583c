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
DEFAULT_HTTP_PORT: Final = 8080
_HTTP_PORTS: Final = {"http": 80, "https": 443}
_HTTP_FORM: Final = "the HTTP address looks like http://127.0.0.1:8080"
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


@dataclass(frozen=True, slots=True)
class VoiceTarget:
    """Where the gateway's HTTP port is, which has the voice channel; the token is never shown."""

    host: str
    port: int = DEFAULT_HTTP_PORT
    token: str = field(default="", repr=False)
    is_secure: bool = False

    @property
    def address(self) -> str:
        """``http://host:port``, for messages."""
        return f"http{self._rest}"

    @property
    def headers(self) -> dict[str, str]:
        """What proves who calls (RFC 6750 section 2.1)."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    @property
    def _rest(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'s' if self.is_secure else ''}://{host}:{self.port}"

    def url(self, msisdn: str) -> str:
        """The voice channel of a handset."""
        return f"ws{self._rest}/api/v1/voice?msisdn={msisdn}"

    @classmethod
    def parse(cls, text: str, token: str = "") -> Self:
        """Read ``http://host:port``, or ``https``. Raises BadTarget, which does not repeat the text."""
        url = _split(text, _HTTP_FORM)
        if url.scheme not in _HTTP_PORTS or not url.hostname or url.path.strip("/") or url.username:
            raise BadTarget(_HTTP_FORM)
        is_secure = url.scheme == "https"
        return cls(url.hostname, _port(url, _HTTP_PORTS[url.scheme], _HTTP_FORM), token, is_secure)


def _split(text: str, form: str = _FORM) -> SplitResult:
    try:
        return urlsplit(text.strip())
    except ValueError:
        raise BadTarget(f"{form}; the host is not written right") from None


def _port(url: SplitResult, usual: int = DEFAULT_PORT, form: str = _FORM) -> int:
    try:
        port = usual if url.port is None else url.port
    except ValueError:
        # urllib's own message would repeat what stands after the colon: with a forgotten host, the password.
        raise BadTarget(f"{form}; the port has to be a number from 1 to 65535") from None
    if port == 0:
        raise BadTarget(f"{form}; port 0 cannot be connected to")
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
