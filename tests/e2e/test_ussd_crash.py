"""kill -9 of the gateway between any two steps of an application's dialogue: it goes on where it was."""

from collections.abc import Callable

import pytest

from gateway.smpp.constants import UssdServiceOp
from gateway.smpp.pdus import DeliverSm, SubmitSmResp
from gateway.smpp.tlv import Tag, Tlv, TlvValue
from tests.e2e.conftest import Connect, StartGateway
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.raw_link import RawLink
from tests.e2e.ussd_app import ASK, EN, LAST, NO_RESPONSE, NOTICE

ANSWER, CONFIRM = UssdServiceOp.USSR_CONFIRM, UssdServiceOp.USSN_CONFIRM


class Stand:
    """A gateway, its handset and its application, which bind again after each crash."""

    def __init__(self, gateway: GatewayProcess, connect: Connect) -> None:
        self.gateway, self._connect = gateway, connect
        self.handset, self.app = self._bound()

    def crash(self) -> None:
        """Kill -9, and all is there again."""
        self.gateway.kill()
        self.gateway.start()
        self.handset, self.app = self._bound()

    def dialled(self) -> DeliverSm:
        """The handset dials, the application hears of it."""
        assert self.handset.dial(EN, "*500#", dialogue=9).command_status == 0
        return self.app.delivery()

    def shown(self, asked: DeliverSm, text: str, operation: int = ASK) -> DeliverSm:
        """The application shows a screen, the handset gets it."""
        assert say(self.app, asked, text, operation).command_status == 0
        return self.handset.delivery()

    def answered(self, screen: DeliverSm, text: str, operation: int = ANSWER) -> DeliverSm:
        """The handset answers, the application hears of it."""
        assert say(self.handset, screen, text, operation).command_status == 0
        return self.app.delivery()

    def _bound(self) -> tuple[RawLink, RawLink]:
        handset, app = self._connect(self.gateway), self._connect(self.gateway)
        assert handset.bind(address_range=EN).command_status == 0
        assert app.bind("app1", "secret1").command_status == 0
        return handset, app


def say(link: RawLink, to: DeliverSm, text: str, operation: int) -> SubmitSmResp:
    """Answer a step, echoing its its_session_info."""
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, operation), Tlv(Tag.ITS_SESSION_INFO, info(to)))
    return link.submit(to.destination.addr, to.source.addr, text, service_type="USSD", tlvs=tlvs)


def info(pdu: DeliverSm) -> bytes:
    found = pdu.tlv_bytes(Tag.ITS_SESSION_INFO)
    assert found is not None
    return found


def seen(pdu: DeliverSm) -> tuple[TlvValue | None, str, bytes]:
    return pdu.tlv(Tag.USSD_SERVICE_OP), pdu.short_message.decode("ascii"), info(pdu)


@pytest.fixture
def stand(start_gateway: StartGateway, connect: Connect) -> Stand:
    return Stand(start_gateway(settings={"LOG_LEVEL": "warning"}), connect)


#: One dialogue of all that there is: what each side does, and what the other one sees then.
STEPS: list[tuple[Callable[[Stand, DeliverSm], DeliverSm], tuple[int, str, bytes]]] = [
    (lambda stand, to: stand.shown(to, "How many cups?"), (2, "How many cups?", b"\x09\x00")),
    (lambda stand, to: stand.answered(to, "2"), (18, "2", b"\x09\x02")),
    (lambda stand, to: stand.shown(to, "One moment", NOTICE), (3, "One moment", b"\x09\x02")),
    (lambda stand, to: stand.answered(to, "", CONFIRM), (19, "", b"\x09\x04")),
    (lambda stand, to: stand.shown(to, "Here it is", LAST), (17, "Here it is", b"\x09\x05")),
]


def test_a_dialogue_survives_kill_9_between_all_its_steps(stand: Stand) -> None:
    """Both sides find it on their next sessions, at the same number and sequence."""
    pdu = stand.dialled()
    assert seen(pdu) == (1, "*500#", b"\x09\x00")
    for step, expected in STEPS:
        stand.crash()
        pdu = step(stand, pdu)
        assert seen(pdu) == expected
    stand.crash()
    (dialogue,) = stand.gateway.api.get("/dialogues", msisdn=EN)
    assert (dialogue["ending"], dialogue["number"]) == ("completed", 9)
    assert [each["text"] for each in dialogue["turns"]] == [
        "*500#",
        "How many cups?",
        "2",
        "One moment",
        "",
        "Here it is",
    ]


def test_a_dialogue_that_the_application_began_survives_kill_9(stand: Stand) -> None:
    tlvs = (Tlv(Tag.USSD_SERVICE_OP, ASK), Tlv(Tag.ITS_SESSION_INFO, b"\x2a\x00"))
    assert stand.app.submit("*500#", EN, "Hot?", service_type="USSD", tlvs=tlvs).command_status == 0
    screen = stand.handset.delivery()
    stand.crash()
    asked = stand.answered(screen, "yes")
    assert seen(asked) == (18, "yes", b"\x2a\x02")
    stand.crash()
    assert seen(stand.shown(asked, "Thanks", LAST)) == (17, "Thanks", b"\x2a\x03")


def test_the_guard_survives_kill_9(stand: Stand) -> None:
    """The application never answers: the handset is told by the gateway that was started later."""
    stand.gateway.api.virtual_clock()
    asked = stand.dialled()
    stand.crash()
    stand.gateway.api.advance(60)
    operation, text, place = seen(stand.handset.delivery())
    assert (operation, place) == (LAST, b"\x09\x01")
    assert text.startswith("The service does not answer now.")
    assert say(stand.app, asked, "Late", ASK).command_status != 0


def test_a_screen_that_a_crash_swallowed_counts_once_and_the_application_hears_that_nobody_answered(
    stand: Stand,
) -> None:
    """Its response was lost too, so the application says it again on its next session: taken for the same."""
    stand.gateway.api.virtual_clock()
    asked = stand.dialled()
    first = say(stand.app, asked, "How many cups?", ASK)
    stand.crash()
    again = say(stand.app, asked, "How many cups?", ASK)
    assert (again.command_status, again.message_id) == (0, first.message_id)
    (dialogue,) = stand.gateway.api.get("/dialogues", msisdn=EN)
    assert [each["text"] for each in dialogue["turns"]] == ["*500#", "How many cups?"]
    stand.gateway.api.advance(60)
    over = stand.app.delivery()
    assert seen(over) == (ANSWER, "", b"\x09\x03")
    assert over.tlv(Tag.NETWORK_ERROR_CODE) == NO_RESPONSE


def test_a_code_that_a_crash_swallowed_is_dialled_anew(stand: Stand) -> None:
    """The handset cannot know that it was taken: the application hears of it again, and that one is over."""
    assert stand.handset.dial(EN, "*500#", dialogue=9).command_status == 0
    stand.crash()
    assert stand.handset.dial(EN, "*500#", dialogue=9).command_status == 0
    asked = sorted((stand.app.delivery(), stand.app.delivery()), key=info)
    assert [seen(each) for each in asked] == [(1, "*500#", b"\x09\x00"), (ANSWER, "", b"\x09\x01")]
    assert seen(stand.shown(asked[0], "How many cups?")) == (2, "How many cups?", b"\x09\x00")
    endings = [each["ending"] for each in stand.gateway.api.get("/dialogues", msisdn=EN)]
    assert endings == ["", "the handset dialled anew"]


def test_a_handset_whose_code_a_crash_swallowed_hears_that_nobody_answered(stand: Stand) -> None:
    stand.gateway.api.virtual_clock()
    assert stand.handset.dial(EN, "*500#", dialogue=9).command_status == 0
    stand.crash()
    stand.gateway.api.advance(60)
    assert seen(stand.handset.delivery())[1].startswith("The service does not answer now.")
