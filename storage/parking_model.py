"""Parking sessions, drivers, fines and letters as frozen values (services.md section 8).

Times are operator time in microseconds since the epoch, 0 for what has not happened; money is tiyn.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from rating.msisdn import Msisdn


class ParkingState(StrEnum):
    """Where a session stands; the table of its ways is ``handlers.base.parking_states``.

    ASKED: its price is held and a confirmation awaited. PAYING: confirmed, and the bank has not answered.
    REMINDED: it runs, and its driver knows that the end is near. LAPSED: nobody confirmed in time.
    """

    ASKED = "asked"
    PAYING = "paying"
    RUNNING = "running"
    REMINDED = "reminded"
    ENDED = "ended"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    LAPSED = "lapsed"

    @property
    def is_open(self) -> bool:
        """True while the session occupies its plate."""
        return self in OPEN_STATES

    @property
    def is_running(self) -> bool:
        """True while the car is parked and paid for."""
        return self in RUNNING_STATES


#: In these the car is parked and paid for.
RUNNING_STATES = frozenset({ParkingState.RUNNING, ParkingState.REMINDED})
#: In these nobody else can park this plate.
OPEN_STATES = RUNNING_STATES | {ParkingState.ASKED, ParkingState.PAYING}


class PaymentMethod(StrEnum):
    """What a driver pays from: the main balance ("mobile commerce") or a bank card."""

    MAIN = "main"
    CARD = "card"


class ParkingSession(NamedTuple):
    """One parking of one car, from the question to its end.

    ``version`` and ``per_hour_tiyn`` are those of the price when it was asked for, and stay.
    ``price_tiyn`` is paid or to be paid, ``hours`` likewise, both with the extensions that are paid.
    ``from_parking_tiyn`` and ``from_main_tiyn`` are the parts of the first payment (the second one comes from
    the card where that is the ``method``, which is that of the latest question). ``main_hold`` and
    ``parking_hold`` are the open holds of these parts while it is asked; once it runs ``parking_hold`` is the
    one over the whole price, and ``main_hold`` is empty. ``card_code`` is the bank's transaction that is
    waited for, or the last that was paid by.
    ``asked_hours`` to ``ask_parking_hold`` are an extension that is asked, empty for none; ``ask_by_us`` is 0
    once it is confirmed and the bank has not answered. ``charge_tiyn`` was taken by entry ``journal_seq`` at
    the end.
    """

    id: str
    msisdn: Msisdn
    area: str
    plate: str
    state: ParkingState
    hours: int
    asked_us: int
    confirm_by_us: int
    version: str
    per_hour_tiyn: int
    price_tiyn: int
    method: PaymentMethod = PaymentMethod.MAIN
    from_parking_tiyn: int = 0
    from_main_tiyn: int = 0
    main_hold: str = ""
    parking_hold: str = ""
    began_us: int = 0
    ends_us: int = 0
    card_code: str = ""
    asked_hours: int = 0
    ask_by_us: int = 0
    ask_main_hold: str = ""
    ask_parking_hold: str = ""
    ended_us: int = 0
    charge_tiyn: int = 0
    journal_seq: int | None = None

    @property
    def is_open(self) -> bool:
        """True while it occupies its plate."""
        return self.state in OPEN_STATES

    @property
    def is_running(self) -> bool:
        """True while the car is parked and paid for."""
        return self.state in RUNNING_STATES

    @property
    def is_asked(self) -> bool:
        """True where its driver is to confirm something: the start, or an extension."""
        return self.state is ParkingState.ASKED or (self.ask_by_us > 0 and self.state in RUNNING_STATES)

    @property
    def holds(self) -> tuple[str, ...]:
        """The ids of the holds that it names."""
        named = (self.main_hold, self.parking_hold, self.ask_main_hold, self.ask_parking_hold)
        return tuple(hold_id for hold_id in named if hold_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Who is registered on the parking portal. A plate is one driver's at most.

    ``privileged`` changes nothing at 7757: everybody pays in full there.
    """

    msisdn: Msisdn
    method: PaymentMethod = PaymentMethod.MAIN
    email: str = ""
    plates: tuple[str, ...] = ()
    privileged: bool = False


class Sighting(NamedTuple):
    """A camera saw this car on one place from ``first_us`` to ``last_us``: one stay.

    ``fine_id`` is the fine for it, empty for none. There is one for each plate, the newest. ``area`` is empty
    once its driver has stopped a parking there: the next sighting begins another stay.
    """

    plate: str
    area: str
    first_us: int
    last_us: int
    fine_id: str = ""


class FineState(StrEnum):
    """ISSUED: written to its owner. UNADDRESSED: nobody knows where to write. CANCELLED: taken back."""

    ISSUED = "issued"
    UNADDRESSED = "unaddressed"
    CANCELLED = "cancelled"


class Fine(NamedTuple):
    """A fine of ``amount_tiyn`` for a stay since ``first_us``; ``letter_id`` is the mail about it."""

    id: str
    plate: str
    area: str
    at_us: int
    amount_tiyn: int
    first_us: int
    email: str = ""
    letter_id: str = ""
    state: FineState = FineState.ISSUED


class MailState(StrEnum):
    """SENDING: a server may be taking it just now. FAILED will not be tried again."""

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Mail(NamedTuple):
    """A letter in the outbox mail. ``error`` says in words why the last attempt failed.

    One that waits is not tried before ``retry_us``, which is real time: mail servers know no other.
    """

    id: str
    to: str
    subject: str
    body: str
    created_us: int
    state: MailState = MailState.WAITING
    attempts: int = 0
    error: str = ""
    retry_us: int = 0
