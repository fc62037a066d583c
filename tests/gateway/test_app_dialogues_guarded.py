"""USSD dialogues with an application: who may speak in them, secrets, repeats, faults and restarts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.config import RADIO, Account, Side
from gateway.content import Rejected
from gateway.smpp.constants import CommandStatus, UssdServiceOp
from handlers.base.command import Secret
from rating.msisdn import Msisdn
from tests.gateway.stand import ALIYA, APP, BOLAT, HANDSET, LogLines, Stand
from tests.gateway.talk import (
    ASKS,
    CONFIRM,
    LAST,
    NOTICE,
    REFUSED,
    App,
    Talk,
    again,
    dialogues,
)

OK = CommandStatus.ESME_ROK
CODE = "9080706050403"
NO_USSD = Account(system_id="plain", password=Secret("x"), side=Side.APPLICATION, short_codes=("4321",))
OTHER_APP = Account(
    system_id="app2", password=Secret("x"), side=Side.APPLICATION, short_codes=("4321",), ussd_codes=("*600",)
)
OTHER = Account(system_id="other", password=Secret("x"), side=Side.HANDSET)
Restart = Callable[..., None]


# -- what an application may say -------------------------------------------------------------------


@pytest.mark.conformance("submit_sm.service_type", "status.ESME_RINVSERTYP")
def test_an_application_without_a_service_code_has_no_ussd(subscribed: Stand) -> None:
    with pytest.raises(Rejected) as rejected:
        App(subscribed, NO_USSD).says("Hello")
    assert rejected.value.status is CommandStatus.ESME_RINVSERTYP


@pytest.mark.parametrize("source", ["*501#", "*50", "*5001#", "4321", "Stranger", "77011234567"])
def test_an_application_speaks_from_no_code_of_another(app: App, source: str) -> None:
    with pytest.raises(Rejected) as rejected:
        app.says("Hello", source=source)
    assert rejected.value.status is CommandStatus.ESME_RINVSRCADR


@pytest.mark.parametrize("to", ["9393", "1234", "12025550123", "*100#", "nobody"])
def test_an_application_speaks_to_handsets_only(app: App, to: str) -> None:
    with pytest.raises(Rejected) as rejected:
        app.says("Hello", to=to)
    assert rejected.value.status is CommandStatus.ESME_RINVDSTADR


@pytest.mark.parametrize("operation", [0, 1, 16, 18, 19, 32, 99])
def test_an_operation_of_the_other_side_is_refused_to_an_application(app: App, operation: int) -> None:
    with pytest.raises(Rejected) as rejected:
        app.says("Hello", operation)
    assert rejected.value.status is REFUSED


@pytest.mark.parametrize("operation", [ASKS, NOTICE, LAST])
def test_an_operation_of_the_other_side_is_refused_to_a_handset(
    talk: Talk, app: App, operation: UssdServiceOp
) -> None:
    app.hears(talk.dialled("*500#"))
    with pytest.raises(Rejected) as rejected:
        talk.said(operation, "Hello")
    assert rejected.value.status is REFUSED


def test_a_part_of_a_longer_message_and_octets_without_an_alphabet_are_no_screen(app: App) -> None:
    part = b"\x05\x00\x03\x07\x02\x01Hello"
    with pytest.raises(Rejected) as rejected:
        app.says("", esm_class=0x40, short_message=part)
    assert rejected.value.status is CommandStatus.ESME_RINVESMCLASS
    with pytest.raises(Rejected) as rejected:
        app.says("", data_coding=4, short_message=b"\x80\x81")
    assert rejected.value.status is CommandStatus.ESME_RINVDCS


@pytest.mark.parametrize(
    "wrong", [{"number": 8}, {"sequence": 0}, {"sequence": 2}, {"number": 8, "sequence": 0}]
)
@pytest.mark.parametrize("operation", [ASKS, NOTICE, LAST])
def test_a_screen_for_another_place_is_refused_and_the_dialogue_unharmed(
    talk: Talk, app: App, wrong: dict[str, int], operation: int
) -> None:
    app.hears(talk.dialled("*500#"))
    place = {"number": 7, "sequence": 1} | wrong
    work = app.says("Hello", operation, number=place["number"], sequence=place["sequence"])
    assert app.refused(work) is REFUSED
    assert talk.sees(app.says("Name?")).text == "Name?"


@pytest.mark.parametrize("operation", [ASKS, NOTICE, LAST])
@pytest.mark.parametrize("sequence", [1, 2])
def test_an_application_that_answers_twice_is_refused_and_the_first_answer_stands(
    talk: Talk, app: App, operation: int, sequence: int
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    assert app.refused(app.says("Age?", operation, number=7, sequence=sequence)) is REFUSED
    assert app.hears(talk.answered("Aliya")).text == "Aliya"


def test_an_answer_of_another_account_is_refused_and_the_dialogue_unharmed(talk: Talk, app: App) -> None:
    """Though it names the place: the handset is busy, or has no dialogue with that one."""
    app.hears(talk.dialled("*500#"))
    stranger = App(talk.stand, OTHER_APP, "a2")
    place: dict[str, Any] = {"to": ALIYA, "source": "*600#", "number": 7, "sequence": 1}
    assert stranger.refused(stranger.says("Hi", LAST, **place)) is REFUSED
    assert stranger.refused(stranger.says("Hi", **place)) is CommandStatus.ESME_RSUBMITFAIL
    assert talk.sees(app.says("Name?")).text == "Name?"


def test_any_session_of_the_owner_may_answer(talk: Talk, app: App) -> None:
    """Its binds take turns in what they get."""
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("Name?", bind=talk.stand.bound("a2", APP))).text == "Name?"


# -- what a handset may say ------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [{"number": 8}, {"sequence": 0}, {"sequence": 2}])
def test_an_answer_that_names_another_place_is_refused_and_the_application_hears_nothing(
    talk: Talk, app: App, wrong: dict[str, int]
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    assert talk.refused(talk.answered("1", **wrong)) is REFUSED
    assert app.hears(talk.answered("Aliya")).text == "Aliya"


def test_a_handset_that_speaks_before_it_is_asked_or_twice_is_refused(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    assert talk.refused(talk.answered("1", sequence=1)) is REFUSED
    talk.sees(app.says("Name?"))
    app.hears(talk.answered("Aliya"))
    assert talk.refused(talk.answered("Bolat", sequence=1)) is REFUSED
    assert talk.refused(talk.answered("Bolat", sequence=2)) is REFUSED
    assert talk.sees(app.says("Age?")).sequence == 2


@pytest.mark.parametrize("end", [False, True])
def test_no_other_handset_and_no_other_session_steps_into_it(talk: Talk, app: App, end: bool) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Name?"))
    bolat = Talk(talk.stand, source=BOLAT)
    assert bolat.refused(bolat.said(CONFIRM, "1", sequence=1, end=end)) is REFUSED
    for account in (HANDSET, OTHER):
        stranger = talk.stand.bound("s2", account)
        assert talk.refused(talk.said(CONFIRM, "1", end=end, bind=stranger)) is REFUSED
    assert app.hears(talk.answered("Aliya")).text == "Aliya"


def test_what_the_radio_side_dialled_is_shown_and_answered_by_whoever_serves_the_handset(
    subscribed: Stand, app: App
) -> None:
    radio = Account(system_id=RADIO, password=Secret("x"), side=Side.HANDSET)
    dialler = Talk(subscribed, bind=subscribed.bound("radio", radio))
    app.hears(dialler.dialled("*500#"))
    dialler.sees(app.says("Name?"))
    dialler.bind = subscribed.bound("s1")
    assert app.hears(dialler.answered("Aliya")).place == (CONFIRM, 7, 2, False)


def test_a_number_that_was_ported_in_talks_with_an_application(subscribed: Stand, app: App) -> None:
    """services.md section 0: a subscriber's record overrides the prefix."""
    ported = Msisdn("77051234567")
    subscribed.subscribe(ported)
    talk = Talk(subscribed, source=ported)
    app.hears(talk.dialled("*500#"))
    assert talk.sees(app.says("Name?")).text == "Name?"


# -- secrets ---------------------------------------------------------------------------------------


def test_thirteen_digits_are_masked_where_they_are_kept_and_come_in_full_to_the_other_side(
    talk: Talk, app: App, logged: LogLines
) -> None:
    """What is dialled, typed and shown: an application may sell cards. Nothing of it stays in the end."""
    shown, typed = "9080706050404", "9080706050405"
    assert app.hears(talk.dialled(f"*500*{CODE}#")).text == f"*500*{CODE}#"
    assert talk.sees(app.says(f"Your code: {shown}")).text == f"Your code: {shown}"
    assert app.hears(talk.answered(typed)).text == typed
    talk.sees(app.says("Bye", LAST))
    (view,) = dialogues(talk.stand)
    mask = "*" * 13
    assert [each.text for each in view.turns] == [f"*500*{mask}#", f"Your code: {mask}", mask, "Bye"]
    for secret in (CODE, shown, typed):
        assert_nowhere(talk.stand, logged, secret)


def test_an_amount_or_a_number_is_kept_as_it_was_shown(talk: Talk, app: App) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Call 87021234567, pay 12 500 KZT"))
    assert dialogues(talk.stand)[0].turns[-1].text == "Call 87021234567, pay 12 500 KZT"


def test_a_secret_that_was_shown_twice_is_masked_both_times(
    talk: Talk, app: App, restarted: Restart, logged: LogLines
) -> None:
    app.hears(talk.dialled("*500#"))
    talk.sees(app.says("Go on?"))
    answered = talk.answered("1")
    app.hears(answered)
    talk.sees(app.says(f"Your code: {CODE}"))
    restarted(talk, app)
    assert talk.sees(again(talk.stand, talk.bind, answered)).text == f"Your code: {CODE}"
    app.hears(talk.said(CONFIRM, "", end=True))
    assert dialogues(talk.stand)[0].turns[-2].note == "shown again"
    assert_nowhere(talk.stand, logged, CODE)


def assert_nowhere(stand: Stand, logged: LogLines, secret: str) -> None:
    """Neither in the database's files nor in a log line."""
    assert secret not in repr(logged)
    stand.restart()
    octets = b"".join(each.read_bytes() for each in Path(stand.url[10:]).parent.glob("stand.db*"))
    assert len(octets) > 4096
    for codec in ("utf-8", "utf-16-be"):
        assert secret.encode(codec) not in octets
