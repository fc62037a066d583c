"""The times and bounds of a handset's link."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """Times in seconds. The defaults suit loopback and a patient person."""

    connect_timeout_s: float = 5.0
    #: How long one piece of a PDU may take, in either direction.
    transfer_timeout_s: float = 10.0
    response_timeout_s: float = 10.0
    #: An idle link is asked with enquire_link (SMPP 3.4 section 4.11).
    enquire_after_s: float = 30.0
    #: After a delivery the handset soon asks too: the answer proves that its response has arrived.
    settle_after_s: float = 0.5
    unbind_timeout_s: float = 1.0
    #: Waiting times between attempts to come back; the last one repeats.
    backoff_s: tuple[float, ...] = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
