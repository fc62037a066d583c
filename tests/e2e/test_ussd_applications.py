"""Applications that own a USSD code: smpplib on one side, the simulated handset on the other."""

from typing import Any

import pytest

from simulator.errors import NoDialogue
from simulator.events import UssdNotice, UssdScreen
from tests.e2e.conftest import MakeApp, MakePhone
from tests.e2e.control_api import ControlApi
from tests.e2e.example import Example
from tests.e2e.gateway_process import GatewayProcess, run_command
from tests.e2e.ussd_app import (
    ANSWERED,
    ASK,
    CONFIRMED,
    DIALLED,
    EN,
    KK,
    LAST,
    NOTICE,
    OK,
    RU,
    UssdApp,
    ending,
    newest_dialogue,
)


@pytest.fixture
def app(bind_app: MakeApp) -> UssdApp:
    """The demo's app1, which owns ``*500#``."""
    return bind_app()


@pytest.mark.conformance("tlv.its_session_info", "tlv.ussd_service_op")
def test_a_dialogue_goes_to_the_application_and_back(api: ControlApi, app: UssdApp, phone: MakePhone) -> None:
    """The whole dialled string, then each answer; number and sequence name each step to both sides."""
    handset = phone(EN)
    handset.handset.dial("*500*1#")
    first = app.asked()
    assert first[:4] == (EN, "*500#", DIALLED, "*500*1#")
    assert (first.sequence, first.ends) == (0, False)
    assert app.show(first, "How many cups?", ASK) == OK
    assert handset.screen() == UssdScreen("How many cups?", wants_answer=True)
    handset.handset.answer("2")
    second = app.asked()
    assert second[:4] == (EN, "*500#", ANSWERED, "2")
    assert (second.number, second.sequence, second.ends) == (first.number, 1, False)
    assert app.show(second, "On their way") == OK
    assert handset.screen() == UssdScreen("On their way", wants_answer=False)
    with pytest.raises(NoDialogue):
        handset.handset.answer("3")
    assert ending(api) == "completed"


def test_the_inspection_shows_what_was_said_when_by_whom_and_how_long_it_was(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    """``GET /dialogues``: on the operator's clock, octets as on the wire."""
    api.virtual_clock()
    handset = phone(KK)
    handset.handset.dial("*500#")
    api.advance(2)
    app.show(app.asked(), "Сәлем!", ASK)
    handset.screen()
    api.advance(3)
    handset.handset.answer("1234567")
    app.show(app.asked(), "Рахмет", LAST)
    handset.screen()
    dialogue = newest_dialogue(api, KK)
    assert dialogue["owner"] == "account:app1"
    assert (dialogue["service_code"], dialogue["state"]) == ("*500#", "ended")
    assert dialogue["account"] == "handset"
    turns = dialogue["turns"]
    assert [(each["direction"], each["operation"]) for each in turns] == [
        ("mo", "PSSR_INDICATION"),
        ("mt", "USSR_REQUEST"),
        ("mo", "USSR_CONFIRM"),
        ("mt", "PSSR_RESPONSE"),
    ]
    assert [each["text"] for each in turns] == ["*500#", "Сәлем!", "*******", "Рахмет"], (
        "a long number is masked"
    )
    assert [each["octets"] for each in turns] == [5, 12, 7, 12]
    assert [each["note"] for each in turns] == [""] * 4
    seconds = [int(each["at"][17:19]) for each in turns]
    assert [(second - seconds[0]) % 60 for second in seconds] == [0, 2, 5, 5]


@pytest.mark.parametrize("source", ["*500#", "*500", ""])
def test_a_screen_comes_from_the_code_or_from_nothing(app: UssdApp, phone: MakePhone, source: str) -> None:
    handset = phone(EN)
    handset.handset.dial("*500#")
    assert app.show(app.asked(), "Tea house", ASK, source_addr=source) == OK
    assert handset.screen().text == "Tea house"
    handset.handset.answer("1")
    assert app.asked().text == "1", "the handset's answer finds its way back"


def test_the_end_bit_makes_a_question_the_last_screen(
    api: ControlApi, app: UssdApp, phone: MakePhone
) -> None:
    handset = phone(EN)
    handset.handset.dial("*500#")
    assert app.show(app.asked(), "Closed today", ASK, end=True) == OK
    assert handset.screen() == UssdScreen("Closed today", wants_answer=False)
    assert ending(api) == "completed"


def test_a_notice_in_a_dialogue_is_confirmed_and_the_dialogue_goes_on(app: UssdApp, phone: MakePhone) -> None:
    handset = phone(EN)
    handset.handset.dial("*500#")
    assert app.show(app.asked(), "One moment", NOTICE) == OK
    assert handset.notice() == UssdNotice("One moment")
    confirmed = app.asked()
    assert (confirmed.operation, confirmed.text, confirmed.sequence) == (CONFIRMED, "", 1)
    assert not confirmed.ends
    assert app.show(confirmed, "Here is your tea") == OK
    assert handset.screen() == UssdScreen("Here is your tea", wants_answer=False)


@pytest.mark.parametrize(
    "typed",
    ["", "0" * 182, "👋🏽 tea", "שלום", "مرحبا", "[{€}]"],
    ids=["empty", "182", "emoji", "he", "ar", "esc"],
)
def test_whatever_is_typed_reaches_the_application(app: UssdApp, phone: MakePhone, typed: str) -> None:
    handset = phone(EN)
    handset.handset.dial("*500#")
    app.show(app.asked(), "Type something", ASK)
    handset.screen()
    handset.handset.answer(typed)
    asked = app.asked()
    # The default alphabet's escapes (3GPP TS 23.038 section 6.2.1.1) are not ASCII's.
    assert asked.text == ("\x1b<\x1b(\x1be\x1b)\x1b>" if typed == "[{€}]" else typed)
    assert app.show(asked, "Thanks") == OK
    assert handset.screen().text == "Thanks"


def test_ten_handsets_at_once_each_gets_its_own_screens(
    app: UssdApp, phone: MakePhone, api: ControlApi
) -> None:
    """One session of the application, answers in another order than the questions."""
    handsets = {number: phone(number) for number in (f"7701700{each:04d}" for each in range(10))}
    for handset in handsets.values():
        handset.handset.dial("*500#")
    asked = [app.asked() for _ in handsets]
    for step in range(3):
        for each in asked[::-1] if step % 2 else asked[1::2] + asked[::2]:
            assert app.show(each, f"{each.msisdn} step {step}", ASK) == OK
        for msisdn, handset in handsets.items():
            assert handset.screen().text == f"{msisdn} step {step}"
            handset.handset.answer(f"{step} {msisdn}")
        asked = [app.asked() for _ in handsets]
        assert {each.msisdn for each in asked} == set(handsets)
        assert all(each.text == f"{step} {each.msisdn}" for each in asked)
    for each in asked:
        assert app.show(each, f"bye {each.msisdn}") == OK
    assert all(handset.screen().text == f"bye {msisdn}" for msisdn, handset in handsets.items())
    endings = [each["ending"] for each in api.get("/dialogues", service_code="*500")]
    assert endings == ["completed"] * 10


def test_any_session_of_the_application_may_speak(bind_app: MakeApp, phone: MakePhone) -> None:
    """Two binds of one application: a step goes to one of them, and either may answer it."""
    one, other = bind_app(), bind_app()
    handsets = {number: phone(number) for number in (EN, RU, KK, "77017000000")}
    for handset in handsets.values():
        handset.handset.dial("*500#")
    of_one, of_other = [one.asked(), one.asked()], [other.asked(), other.asked()]
    assert {each.msisdn for each in of_one + of_other} == set(handsets), "they take turns"
    for each in of_one:
        assert other.show(each, f"for {each.msisdn}") == OK
    for each in of_other:
        assert one.show(each, f"for {each.msisdn}") == OK
    assert all(handset.screen().text == f"for {msisdn}" for msisdn, handset in handsets.items())


# -- screens that are too long -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "shown", "octets_max"), [("tea ", "tea...", 182), ("шай ", "шай…", 160)], ids=["gsm", "ucs2"]
)
def test_a_screen_too_long_is_cut_at_a_word_and_the_inspection_says_so(
    api: ControlApi, app: UssdApp, phone: MakePhone, word: str, shown: str, octets_max: int
) -> None:
    text = (word * 60).strip()
    handset = phone(EN)
    handset.handset.dial("*500#")
    octets = text.encode() if text.isascii() else text.encode("utf-16-be")
    fields: dict[str, Any] = {"short_message": b"", "message_payload": octets} if len(octets) > 254 else {}
    assert app.show(app.asked(), text, ASK, **fields) == OK
    screen = handset.screen()
    assert screen.text.endswith(shown)
    assert set(screen.text[: -len(shown)].split()) == {word.strip()}, "no word is torn"
    turn = newest_dialogue(api)["turns"][1]
    assert (turn["text"], turn["note"]) == (
        screen.text,
        f"cut: {len(text)} characters are too many for one screen",
    )
    assert octets_max - 20 <= turn["octets"] <= octets_max
    handset.handset.answer("1")
    assert app.asked().text == "1", "the dialogue goes on"


# -- programs ----------------------------------------------------------------------------------------


def test_a_terminal_handset_talks_with_the_example_application(
    gateway: GatewayProcess, api: ControlApi
) -> None:
    """``shortcode handset --plain``, from a pipe: dial, answer, and a code with the answers in it."""
    target = {"SHORTCODE_TARGET": f"smpp://handset:handset@127.0.0.1:{gateway.smpp_port}"}
    script = "dial *500#\nanswer 1\nanswer 3\ndial *500*2#\n"
    with Example("ussd_app", "127.0.0.1", str(gateway.smpp_port), "app1", "secret1") as example:
        example.line()
        done = run_command("handset", EN, "--plain", env=target, stdin=script)
        assert example.stop() == 0
    assert (done.returncode, done.stderr) == (0, "")
    for expected in ("1 Order tea", "How many cups?", "Cups of tea on their way: 3", "Open from 9 to 21"):
        assert expected in done.stdout
    assert [each["ending"] for each in api.get("/dialogues", msisdn=EN)] == ["completed"] * 2
