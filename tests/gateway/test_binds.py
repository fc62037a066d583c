"""Who serves which number: the narrowest, among equals the latest; and who receives for an application."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.address_range import parse_address_range
from gateway.binds import Bind, Binds, Link
from gateway.config import Account
from tests.gateway.fake_mailroom import APP, HANDSETS

ALIYA, BOLAT = "77011234567", "77021234567"
PATTERNS = ("", "^77", "^7701", "^7702", ALIYA, BOLAT)


def bind(session_id: str, pattern: str = "", account: Account = HANDSETS, *, receives: bool = True) -> Bind:
    return Bind(
        session_id=session_id,
        account=account,
        receives=receives,
        address_range=parse_address_range(pattern),
        link=cast("Link", None),
    )


@pytest.fixture
def binds() -> Binds:
    return Binds()


def serving(binds: Binds, msisdn: str = ALIYA) -> str | None:
    found = binds.for_msisdn(msisdn)
    return None if found is None else found.session_id


def test_nobody_serves_a_handset_that_is_off(binds: Binds) -> None:
    assert serving(binds) is None


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_the_narrowest_bind_wins_whenever_it_came(binds: Binds, order: tuple[int, ...]) -> None:
    for index in order:
        binds.add(bind(f"s{index}", ("", "^7701", ALIYA)[index]))
    assert serving(binds) == "s2"
    binds.remove("s2")
    assert serving(binds) == "s1"
    binds.remove("s1")
    assert serving(binds) == "s0"


@pytest.mark.parametrize("pattern", ["", "^7701", ALIYA])
def test_among_equals_the_latest_wins_and_gives_way_again(binds: Binds, pattern: str) -> None:
    binds.add(bind("old", pattern))
    binds.add(bind("new", pattern))
    assert serving(binds) == "new"
    binds.remove("new")
    assert serving(binds) == "old"


def test_a_transmitter_serves_nobody(binds: Binds) -> None:
    binds.add(bind("tx", receives=False))
    assert serving(binds) is None
    assert binds.get("tx") is not None
    assert binds.for_account("handset") == []


def test_an_application_serves_no_numbers(binds: Binds) -> None:
    binds.add(bind("app", account=APP))
    assert serving(binds) is None
    assert [each.session_id for each in binds.for_account("app1")] == ["app"]


def test_sessions_are_counted_by_account_and_forgotten_once(binds: Binds) -> None:
    binds.add(bind("a"))
    binds.add(bind("b", receives=False))
    assert (binds.count("handset"), len(binds)) == (2, 2)
    assert binds.remove("b") is not None
    assert binds.remove("b") is None
    assert binds.count("handset") == 1
    assert [each.session_id for each in binds] == ["a"]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.sampled_from(PATTERNS)), max_size=25))
def test_the_cached_answer_is_always_the_one_of_the_rule(steps: list[tuple[bool, int, str]]) -> None:
    binds, live = Binds(), dict[str, Bind]()
    for adds, number, pattern in steps:
        session_id = f"s{number}"
        if adds and session_id not in live:
            live[session_id] = bind(session_id, pattern)
            binds.add(live[session_id])
        elif not adds:
            binds.remove(session_id)
            live.pop(session_id, None)
        for msisdn in (ALIYA, BOLAT):
            covering = [each for each in live.values() if each.address_range.serves(msisdn)]
            best = max(covering, key=lambda b: (b.address_range.narrowness, b.order), default=None)
            assert binds.for_msisdn(msisdn) is best
