"""USSD dialogues in the store: one is open for each handset, and all that was said in it stays in order."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.errors import Broken
from storage.model import Dialogue, DialogueTurn
from storage.needs import Needs
from storage.store import Store
from storage.views import DialogueFilter, DialogueView
from tests.storage.databases import Database
from tests.storage.rows import ALIYA, BOLAT, NOW_US, work

FIRST = Dialogue(
    id="d1",
    msisdn=ALIYA,
    number=255,
    owner="menu",
    service_code="*100",
    account="handset",
    session_id="s1",
    opened_us=NOW_US,
)
SHOWN = DialogueTurn("d1", 1, NOW_US, "USSR_REQUEST", "Тіл таңдаңыз ₸ 🙂", 42, "cut")
ON = FIRST._replace(
    account="other", session_id="s2", sequence=127, state='["{\\"₸\\"}"]', updated_us=NOW_US + 1
)


def found(store: Store) -> list[DialogueView]:
    """All, oldest first."""
    return store.reads.dialogues(DialogueFilter())[::-1]


def begin(store: Store, *dialogues: Dialogue) -> None:
    with work(store) as uow:
        for each in dialogues:
            uow.dialogues.begin(each)


def test_a_dialogue_is_found_by_its_handset_until_it_ends(store: Store) -> None:
    begin(store, FIRST)
    with work(store) as uow:
        assert uow.dialogues.of(ALIYA) == FIRST
        assert uow.dialogues.of(BOLAT) is None
        uow.dialogues.put(FIRST._replace(ended="completed"))
        assert uow.dialogues.of(ALIYA) is None
    with work(store) as uow:
        assert uow.dialogues.of(ALIYA) is None
    assert [each.dialogue.ended for each in found(store)] == ["completed"]


@pytest.mark.parametrize("together", [True, False])
def test_what_becomes_of_a_dialogue_is_kept_and_how_it_began_stays(store: Store, together: bool) -> None:
    """Its bind, sequence and state change with each answer; whose it is and when it began do not."""
    with work(store) as uow:
        uow.dialogues.begin(FIRST)
        if together:
            uow.dialogues.put(ON)
    if not together:
        with work(store) as uow:
            uow.dialogues.put(ON)
    with work(store) as uow:
        assert uow.dialogues.of(ALIYA) == ON


def test_begin_answer_and_end_fit_one_unit_of_work(store: Store) -> None:
    """A batch may hold several steps of one handset."""
    with work(store) as uow:
        uow.dialogues.begin(FIRST)
        uow.dialogues.said(SHOWN)
        uow.dialogues.put(ON)
        uow.dialogues.put(ON._replace(ended="dialled anew"))
        uow.dialogues.begin(FIRST._replace(id="d2"))
        uow.dialogues.put(FIRST._replace(id="d2", ended="completed"))
        uow.dialogues.begin(FIRST._replace(id="d3"))
    views = found(store)
    assert [(each.dialogue.id, each.dialogue.ended) for each in views] == [
        ("d1", "dialled anew"),
        ("d2", "completed"),
        ("d3", ""),
    ]
    assert views[0].turns == (SHOWN,)


def test_one_that_was_open_ends_in_the_unit_of_work_in_which_the_next_begins(store: Store) -> None:
    begin(store, FIRST)
    with work(store) as uow:
        uow.dialogues.put(FIRST._replace(ended="dialled anew"))
        uow.dialogues.begin(FIRST._replace(id="d2"))
    with work(store) as uow:
        assert uow.dialogues.of(ALIYA) == FIRST._replace(id="d2")


@pytest.mark.parametrize("known", [True, False])
def test_a_second_dialogue_of_a_handset_is_refused(store: Store, known: bool) -> None:
    """Whether this unit of work has seen the first one or not."""
    begin(store, FIRST)
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        if known:
            uow.dialogues.of(ALIYA)
        with pytest.raises(Broken, match="has a dialogue open"):
            uow.dialogues.begin(FIRST._replace(id="d2"))


def test_the_database_itself_lets_no_handset_have_two(database: Database, store: Store) -> None:
    """A partial unique index; ended ones are as many as there were."""
    begin(store, FIRST._replace(msisdn=BOLAT))
    insert = (
        "INSERT INTO dialogue (id, msisdn, number, owner, service_code, account, session_id, opened_us,"
        " sequence, state, updated_us, ended)"
        " VALUES ('{}', '{}', 1, 'menu', '*100', 'handset', 's1', 0, 0, '', 0, '{}')"
    )
    database.tamper(*(insert.format(f"old{number}", ALIYA, "completed") for number in range(3)))
    database.tamper(insert.format("open", ALIYA, ""))
    with pytest.raises(IntegrityError):
        database.tamper(insert.format("second", ALIYA, ""))
    assert len(found(store)) == 5


@pytest.mark.parametrize("wrong", [ON._replace(id="d2"), ON._replace(msisdn=BOLAT)])
def test_what_is_not_open_cannot_go_on(store: Store, wrong: Dialogue) -> None:
    begin(store, FIRST)
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow, pytest.raises(Broken, match="is not open"):
        uow.dialogues.put(wrong)


def test_what_has_ended_cannot_go_on(store: Store) -> None:
    begin(store, FIRST)
    with work(store) as uow:
        uow.dialogues.put(FIRST._replace(ended="completed"))
        with pytest.raises(Broken, match="is not open"):
            uow.dialogues.put(FIRST)


def test_the_dialogues_of_a_batch_are_read_at_once(store: Store) -> None:
    second = FIRST._replace(id="d2", msisdn=BOLAT)
    begin(store, FIRST, second)
    with work(store) as uow:
        uow.prefetch(Needs(dialogues=frozenset({ALIYA, BOLAT, "77780000000"})))
        assert (uow.dialogues.of(ALIYA), uow.dialogues.of(BOLAT)) == (FIRST, second)
        assert uow.dialogues.of("77780000000") is None


def test_turns_stay_in_the_order_of_their_numbers_with_all_their_characters(store: Store) -> None:
    typed = DialogueTurn("d1", 0, NOW_US, "PSSR_INDICATION", "*100#", 5)
    later = [DialogueTurn("d1", number, NOW_US, "USSR_CONFIRM", "", 0) for number in range(2, 12)]
    with work(store) as uow:
        uow.dialogues.begin(FIRST)
        uow.dialogues.said(typed)
        uow.dialogues.said(SHOWN)
    with work(store) as uow:
        for each in reversed(later):
            uow.dialogues.said(each)
    (view,) = found(store)
    assert view.turns == (typed, SHOWN, *later)


def test_a_unit_of_work_that_fails_leaves_nothing(store: Store) -> None:
    with store.begin(now_us=NOW_US, wall_us=NOW_US) as uow:
        uow.dialogues.begin(FIRST)
        uow.dialogues.said(SHOWN)
    assert found(store) == []
    begin(store, FIRST)


def test_a_reset_leaves_nothing(store: Store) -> None:
    with work(store) as uow:
        uow.dialogues.begin(FIRST)
        uow.dialogues.said(SHOWN)
    store.reset()
    assert found(store) == []


def test_an_open_dialogue_is_there_after_the_store_was_opened_again(database: Database) -> None:
    before = database.open()
    begin(before, FIRST)
    with work(before) as uow:
        uow.dialogues.put(ON)
    before.close()
    after = database.open()
    with work(after) as uow:
        assert uow.dialogues.of(ALIYA) == ON
    after.close()


def test_what_ended_lately_is_found_by_handset_owner_and_time(store: Store) -> None:
    """However it ended, and whatever others the handset had since, or another handset."""
    theirs = FIRST._replace(owner="account:app1")
    rows = [
        each._replace(id=f"d{number}", opened_us=NOW_US + number, updated_us=NOW_US + number)
        for number, each in enumerate((theirs, FIRST, theirs, FIRST, theirs._replace(msisdn=BOLAT), theirs))
    ]
    with work(store) as uow:
        for begun in rows[:5]:
            uow.dialogues.begin(begun)
            uow.dialogues.put(begun._replace(ended="completed", state='"owed"'))
        uow.dialogues.begin(rows[5])
    with work(store) as uow:
        found = uow.dialogues.ended_since(ALIYA, "account:app1", NOW_US)
        assert found == [each._replace(ended="completed", state='"owed"') for each in (rows[2], rows[0])]
        assert [each.id for each in uow.dialogues.ended_since(ALIYA, "account:app1", NOW_US + 1)] == ["d2"]
        assert uow.dialogues.ended_since(ALIYA, "account:app2", NOW_US) == []
        assert uow.dialogues.ended_since(BOLAT, "menu", NOW_US) == []


def test_what_ended_in_this_unit_of_work_is_found_too(store: Store) -> None:
    """What ended or began in it is not committed yet, and counts."""
    begin(store, FIRST)
    with work(store) as uow:
        uow.dialogues.put(FIRST._replace(ended="the handset ended it", updated_us=NOW_US))
        for name in ("d2", "d3"):
            uow.dialogues.begin(FIRST._replace(id=name, updated_us=NOW_US))
            uow.dialogues.put(FIRST._replace(id=name, ended="completed", updated_us=NOW_US))
        found = uow.dialogues.ended_since(ALIYA, "menu", NOW_US)
        assert {each.id for each in found} == {FIRST.id, "d2", "d3"}
