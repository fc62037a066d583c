"""The states that a call comes to, and how it gets there."""

from collections.abc import Callable
from typing import NamedTuple

import pytest

from gateway.work import RunDue
from rating.msisdn import Msisdn
from storage.call_model import Call, LegState
from tests.gateway.phones import Phones
from tests.gateway.stand import ALIYA, BOLAT

OFFERED, ALERTING = LegState.OFFERED, LegState.ALERTING
PROMPTING, BRIDGED = LegState.PROMPTING, LegState.BRIDGED


class Place(NamedTuple):
    """A state that calls come to, the states of its legs, and the seconds that were talked by then."""

    name: str
    reach: Callable[[Phones], None]
    legs: tuple[LegState, ...]
    talked_s: int = 0


def _asked(phones: Phones) -> None:
    phones.of(ALIYA).dial(f"000{BOLAT}")


def _offered(phones: Phones) -> None:
    phones.of(BOLAT).rings = False
    phones.of(ALIYA).dial(f"000{BOLAT}").say("Aliya")


def alerting(phones: Phones) -> None:
    """Aliya hears that Bolat's handset rings."""
    phones.of(BOLAT)
    phones.of(ALIYA).dial(f"000{BOLAT}").say("Aliya")


def announced(phones: Phones) -> None:
    """Bolat hears who calls."""
    alerting(phones)
    phones.of(BOLAT).answer()


def bridged(phones: Phones, seconds: float = 0) -> None:
    """Both have talked for so long."""
    announced(phones)
    phones.of(BOLAT).keys("1")
    phones.pass_s(seconds)


def lost(phones: Phones, who: Msisdn = BOLAT) -> None:
    """After half a minute one went out of reach, 5 s ago."""
    bridged(phones, 30)
    phones.of(who).off()
    phones.pass_s(5)


def _friends(phones: Phones) -> None:
    """The called party's handset has not rung yet, and the caller was asked nothing."""
    phones.stand.one(phones.stand.sms(f"31 {ALIYA}", "6010", BOLAT))
    phones.of(BOLAT).rings = False
    phones.of(ALIYA).dial(f"000{BOLAT}")


def _called_back(phones: Phones) -> None:
    phones.of(ALIYA)
    phones.tell(phones.stand.one(phones.stand.dial(f"*133*{BOLAT}#")).signals)
    phones.tell(phones.stand.one(RunDue()).signals)


def _called_back_and_asked(phones: Phones) -> None:
    _called_back(phones)
    phones.of(ALIYA).answer()


def _called_back_and_ringing(phones: Phones) -> None:
    phones.of(BOLAT)
    _called_back_and_asked(phones)
    phones.of(ALIYA).say("Aliya")


def _served(phones: Phones) -> None:
    phones.of(ALIYA).dial("9393")


PLACES = (
    Place("the caller is asked for a name", _asked, (PROMPTING,)),
    Place("offered", _offered, (PROMPTING, OFFERED)),
    Place("offered by a friend", _friends, (OFFERED, OFFERED)),
    Place("alerting", alerting, (ALERTING, ALERTING)),
    Place("announced", announced, (ALERTING, PROMPTING)),
    Place("bridged at this moment", bridged, (BRIDGED, BRIDGED)),
    Place("bridged for half a second", lambda phones: bridged(phones, 0.5), (BRIDGED, BRIDGED), 1),
    Place("bridged", lambda phones: bridged(phones, 30), (BRIDGED, BRIDGED), 30),
    Place("at the end of a chunk", lambda phones: bridged(phones, 60), (BRIDGED, BRIDGED), 60),
    Place("extended", lambda phones: bridged(phones, 61), (BRIDGED, BRIDGED), 61),
    Place("the last second", lambda phones: bridged(phones, 1999), (BRIDGED, BRIDGED), 1999),
    Place("the called party is lost", lost, (BRIDGED, BRIDGED), 30),
    Place("the caller is lost", lambda phones: lost(phones, ALIYA), (BRIDGED, BRIDGED), 30),
    Place("called back", _called_back, (ALERTING,)),
    Place("called back and asked", _called_back_and_asked, (PROMPTING,)),
    Place("called back and ringing", _called_back_and_ringing, (ALERTING, ALERTING)),
    Place("asked by a service", _served, (PROMPTING,)),
)
#: Each of them once, however long the talk.
STATES = tuple(
    place for place in PLACES if place.talked_s in {0, 30} and place.name != "bridged at this moment"
)
at_every_place = pytest.mark.parametrize("place", PLACES, ids=lambda place: place.name)
in_every_state = pytest.mark.parametrize("place", STATES, ids=lambda place: place.name)


def only_call(phones: Phones) -> Call:
    """The one call that there was."""
    (view,) = phones.calls()
    return view.call
