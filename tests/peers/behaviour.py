"""What every client gets from the gateway, whoever made it: each peer's file runs all of this."""

import pytest

from gateway.smpp.constants import CommandStatus
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi
from tests.peers.application import Application, Incoming, Receipt

EN = "77781234567"
CODE = "1234"

ALPHABETS = {
    "gsm7": "Price: 5€ [£3] {ok} ~ Å_Ω",
    "ucs2": "Сәлем, Қазақстан! Ұлы дала",
    "surrogates": "ұ 👋🏽 done",
}
LONG = {
    "gsm7": "The quick brown fox jumps over the lazy dog. " * 8 + "End.",
    "ucs2": "Сәлем, Қазақстан! " * 10 + "Соңы.",
}


class ApplicationBehaviour:
    """Inherited by one class per peer; ``application`` is its fixture."""

    @pytest.mark.parametrize("text", ALPHABETS.values(), ids=ALPHABETS)
    def test_what_it_submits_reaches_the_handset(
        self, application: Application, phone: MakePhone, text: str
    ) -> None:
        """In every alphabet, letter by letter."""
        handset = phone(EN)
        application.submit(EN, text)
        got = handset.incoming()
        assert (got.source, got.text) == (CODE, text)

    @pytest.mark.parametrize("text", LONG.values(), ids=LONG)
    def test_a_long_message_reaches_the_handset_whole(
        self, application: Application, phone: MakePhone, text: str
    ) -> None:
        """The client cuts it, the handset joins it."""
        handset = phone(EN)
        application.submit(EN, text)
        assert handset.incoming().text == text

    @pytest.mark.parametrize("text", ALPHABETS.values(), ids=ALPHABETS)
    def test_what_a_handset_sends_to_its_code_reaches_it(
        self, application: Application, phone: MakePhone, text: str
    ) -> None:
        """With both addresses."""
        phone(EN).handset.send_sms(CODE, text)
        assert application.message() == Incoming(EN, CODE, text)

    @pytest.mark.parametrize("text", LONG.values(), ids=LONG)
    def test_a_long_message_of_a_handset_reaches_it_whole(
        self, application: Application, phone: MakePhone, text: str
    ) -> None:
        """The handset cuts it, the client joins it."""
        phone(EN).handset.send_sms(CODE, text)
        assert application.message().text == text

    def test_the_receipt_has_the_id_of_the_response(self, application: Application, phone: MakePhone) -> None:
        """And says that the message was delivered."""
        phone(EN)
        (message_id,) = application.submit(EN, "hello", receipt=True)
        assert application.receipt() == Receipt(message_id, "DELIVRD")

    def test_a_refusal_of_the_handset_is_told_by_the_receipt(
        self, application: Application, raw: Raw
    ) -> None:
        """A permanent error of the receiving side."""
        handset = raw(address_range=EN)
        (message_id,) = application.submit(EN, "hello", receipt=True)
        handset.delivery(CommandStatus.ESME_RX_P_APPN)
        assert application.receipt() == Receipt(message_id, "UNDELIV")

    def test_fifty_messages_go_both_ways_and_none_twice(
        self, application: Application, phone: MakePhone, api: ControlApi
    ) -> None:
        """As fast as the client sends them."""
        handset = phone(EN)
        for number in range(50):
            application.submit(EN, f"down {number}")
            handset.handset.send_sms(CODE, f"up {number}")
        down = [handset.incoming().text for _ in range(50)]
        up = [application.message().text for _ in range(50)]
        assert sorted(down) == sorted(f"down {number}" for number in range(50))
        assert sorted(up) == sorted(f"up {number}" for number in range(50))
        assert len(api.messages(limit=1000)) == 100
