"""9393 by voice: after the answer the code and ``*`` (services.md section 2)."""

from decimal import Decimal

import pytest

from tests.e2e.conftest import MakePhone
from tests.e2e.gateway_process import GatewayProcess
from tests.e2e.voice import Voice, VoicePhone

EN, RU, KK = "77781234567", "77011234567", "77021234567"
MAIN = Decimal(500)
PROMPT_S = 10
WRONG = "1234567890123"


@pytest.fixture
def caller(voice: Voice) -> VoicePhone:
    """A handset that has called 9393 and is asked for the code."""
    made = voice.phone(EN)
    made.dial("9393")
    assert made.connected() == "9393"
    assert made.prompt("voucher.enter_code") == "Enter the code of the card, then press star."
    return made


def _says_goodbye(caller: VoicePhone) -> None:
    caller.prompt("voice.goodbye")
    assert caller.ended() == ("finished", 0, "0.00")


def test_the_code_and_star_credit_the_face_value(voice: Voice, caller: VoicePhone) -> None:
    (code,) = voice.api.codes()
    caller.press(f"{code}*")
    assert caller.prompt("voucher.credited") == "500 KZT credited. Balance: 1,000 KZT."
    _says_goodbye(caller)
    assert voice.api.balance(EN) == MAIN + 500
    (credit,) = voice.api.credits(EN)
    assert credit["source"] == caller.call


def test_keys_may_come_one_by_one(voice: Voice, caller: VoicePhone) -> None:
    (code,) = voice.api.codes()
    for key in f"{code}*":
        caller.press(key)
    caller.prompt("voucher.credited")
    _says_goodbye(caller)


@pytest.mark.parametrize(
    ("msisdn", "credited"),
    [(RU, "Зачислено"), (KK, "Шотыңызға")],
)
def test_the_prompts_are_in_the_subscribers_language(voice: Voice, msisdn: str, credited: str) -> None:
    handset = voice.phone(msisdn)
    handset.dial("9393")
    handset.connected()
    handset.prompt("voucher.enter_code")
    handset.press(f"{voice.api.codes()[0]}*")
    assert credited in handset.prompt("voucher.credited")


def test_a_wrong_code_is_told_and_asked_for_again(voice: Voice, caller: VoicePhone) -> None:
    """Malformed, unknown; then the right one."""
    caller.press("123*")
    caller.prompt("voucher.malformed")
    caller.prompt("voucher.enter_code")
    caller.press(f"{WRONG}*")
    caller.prompt("voucher.unknown")
    caller.prompt("voucher.enter_code")
    caller.press(f"{voice.api.codes()[0]}*")
    caller.prompt("voucher.credited")
    _says_goodbye(caller)


def test_wrong_codes_of_all_ways_together_lock_the_entry(voice: Voice, phone: MakePhone) -> None:
    """Four by SMS, the fifth by voice; the next call is told so too."""
    handset = phone(EN)
    for number in range(4):
        handset.sms("9393", f"{int(WRONG) + number}")
    caller = voice.phone(EN)
    caller.dial("9393")
    caller.connected()
    caller.prompt("voucher.enter_code")
    caller.press("9999999999999*")
    caller.prompt("voucher.locked_now")
    assert caller.ended() == ("not_allowed", 0, "0.00")
    (code,) = voice.api.codes()
    caller.dial("9393")
    caller.connected()
    caller.prompt("voucher.enter_code")
    caller.press(f"{code}*")
    caller.prompt("voucher.locked")
    assert caller.ended()[0] == "not_allowed"
    assert voice.api.balance(EN) == MAIN


def test_who_is_silent_is_asked_once_more_and_then_left(voice: Voice, caller: VoicePhone) -> None:
    voice.api.advance(PROMPT_S)
    caller.prompt("voucher.enter_code")
    voice.api.advance(PROMPT_S)
    caller.prompt("voice.gave_up")
    assert caller.ended()[::2] == ("gave_up", "0.00")


def test_hanging_up_with_half_a_code_does_nothing(voice: Voice, caller: VoicePhone) -> None:
    caller.press(voice.api.codes()[0])
    caller.hang_up()
    assert caller.ended() == ("hangup", 0, "0.00")
    assert voice.api.balance(EN) == MAIN
    caller.press("*")
    assert caller.refused() == "unknown_call"


def test_who_is_in_debt_may_and_who_is_blocked_may_not(voice: Voice) -> None:
    """That is how people get out of debt."""
    for msisdn, status, said in ((EN, "debt", "voucher.credited"), (RU, "blocked", "access.blocked")):
        voice.api.patch(msisdn, status=status)
        handset = voice.phone(msisdn)
        handset.dial("9393")
        handset.connected()
        handset.prompt("voucher.enter_code")
        handset.press(f"{voice.api.codes()[0]}*")
        handset.prompt(said)


def test_the_same_code_from_two_handsets_at_once_is_used_once(voice: Voice) -> None:
    (code,) = voice.api.codes()
    handsets = [voice.phone(EN), voice.phone(RU)]
    for handset in handsets:
        handset.dial("9393")
        handset.connected()
        handset.prompt("voucher.enter_code")
    for handset in handsets:
        handset.press(f"{code}*")
    said = sorted(handset.any_prompt() for handset in handsets)
    assert said == ["voucher.credited", "voucher.used"]


def test_the_code_is_in_no_record_and_no_log(
    voice: Voice, gateway: GatewayProcess, caller: VoicePhone
) -> None:
    """Neither whole nor in pieces; what was pressed shows as ``***``."""
    (code,) = voice.api.codes()
    caller.press(code[:6])
    caller.press(f"{code[6:]}*")
    caller.prompt("voucher.credited")
    _says_goodbye(caller)
    whole = voice.record(caller.call)
    pressed = {turn["text"] for turn in whole["turns"] if turn["kind"] == "keys"}
    assert pressed == {"***"}
    for text in (
        str(whole),
        str(voice.calls()),
        gateway.log,
        gateway.database.read_bytes().decode("latin-1"),
    ):
        assert code not in text
        assert code[6:] not in text
