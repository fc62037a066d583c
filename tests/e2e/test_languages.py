"""Texts in Kazakh, Russian and English: the right alphabet and the right parts on the wire."""

import pytest

from gateway.smpp.constants import EsmClass
from tests.e2e.conftest import MakePhone, Raw
from tests.e2e.control_api import ControlApi

RU, KK, EN = "77011234567", "77021234567", "77781234567"
UCS2 = 8
#: Octets in one part: alone, and with a user data header of six octets (3GPP TS 23.040 section 9.2.3.24.1).
WHOLE_OCTETS, PART_OCTETS = 140, 134


@pytest.mark.parametrize(
    ("msisdn", "data_coding", "codec", "text"),
    [
        (RU, UCS2, "utf-16-be", "Баланс: 500 тг"),
        (KK, UCS2, "utf-16-be", "Баланс: 500 тг"),
        (EN, 0, "ascii", "Balance: 500 KZT"),
    ],
)
def test_the_subscribers_language_decides_text_and_alphabet(
    raw: Raw, msisdn: str, data_coding: int, codec: str, text: str
) -> None:
    """Kazakh and Russian travel in UCS-2, English in GSM 7 bit, by SMS and on a screen."""
    link = raw(address_range=msisdn)
    link.submit(msisdn, "6000", "BAL")
    by_sms = link.delivery()
    link.dial(msisdn, "*100#")
    by_ussd = link.delivery()
    for pdu in (by_sms, by_ussd):
        assert pdu.data_coding == data_coding
        assert pdu.esm_class == 0
        assert pdu.short_message.decode(codec).split("\n")[0] == text


@pytest.mark.parametrize(
    ("msisdn", "language", "word"), [(RU, "ru", "использован"), (KK, "kk", "қолданылған"), (EN, "en", "used")]
)
def test_a_refusal_is_told_in_the_subscribers_language(
    api: ControlApi, phone: MakePhone, msisdn: str, language: str, word: str
) -> None:
    """The message store knows which language was chosen, too."""
    (code,) = api.codes()
    handset = phone(msisdn)
    handset.sms("9393", code)
    assert word in handset.sms("9393", code).text
    assert api.message(to=msisdn)["language"] == language


def test_lang_to_6000_changes_the_language_at_once_and_for_ussd_too(phone: MakePhone) -> None:
    """The confirmation is in the new language already."""
    handset = phone(EN)
    assert "қазақ" in handset.sms("6000", "LANG KK").text
    assert handset.dial("*100#").text.splitlines()[:2] == ["Баланс: 500 тг", "1 Шегерімдер"]
    assert handset.sms("6000", "lang en").text == "Messages now come in English."


def test_the_language_menu_and_its_choices_are_dialled(raw: Raw) -> None:
    """``*100*LANG#`` lists what to dial; ``*100*LANG*2#`` changes to Russian."""
    link = raw(address_range=EN)
    link.dial(EN, "*100*LANG#", dialogue=1)
    assert b"*100*LANG*2#" in link.delivery().short_message
    link.dial(EN, "*100*LANG*2#", dialogue=2)
    assert "русском" in link.delivery().short_message.decode("utf-16-be")


def test_the_simulators_handset_dials_the_language_menu(phone: MakePhone) -> None:
    """services.md section 1 has letters in a dialled string, so the handset has to let them through."""
    assert "*100*LANG*1#" in phone(EN).dial("*100*LANG#").text


def test_the_longest_kazakh_text_fills_one_part_and_is_not_split(api: ControlApi, raw: Raw) -> None:
    """The message that locks voucher entry has exactly the 70 characters of one UCS-2 part."""
    link = raw(address_range=KK)
    for number in range(4):
        link.submit(KK, "9393", f"000000000000{number}")
        link.delivery()
    link.submit(KK, "9393", "0000000000009")
    pdu = link.delivery()
    assert (pdu.data_coding, pdu.esm_class, len(pdu.short_message)) == (UCS2, 0, WHOLE_OCTETS)
    stored = api.message(to=KK)
    assert stored["text"] == pdu.short_message.decode("utf-16-be")
    assert api.whole(stored["id"])["encoding"]["parts"] == 1
    assert link.waiting() == []


def test_the_parts_of_a_long_message_arrive_in_order_each_with_its_header(raw: Raw, phone: MakePhone) -> None:
    """A long text in UCS-2: parts of at most 134 octets behind a header with one reference."""
    link = raw(address_range=RU)
    phone(EN).handset.send_sms(RU, "Қазақстан " * 20)
    parts = [link.delivery() for _ in range(3)]
    assert all(part.esm_class & EsmClass.UDHI and part.data_coding == UCS2 for part in parts)
    headers = [part.short_message[:6] for part in parts]
    assert {header[:3] for header in headers} == {b"\x05\x00\x03"}
    assert len({header[3] for header in headers}) == 1, "one reference"
    assert [tuple(header[4:]) for header in headers] == [(3, 1), (3, 2), (3, 3)]
    assert all(len(part.short_message) <= PART_OCTETS + 6 for part in parts)
    assert "".join(part.short_message[6:].decode("utf-16-be") for part in parts) == "Қазақстан " * 20


def test_a_long_message_between_handsets_keeps_its_text(phone: MakePhone) -> None:
    """Split by one handset, forwarded part by part, joined by the other; escape pairs stay whole."""
    sender, receiver = phone(EN), phone(RU)
    for text in ("€uro and {braces} " * 12, "Қазақстан 😀 " * 14):
        sender.handset.send_sms(RU, text)
        received = receiver.incoming()
        assert (received.source, received.text) == (EN, text)
