"""What keeps a handset from taking a message, and how it says so on the wire."""

from dataclasses import dataclass
from enum import Enum
from threading import Lock
from typing import Final

from simulator.delivery import Delivery
from simulator.status import ESME_ROK, ESME_RX_P_APPN, ESME_RX_R_APPN, ESME_RX_T_APPN

_GSM: Final = 3


class MapError(Enum):
    """What the network would report of a handset (3GPP TS 29.002 section 17.6.6, local error values)."""

    ABSENT_SUBSCRIBER = 27
    SUBSCRIBER_BUSY_FOR_MT_SMS = 31
    SM_DELIVERY_FAILURE = 32


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a delivery.

    ``network_error`` is the value of the network_error_code TLV (SMPP 3.4 section 5.3.2.31): network type and
    error, three octets; None for no TLV.
    """

    status: int = ESME_ROK
    network_error: bytes | None = None


def _for_now(error: MapError) -> Answer:
    return Answer(ESME_RX_T_APPN, bytes((_GSM,)) + error.value.to_bytes(2))


TAKEN: Final = Answer()
OUT_OF_COVERAGE: Final = _for_now(MapError.ABSENT_SUBSCRIBER)
BUSY: Final = _for_now(MapError.SUBSCRIBER_BUSY_FOR_MT_SMS)
MEMORY_FULL: Final = _for_now(MapError.SM_DELIVERY_FAILURE)
REJECTED: Final = Answer(ESME_RX_R_APPN)
BROKEN: Final = Answer(ESME_RX_P_APPN)


class Behaviour(Enum):
    """How a handset in coverage treats what comes."""

    NORMAL = "normal"
    #: Refuses every SMS and receipt for now.
    BUSY = "busy"
    #: Refuses every SMS for good.
    REJECTING = "rejecting"
    #: Refuses everything for good.
    BROKEN = "broken"


class Condition:
    """A handset's coverage, behaviour and memory. Thread-safe.

    Out of coverage the session stays bound, so that the network hears of it by the answer to a delivery.
    """

    def __init__(self) -> None:
        self.in_coverage = True
        self.behaviour = Behaviour.NORMAL
        self._lock = Lock()
        #: None: room for everything.
        self._places: int | None = None

    def fill(self) -> None:
        """From now on there is no room for a message."""
        self.free(0)

    def free(self, places: int | None = None) -> None:
        """Room for so many messages, a segment counted as one; None for as many as come."""
        with self._lock:
            self._places = places

    def answer_to(self, delivery: Delivery, *, known: bool = False) -> Answer:
        """Take a place for the delivery, or say why not. A ``known`` one has its place already."""
        if not self.in_coverage:
            return OUT_OF_COVERAGE
        if self.behaviour is Behaviour.BROKEN:
            return BROKEN
        return TAKEN if delivery.is_ussd else self._answer_to_sms(delivery, known=known)

    def _answer_to_sms(self, delivery: Delivery, *, known: bool) -> Answer:
        if self.behaviour is Behaviour.BUSY:
            return BUSY
        # Marks on what was sent are no messages: nobody keeps or rejects them.
        if delivery.is_report or known:
            return TAKEN
        if self.behaviour is Behaviour.REJECTING:
            return REJECTED
        # Class 0 is shown and not stored (3GPP TS 23.038 section 4).
        return TAKEN if delivery.is_flash or self._take_place() else MEMORY_FULL

    def _take_place(self) -> bool:
        with self._lock:
            if self._places is None:
                return True
            if self._places == 0:
                return False
            self._places -= 1
            return True
