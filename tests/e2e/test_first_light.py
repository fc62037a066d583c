"""What works when the first issue is done: the main job over real SMPP, with the simulator's handset."""

from decimal import Decimal

from simulator.events import IncomingSms, UssdScreen
from tests.e2e.control_api import ControlApi
from tests.e2e.conftest import MakePhone

EN = "77781234567"


def test_a_voucher_sent_to_9393_is_credited_and_confirmed_and_sent_again_is_used(
    api: ControlApi, phone: MakePhone
) -> None:
    """The confirmation comes from 9393 with the new balance; the second time nothing is credited."""
    (code,) = api.codes()
    handset = phone(EN)
    assert handset.sms("9393", code) == IncomingSms("9393", "500.00 KZT credited. Balance: 1000.00 KZT.")
    assert handset.sms("9393", code) == IncomingSms("9393", "This code was already used.")
    assert api.balance(EN) == Decimal(1000)
    assert len(api.credits(EN)) == 1


def test_a_voucher_dialled_with_110_is_credited_on_one_screen_and_dialled_again_is_used(
    api: ControlApi, phone: MakePhone
) -> None:
    """The same by USSD: each answer is the dialogue's last screen."""
    (code,) = api.codes(face_value="1000.00")
    handset = phone(EN)
    shown = handset.dial(f"*110*{code}#")
    assert shown == UssdScreen("1000.00 KZT credited. Balance: 1500.00 KZT.", wants_answer=False)
    assert handset.dial(f"*110*{code}#") == UssdScreen("This code was already used.", wants_answer=False)
    assert api.balance(EN) == Decimal(1500)
