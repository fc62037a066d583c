"""What services around cards share: codes, check digits, names of banks, the bank's manners."""

from typing import TYPE_CHECKING

import pytest

from handlers.base.cards import (
    CODE_ALPHABET,
    CODE_LENGTH,
    Behaviour,
    Manner,
    bank_name,
    behaviour,
    by_bank,
    luhn_digit,
    new_code,
    parse_behaviour,
    set_behaviour,
)
from handlers.base.outcome import Text
from rating.msisdn import Msisdn

if TYPE_CHECKING:
    from tests.handlers.conftest import Desk


class TestCodes:
    def test_have_twelve_characters_without_lookalikes_and_begin_with_a_letter(self, desk: "Desk") -> None:
        codes = [new_code(desk.context()) for _ in range(500)]
        assert {len(code) for code in codes} == {CODE_LENGTH}
        assert set("".join(codes)) == set(CODE_ALPHABET)
        assert not set(CODE_ALPHABET) & set("01OIL")
        assert all(code[0].isalpha() for code in codes)
        assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("pan", ["4111111111111111", "5500005555555559", "9398000000071234", "79927398713"])
def test_the_check_digit_is_luhns(pan: str) -> None:
    assert luhn_digit(pan[:-1]) == pan[-1]


@pytest.mark.parametrize("typed", ["Halyk Bank", " halyk  BANK ", "halyk_bank"])
def test_a_banks_name_is_one_however_it_is_typed(typed: str) -> None:
    assert bank_name(typed) == "halyk_bank"


def test_the_bank_writes_from_its_short_code(desk: "Desk") -> None:
    reply = by_bank(Text("bank.usage"), Msisdn("77011234567"), desk.context())
    assert (reply.to, reply.sender, reply.by_sms) == ("77011234567", "8080", True)


@pytest.mark.parametrize("mode", Manner)
def test_a_behaviour_is_kept_as_it_was_set(desk: "Desk", mode: Manner) -> None:
    wanted = Behaviour(mode, 17)
    desk.do(lambda uow, _: set_behaviour(wanted, uow))
    assert desk.do(lambda uow, _: behaviour(uow)) == wanted


def test_a_bank_to_which_nothing_was_said_behaves_as_usual() -> None:
    assert parse_behaviour(None) == Behaviour(Manner.USUAL, 0)
