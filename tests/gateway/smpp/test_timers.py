"""The timers as arithmetic."""

from gateway.smpp.timers import NEVER, Timers, TimerSettings

ALL = TimerSettings(session_init_s=5, enquire_link_s=10, inactivity_s=100, response_s=3, linger_s=2)


def test_they_count_from_what_they_watch() -> None:
    """Connection, last PDU, last message, unbind."""
    timers = Timers(ALL, 1000.0)
    timers.heard_at, timers.used_at = 1001.0, 1002.0
    assert (timers.session_init_at, timers.enquire_link_at, timers.inactivity_at) == (1005, 1011, 1102)
    assert timers.linger_at == NEVER
    timers.unbound(1003.0)
    assert timers.linger_at == 1005


def test_zero_switches_a_timer_off() -> None:
    """Each for itself."""
    off = TimerSettings(session_init_s=0, enquire_link_s=0, inactivity_s=0, response_s=0)
    timers = Timers(off, 1000.0)
    assert {timers.session_init_at, timers.enquire_link_at, timers.inactivity_at} == {NEVER}
