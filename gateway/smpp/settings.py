"""The limits of one session."""

from dataclasses import dataclass, field

from gateway.smpp.framer import FRAME_OCTETS_MAX
from gateway.smpp.timers import TimerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """``window``: requests of ours without a response; ``inbound_window``: requests of the peer that we
    owe a response, above which it gets ESME_RTHROTTLED. Both at least 1.
    """

    window: int = 64
    inbound_window: int = 256
    frame_octets_max: int = FRAME_OCTETS_MAX
    timers: TimerSettings = field(default_factory=TimerSettings)
