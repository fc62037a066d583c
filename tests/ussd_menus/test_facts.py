"""Who sees a choice."""

from dataclasses import replace

import pytest

from rating.subscriber import Billing, Brand, Status
from tests.ussd_menus.toy import FACTS
from ussd_menus.facts import ACTIVE, AT_HOME, PREPAID, Facts, Guard, all_of, of_brand


@pytest.mark.parametrize(
    ("guard", "other"),
    [
        (PREPAID, replace(FACTS, billing=Billing.POSTPAID)),
        (AT_HOME, replace(FACTS, roaming=True)),
        (ACTIVE, replace(FACTS, status=Status.DEBT)),
        (of_brand(Brand.ACTIV), replace(FACTS, brand=Brand.KCELL)),
        (all_of(PREPAID, AT_HOME), replace(FACTS, roaming=True)),
        (all_of(PREPAID, AT_HOME), replace(FACTS, billing=Billing.POSTPAID)),
    ],
    ids=lambda each: each.name if isinstance(each, Guard) else "",
)
def test_a_guard_holds_for_its_own_and_for_nobody_else(guard: Guard, other: Facts) -> None:
    assert guard.holds(FACTS)
    assert not guard.holds(other)


def test_guards_that_hold_together_are_named_together() -> None:
    assert all_of(PREPAID, of_brand(Brand.ACTIV)).name == "prepaid only, activ only"


def test_a_subscriber_of_whom_nothing_is_listed_has_empty_lists() -> None:
    bare = Facts(language=FACTS.language, billing=FACTS.billing, brand=FACTS.brand)
    assert bare.items("cards") == ()
