"""Three handsets on the stand: Aliya calls, Bolat is called, Dana comes in between."""

import pytest

from rating.msisdn import Msisdn
from tests.gateway.phones import Phone, Phones
from tests.gateway.stand import ALIYA, BOLAT, Stand

DANA = Msisdn("77781234567")


@pytest.fixture
def phones(subscribed: Stand) -> Phones:
    """Aliya, Bolat and Dana have 500 KZT each; the clock stands still."""
    subscribed.subscribe(DANA)
    return Phones(subscribed)


@pytest.fixture
def aliya(phones: Phones) -> Phone:
    """Her handset is connected."""
    return phones.of(ALIYA)


@pytest.fixture
def bolat(phones: Phones) -> Phone:
    """His handset is connected."""
    return phones.of(BOLAT)


@pytest.fixture
def dana(phones: Phones) -> Phone:
    """Her handset is connected."""
    return phones.of(DANA)
