"""Flags of applications that wait for a handset: one for each of both, until it is told."""

import pytest

from storage.model import MessageState, PendingFlag
from storage.store import Store
from tests.storage.rows import ALIYA, BOLAT, message, promise, work

FLAG = PendingFlag(ALIYA, "app1", "1234", "mt1")


@pytest.fixture
def waiting(store: Store) -> Store:
    """Two messages that could not be delivered."""
    with work(store) as uow:
        for number in (1, 2):
            uow.messages.add(message(f"mt{number}"), promise(f"mt{number}"))
    return store


def test_a_flag_comes_back_with_the_state_of_its_message(waiting: Store) -> None:
    with work(waiting) as uow:
        uow.pending_flags.set(FLAG)
    assert waiting.reads.pending_flags() == [(FLAG, MessageState.ENROUTE)]
    with work(waiting) as uow:
        uow.messages.finish("mt1", MessageState.DELIVERED)
    assert waiting.reads.pending_flags() == [(FLAG, MessageState.DELIVERED)]


@pytest.mark.parametrize("together", [True, False])
def test_setting_it_again_replaces_it(waiting: Store, together: bool) -> None:
    again = FLAG._replace(esme="MyBank", message_id="mt2")
    with work(waiting) as uow:
        uow.pending_flags.set(FLAG)
        if together:
            uow.pending_flags.set(again)
    if not together:
        with work(waiting) as uow:
            uow.pending_flags.set(again)
    assert waiting.reads.pending_flags() == [(again, MessageState.ENROUTE)]


def test_each_handset_and_each_application_has_its_own(waiting: Store) -> None:
    flags = {FLAG, FLAG._replace(system_id="app2"), FLAG._replace(msisdn=BOLAT)}
    with work(waiting) as uow:
        for flag in flags:
            uow.pending_flags.set(flag)
    with work(waiting) as uow:
        uow.pending_flags.clear(ALIYA, "app2")
        uow.pending_flags.clear(BOLAT, "nobody")
    assert {flag for flag, _ in waiting.reads.pending_flags()} == {FLAG, FLAG._replace(msisdn=BOLAT)}


@pytest.mark.parametrize("order", ["set, clear", "clear, set"])
def test_within_one_unit_of_work_the_last_word_counts(waiting: Store, order: str) -> None:
    with work(waiting) as uow:
        uow.pending_flags.set(FLAG)
    with work(waiting) as uow:
        for word in order.split(", "):
            if word == "set":
                uow.pending_flags.set(FLAG._replace(message_id="mt2"))
            else:
                uow.pending_flags.clear(FLAG.msisdn, FLAG.system_id)
    found = [flag.message_id for flag, _ in waiting.reads.pending_flags()]
    assert found == (["mt2"] if order == "clear, set" else [])


def test_many_are_cleared_at_once(waiting: Store) -> None:
    """More than share one statement where a key is a single column."""
    handsets = [f"7702{number:07}" for number in range(100)]
    with work(waiting) as uow:
        uow.pending_flags.set(FLAG)
        for handset in handsets:
            uow.pending_flags.set(FLAG._replace(msisdn=handset))
    with work(waiting) as uow:
        for handset in handsets:
            uow.pending_flags.clear(handset, FLAG.system_id)
    assert [flag for flag, _ in waiting.reads.pending_flags()] == [FLAG]
