"""USSD menus over real SMPP: the simulated handset answers and aborts; the gateway dies between screens."""

from typing import Any

import pytest

from gateway.smpp.constants import CommandStatus, UssdServiceOp
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv
from simulator.errors import NoDialogue, SubmitFailed
from simulator.events import UssdScreen
from tests.e2e.conftest import Connect, MakePhone, Raw, StartGateway
from tests.e2e.control_api import ControlApi
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink

EN, RU, KK = "77781234567", "77011234567", "77021234567"
REFUSED = CommandStatus.ESME_RINVOPTPARAMVAL


def answer(link: RawLink, to: DeliverSm, text: str, *, end: bool = False) -> SubmitSmResp:
    """Answer a screen by its its_session_info; the response."""
    info = to.tlv_bytes(Tag.ITS_SESSION_INFO)
    assert info is not None
    tlvs = (
        Tlv(Tag.USSD_SERVICE_OP, UssdServiceOp.USSR_CONFIRM),
        Tlv(Tag.ITS_SESSION_INFO, bytes((info[0], info[1] | end))),
    )
    return link.submit(to.destination.addr, to.source.addr, text, service_type="USSD", tlvs=tlvs)


def text_of(pdu: DeliverSm) -> str:
    return pdu.short_message.decode("ascii")


def dialogues(api: ControlApi, msisdn: str = EN) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/dialogues", msisdn=msisdn)
    return found[::-1]


# -- the simulated handset -------------------------------------------------------------------------


def test_a_handset_walks_a_menu_to_its_last_screen(api: ControlApi, phone: MakePhone) -> None:
    """``*100#``, language, English: each screen wants an answer but the last one."""
    handset = phone(EN)
    assert handset.dial("*100#").text.startswith("Balance: 500 KZT\n1 Last charges")
    assert handset.answer("3").text.startswith("Choose a language:\n1 Kazakh")
    assert handset.answer("3") == UssdScreen("Messages now come in English.", wants_answer=False)
    with pytest.raises(NoDialogue):
        handset.handset.answer("3")
    (dialogue,) = dialogues(api)
    assert (dialogue["state"], dialogue["ending"]) == ("ended", "completed")
    assert [turn["text"] for turn in dialogue["turns"]][::2] == ["*100#", "3", "3"]


def test_the_code_of_a_card_is_asked_for_and_credited(api: ControlApi, phone: MakePhone) -> None:
    (code,) = api.codes()
    handset = phone(EN)
    assert handset.dial("*110#") == UssdScreen("Type the code of the card:", wants_answer=True)
    shown = handset.answer(code)
    assert shown == UssdScreen("500 KZT credited. Balance: 1,000 KZT.", wants_answer=False)
    assert len(api.credits(EN)) == 1


def test_a_menu_pages_and_goes_back_in_kazakh(phone: MakePhone) -> None:
    """80 UCS-2 characters to a page; 98 and 99 turn them, 0 goes up."""
    handset = phone(KK)
    first = handset.dial("*111*1#")
    assert first.text.endswith("\n98 Тағы")
    assert handset.answer("98").text.endswith("\n99 Жоғары")
    assert handset.answer("99") == first
    assert handset.answer("0").wants_answer
    assert handset.answer("1") == first


def test_a_handset_that_lets_go_has_no_dialogue_any_more(api: ControlApi, phone: MakePhone) -> None:
    handset = phone(EN)
    handset.dial("*111#")
    handset.handset.abort()
    with pytest.raises(NoDialogue):
        handset.handset.answer("1")
    (dialogue,) = dialogues(api)
    assert dialogue["ending"] == "the handset ended it"


def test_an_answer_after_60_seconds_is_refused(api: ControlApi, phone: MakePhone) -> None:
    """On the operator's clock; nothing tells the handset, and dialling again begins anew."""
    api.virtual_clock()
    handset = phone(EN)
    handset.dial("*100#")
    assert [each["kind"] for each in api.advance(60)].count("ussd.guard") == 1
    with pytest.raises(SubmitFailed):
        handset.handset.answer("3")
    assert dialogues(api)[0]["ending"] == "no answer in time"
    assert handset.dial("*100#").wants_answer


def test_what_a_handset_answers_by_mistake_is_told_and_the_fourth_time_it_is_over(phone: MakePhone) -> None:
    handset = phone(EN)
    handset.dial("*911#")
    for typed in ("9", "привет", "1" * 160):
        assert handset.answer(typed).text.startswith("There is no such choice.\nPayments")
    assert not handset.answer("9").wants_answer


def test_many_handsets_talk_at_once_each_in_its_own_language(phone: MakePhone) -> None:
    handsets = {EN: phone(EN), RU: phone(RU), KK: phone(KK)}
    asked = {EN: "Choose a language:", RU: "Выберите язык:", KK: "Тілді таңдаңыз:"}
    for handset in handsets.values():
        handset.dial("*100#")
    for msisdn, handset in handsets.items():
        assert handset.answer("3").text.startswith(asked[msisdn])


# -- whose it is -----------------------------------------------------------------------------------


def test_no_other_session_steps_into_a_dialogue(raw: Raw) -> None:
    """Of the same account, with the right number and sequence: not while the session that dialled lives."""
    mine, other = raw(address_range=EN), raw(address_range="")
    mine.dial(EN, "*100#", dialogue=9)
    screen = mine.delivery()
    assert answer(other, screen, "3").command_status == REFUSED
    assert answer(other, screen, "", end=True).command_status == REFUSED
    assert answer(mine, screen, "3").command_status == 0
    assert text_of(mine.delivery()).startswith("Choose a language:")
    assert answer(mine, screen, "3").command_status == REFUSED, "that screen is over"


def test_when_the_session_is_lost_the_dialogue_goes_on_on_the_next_one(raw: Raw) -> None:
    first = raw(address_range=EN)
    first.dial(EN, "*100#", dialogue=9)
    screen = first.delivery()
    first.unbind()
    second = raw(address_range=EN)
    assert answer(second, screen, "3").command_status == 0
    assert text_of(second.delivery()).startswith("Choose a language:")


# -- the gateway dies ------------------------------------------------------------------------------


class Crashing:
    """A gateway, and the link of one handset that binds again after each crash."""

    def __init__(self, gateway: GatewayProcess, connect: Connect) -> None:
        self.gateway, self._connect = gateway, connect
        self.link = self._bound()

    def crash(self) -> None:
        """Kill -9, and all is there again."""
        self.gateway.kill()
        self.gateway.start()
        self.link = self._bound()

    def _bound(self) -> RawLink:
        link = self._connect(self.gateway)
        assert link.bind(address_range=EN).command_status == 0
        return link


@pytest.fixture
def crashing(start_gateway: StartGateway, connect: Connect) -> Crashing:
    return Crashing(start_gateway(), connect)


def test_a_dialogue_survives_kill_9_between_all_its_screens(crashing: Crashing) -> None:
    """``*111#``, money, card code, the code: credited once, on the last screen of the same dialogue."""
    (code,) = crashing.gateway.api.codes()
    crashing.link.dial(EN, "*111#", dialogue=9)
    screens = [crashing.link.delivery()]
    for typed in ("1", "4", code):
        crashing.crash()
        assert answer(crashing.link, screens[-1], typed).command_status == 0
        screens.append(crashing.link.delivery())
    assert text_of(screens[-1]) == "500 KZT credited. Balance: 1,000 KZT."
    infos = [each.tlv_bytes(Tag.ITS_SESSION_INFO) for each in screens]
    assert infos == [b"\x09\x00", b"\x09\x02", b"\x09\x04", b"\x09\x07"]
    crashing.crash()
    assert answer(crashing.link, screens[-2], code).command_status in (0, REFUSED), "a repeat, or too late"
    assert len(crashing.gateway.api.credits(EN)) == 1
    (dialogue,) = dialogues(crashing.gateway.api)
    assert dialogue["ending"] == "completed"


def test_an_answer_whose_response_a_crash_swallowed_is_repeated_and_its_screen_comes(
    crashing: Crashing,
) -> None:
    """The handset cannot know that it was taken: the same answer on the next session shows what follows."""
    crashing.link.dial(EN, "*100#", dialogue=9)
    screen = crashing.link.delivery()
    assert answer(crashing.link, screen, "3").command_status == 0
    crashing.crash()
    assert answer(crashing.link, screen, "3").command_status == 0
    again = crashing.link.delivery()
    assert text_of(again).startswith("Choose a language:")
    assert answer(crashing.link, again, "3").command_status == 0
    assert text_of(crashing.link.delivery()) == "Messages now come in English."
    assert len(dialogues(crashing.gateway.api)) == 1
