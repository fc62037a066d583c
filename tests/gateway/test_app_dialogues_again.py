"""USSD dialogues with an application: what is said again, restarts in every step, and faults."""

import sqlite3
from collections.abc import Callable
from contextlib import closing

import pytest

from gateway.failures import ABSENT
from gateway.onward import Onward
from gateway.smpp.constants import CommandStatus
from gateway.work import Accepted, Result
from handlers.base.outcome import Text
from rating.subscriber import Language
from tests.gateway.stand import ALIYA, APP, BOLAT, CATALOG, HANDSET, Bang, Stand
from tests.gateway.talk import (
    CONFIRM,
    CONFIRMS_NOTICE,
    DIALS,
    LAST,
    NOTICE,
    REFUSED,
    App,
    Talk,
    advance,
    again,
    dialogues,
    endings,
    fail,
    of_app,
    of_handset,
    screen_of,
    taken,
)

OK = CommandStatus.ESME_ROK
Restart = Callable[..., None]


# -- repeats ---------------------------------------------------------------------------------------


def test_a_submit_that_is_repeated_on_its_session_does_nothing_twice(talk: Talk, app: App) -> None:
    """The same sequence_number and octets, from either side: answered as before."""
    works = [talk.dialled("*500#")]
    app.hears(works[0])
    works.append(app.says("Name?"))
    talk.sees(works[1])
    works.append(talk.answered("Aliya"))
    app.hears(works[2])
    works.append(app.says("Bye", LAST))
    talk.sees(works[3])
    before = dialogues(talk.stand)
    for each in works:
        assert_repeated(talk.stand.one(each._replace(fresh=False)), each.message_id)
    assert dialogues(talk.stand) == before


def assert_repeated(result: Result, message_id: str) -> None:
    assert isinstance(result.value, Accepted)
    assert (result.value.status, result.value.repeated, result.value.message_id) == (OK, True, message_id)
    assert result.outboxes == ()


def test_what_an_application_says_again_after_its_session_died_is_shown_once(
    talk: Talk, app: App, restarted: Restart
) -> None:
    """It cannot know whether that was taken. Neither while the handset thinks, nor when it has answered."""
    app.hears(talk.dialled("*500#"))
    shown = app.says("Name?")
    talk.sees(shown)
    restarted(app, talk)
    assert_repeated(talk.stand.one(again(talk.stand, app.bind, shown)), shown.message_id)
    app.hears(talk.answered("Aliya"))
    restarted(app, talk)
    assert_repeated(talk.stand.one(again(talk.stand, app.bind, shown)), shown.message_id)
    assert talk.sees(app.says("Age?")).text == "Age?"


def test_a_notice_that_is_said_again_after_its_session_died_is_shown_once(
    talk: Talk, app: App, restarted: Restart
) -> None:
    """Also when its dialogue is over."""
    shown = app.says("Your parcel is here", NOTICE, to=ALIYA, number=3)
    talk.sees(shown)
    app.hears(talk.said(CONFIRMS_NOTICE, "", number=3))
    restarted(app, talk)
    assert_repeated(talk.stand.one(again(talk.stand, app.bind, shown)), shown.message_id)
    assert endings(talk.stand) == ["completed"]


def test_what_a_new_dialogue_waits_for_is_no_repeat_of_a_session_that_died(
    talk: Talk, app: App, restarted: Restart
) -> None:
    """An application says the same to the same handset, which begins with the same number."""
    for _ in range(3):
        app.hears(talk.dialled("*500#"))
        assert talk.sees(app.says("Name?", number=7, sequence=1)).text == "Name?"
        app.hears(talk.said(CONFIRM, "", sequence=1, end=True))
        restarted(app)


def test_an_answer_that_a_crash_swallowed_comes_once_to_the_application(
    talk: Talk, app: App, restarted: Restart
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    answered = talk.answered("Aliya")
    app.hears(answered)
    restarted(talk, app)
    assert_repeated(talk.stand.one(again(talk.stand, talk.bind, answered)), answered.message_id)
    assert talk.sees(app.says("Age?")).sequence == 2


def test_a_screen_that_a_crash_swallowed_is_shown_again_to_whoever_repeats_the_answer(
    talk: Talk, app: App, restarted: Restart
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    answered = talk.answered("Aliya")
    app.hears(answered)
    seen = talk.sees(app.says("Age?"))
    restarted(talk, app)
    result = talk.stand.one(again(talk.stand, talk.bind, answered))
    assert (screen_of(result), of_app(result.outboxes)) == (seen, [])
    assert dialogues(talk.stand)[0].turns[-1].note == "shown again"
    assert app.hears(talk.answered("7")).place == (CONFIRM, 7, 3, False)


def test_a_code_that_is_dialled_anew_after_a_crash_is_a_new_dialogue(
    talk: Talk, app: App, restarted: Restart
) -> None:
    """With the number that it always begins with: a handset that is told nothing would wait for ever."""
    for _ in range(3):
        app.takes(taken(talk.stand, talk.dialled("*500#")))
        assert app.heard[-1].place == (DIALS, 7, 1, False)
        talk.sees(app.says("Bye", LAST, number=7, sequence=1))
        restarted(talk, app)


# -- restarts --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["stopped", "lost"])
def test_a_dialogue_goes_on_after_a_restart_in_every_step(
    talk: Talk, app: App, how: str, restarted: Restart
) -> None:
    """From new sessions of both sides."""

    def crash() -> None:
        if how == "lost":
            talk.stand.lost(talk.bind)
            talk.stand.lost(app.bind)
        restarted(talk, app)

    app.hears(talk.dialled("*500#"))
    for typed in ("Aliya", "7", "yes"):
        crash()
        talk.sees(app.says(f"question before {typed}"))
        crash()
        assert app.hears(talk.answered(typed)).text == typed
    crash()
    assert talk.sees(app.says("Bye", LAST)).sequence == 4
    crash()
    assert app.refused(app.says("Bye", LAST, source="*500")) is REFUSED
    assert endings(talk.stand) == ["completed"]


def test_what_was_on_its_way_in_a_crash_ends_it_as_any_other_loss_does(
    talk: Talk, app: App, restarted: Restart
) -> None:
    """Dispatcher.recover settles what was to be tried once: nobody knows whether it was shown."""
    app.hears(talk.dialled("*500#"))
    (outbox,) = of_handset(taken(talk.stand, app.says("Name?")).outboxes)
    restarted(talk, app)
    (told,) = app.takes(fail(talk.stand, outbox, ABSENT))
    assert told.end
    assert endings(talk.stand) == ["the handset could not be reached"]


@pytest.mark.parametrize("begins", ["handset", "application"])
def test_the_time_out_of_before_a_restart_comes_after_it(
    talk: Talk, app: App, begins: str, restarted: Restart
) -> None:
    if begins == "handset":
        app.hears(talk.dialled("*500#"))
    else:
        talk.sees(app.says("Do you agree?", to=ALIYA))
    restarted(talk, app)
    assert len(advance(talk.stand, 60)) == 1
    assert dialogues(talk.stand, is_open=True) == []


# -- faults ----------------------------------------------------------------------------------------


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From now on nothing can be made for an application."""

    def broken(*_: object) -> bytes:
        raise Bang

    return lambda: monkeypatch.setattr(Onward, "for_account", broken)


def test_a_fault_where_a_code_is_dialled_leaves_nothing(
    talk: Talk, app: App, faulty: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The response says so (docs/reference/smpp.md "Order of refusals"), and the next one dials as ever."""
    faulty()
    (result,) = talk.stand.run(talk.dialled("*500#"))
    assert result.error is not None
    assert (dialogues(talk.stand), talk.stand.messages()) == ([], [])
    monkeypatch.undo()
    assert app.hears(talk.dialled("*500#")).text == "*500#"


def test_a_fault_in_an_answer_is_a_last_screen_and_nothing_is_left_open(
    talk: Talk, app: App, faulty: Callable[[], None]
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    faulty()
    seen = talk.shown(talk.answered("Aliya"))
    assert seen.text == CATALOG.render(Text("system.error"), Language.EN)
    assert seen.end
    assert dialogues(talk.stand, is_open=True) == []


def test_a_fault_in_what_an_application_says_leaves_the_dialogue_as_it_was(
    talk: Talk, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> bytes:
        raise Bang

    app.hears(talk.dialled("*500#"))
    before = dialogues(talk.stand)
    with monkeypatch.context() as patched:
        patched.setattr(talk.stand.processor._renderer, "screen_pdu", broken)
        (result,) = talk.stand.run(app.says("Name?"))
    assert result.error is not None
    assert dialogues(talk.stand) == before
    assert talk.sees(app.says("Name?")).text == "Name?"


def test_a_fault_in_one_dialogue_does_not_touch_its_neighbour_in_the_batch(
    talk: Talk, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Talk(talk.stand, source=BOLAT)
    app.hears(talk.dialled("*500#"))
    app.hears(other.dialled("*500#"))
    whole = talk.stand.processor._renderer.screen_pdu

    def broken(*parts: object, **named: object) -> bytes:
        if "Bang" in str(parts[1]):
            raise Bang
        return whole(*parts, **named)  # type: ignore[arg-type]  # handed on as they came

    monkeypatch.setattr(talk.stand.processor._renderer, "screen_pdu", broken)
    first, second = talk.stand.run(app.says("Bang", to=ALIYA), app.says("Name?", to=BOLAT))
    assert first.error is not None
    assert screen_of(second).text == "Name?"


@pytest.mark.parametrize("then", ["answer", "dial", "dial a menu", "time", "application"])
def test_a_state_that_no_version_wrote_ends_with_its_dialogue(talk: Talk, app: App, then: str) -> None:
    """Whatever happens next: the handset is never stuck with it."""
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    break_state(talk.stand)
    match then:
        case "answer":
            talk.stand.run(talk.answered("Aliya"))
        case "dial":
            talk.stand.run(talk.dialled("*500#"))
        case "dial a menu":
            talk.stand.run(talk.dialled("*100#"))
        case "application":
            talk.stand.run(app.says("Bye", LAST))
        case _:
            pass
    advance(talk.stand, 60)
    assert dialogues(talk.stand, is_open=True) == []
    app.takes(taken(talk.stand, talk.dialled("*500*9#")))
    assert app.heard[-1].text == "*500*9#"


def break_state(stand: Stand) -> None:
    stand.store.close()
    with closing(sqlite3.connect(stand.url[10:])) as connection:
        connection.execute("UPDATE dialogue SET state = '[\"'")
        connection.commit()
    stand.open()
    for session_id, system_id in (("s1", "handset"), ("a1", "app1")):
        account = HANDSET if system_id == "handset" else APP
        stand.bound(session_id, account)
