"""The four timers of SMPP 3.4 section 7.2 as arithmetic on a time that is passed in."""

from dataclasses import dataclass

NEVER = float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerSettings:
    """Seconds of real time; 0 switches a timer off (response_s: for enquire_link and unbind too).

    ``linger_s`` is ours: how long a connection may stay open after the unbind before we close it.
    """

    session_init_s: float = 30.0
    enquire_link_s: float = 60.0
    inactivity_s: float = 0.0
    response_s: float = 30.0
    linger_s: float = 2.0


class Timers:
    """When the link was used last, and what is due. All times are monotonic seconds."""

    __slots__ = ("_opened_at", "_settings", "_unbound_at", "heard_at", "used_at")

    def __init__(self, settings: TimerSettings, now: float) -> None:
        self._settings = settings
        self._opened_at = now
        self._unbound_at = NEVER
        #: When a whole PDU of any kind came last; enquire_link counts from here.
        self.heard_at = now
        #: When a message or bind went either way last; inactivity counts from here. enquire_link is no
        #: transaction, else two peers that keep asking each other would never be inactive.
        self.used_at = now

    def unbound(self, now: float) -> None:
        """The session was unbound now."""
        self._unbound_at = now

    @property
    def session_init_at(self) -> float:
        """When an unbound connection has had its time."""
        return self._opened_at + (self._settings.session_init_s or NEVER)

    @property
    def enquire_link_at(self) -> float:
        """When the peer should be asked whether it is there."""
        return self.heard_at + (self._settings.enquire_link_s or NEVER)

    @property
    def inactivity_at(self) -> float:
        """When a bound session without messages has had its time."""
        return self.used_at + (self._settings.inactivity_s or NEVER)

    @property
    def linger_at(self) -> float:
        """When a connection that was unbound is closed."""
        return self._unbound_at + self._settings.linger_s
