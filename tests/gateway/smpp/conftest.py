"""Sessions that are made the way the server makes them, and a connected pair."""

from collections.abc import Callable

import pytest

from gateway.smpp.codec import encode
from gateway.smpp.events import Received
from gateway.smpp.pdus import Bind, BindTransceiver
from gateway.smpp.session import Session
from gateway.smpp.settings import SessionSettings
from gateway.smpp.states import Role
from gateway.smpp.timers import TimerSettings

MakeSession = Callable[..., Session]


def bind_to(session: Session, request: Bind, now: float = 0.0) -> bytes:
    """Let an SMSC's session receive the bind and accept it."""
    (received,) = session.receive_bytes(encode(request), now)
    assert isinstance(received, Received)
    assert isinstance(received.pdu, Bind)
    return session.accept_bind(received.pdu, "Shortcode")


@pytest.fixture
def smsc() -> MakeSession:
    """An SMSC's session that a transceiver (or the bind given; None: nobody) is bound to since second 0."""

    def make(
        bind: Bind | None = BindTransceiver(1, "handset", "handset"),  # noqa: B008 - a frozen value
        *,
        window: int = 4,
        inbound_window: int = 4,
        timers: TimerSettings | None = None,
    ) -> Session:
        settings = SessionSettings(
            window=window, inbound_window=inbound_window, timers=timers or TimerSettings()
        )
        session = Session(Role.SMSC, 0.0, settings)
        if bind is not None:
            bind_to(session, bind)
        return session

    return make
