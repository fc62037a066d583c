"""The ports that the gateway listens on for SMPP: plain, and TLS where a certificate is configured."""

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, gatherResults, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.protocol import Factory

from gateway.config import Config, StartError
from gateway.tls import context_of
from gateway.tls_files import TlsFileError, read_tls_files

_BACKLOG = 1024


class Listeners:
    """Both ports, open from the beginning. Raises StartError."""

    def __init__(self, reactor: Any, config: Config, factory: Factory) -> None:
        """``reactor`` has Twisted's listenTCP and listenSSL; its interfaces are zope's, so it is Any."""
        host = config.smpp_host
        plain = _opened(
            f"SMPP address {host}:{config.smpp_port}",
            lambda: reactor.listenTCP(config.smpp_port, factory, backlog=_BACKLOG, interface=host),
        )
        self._ports = [plain]
        self.smpp: int = plain.getHost().port
        self.smpp_tls: int | None = None
        tls = config.tls
        if tls is None:
            return
        try:
            context = context_of(read_tls_files(tls))
        except TlsFileError as error:
            raise StartError(str(error)) from None
        secure = _opened(
            f"SMPP TLS address {host}:{tls.port}",
            lambda: reactor.listenSSL(tls.port, factory, context, backlog=_BACKLOG, interface=host),
        )
        self._ports.append(secure)
        self.smpp_tls = secure.getHost().port

    def stopListening(self) -> "Deferred[Any]":  # noqa: N802 - as a port of Twisted's has it
        """Close both; the Deferred fires when they are."""
        return gatherResults([maybeDeferred(port.stopListening) for port in self._ports])


def _opened(name: str, listen: Callable[[], Any]) -> Any:
    try:
        return listen()
    except CannotListenError as error:
        reason = getattr(error.socketError, "strerror", None) or error.socketError
        raise StartError(f"{name}: {reason}") from None
