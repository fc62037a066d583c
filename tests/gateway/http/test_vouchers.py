"""``/vouchers``: codes are shown once, and never anywhere else."""

from typing import Any, TypeAlias

import pytest

from gateway.http.facade import Submitted
from handlers.base.command import Channel, Secret
from handlers.base.outcome import Outcome, refuse
from handlers.scratch_cards import Redeemed, RedeemVoucher
from handlers.voucher_admin import PrintedBatch, PrintedVoucher, PrintVouchers
from storage.model import VoucherBatch

# The fakes of conftest.py: test modules cannot import each other.
Operator: TypeAlias = Any
Client: TypeAlias = Any
CODE = "1234567890123"
REDEMPTION = {"msisdn": "77011234567", "code": CODE, "owner_name": "Aliya"}


def test_printing_shows_serials_and_codes(client: Client, operator: Operator) -> None:
    batch = VoucherBatch(id="000001", face_value_tiyn=50_000, count=1, created_us=0, expires_us=1)
    card = PrintedVoucher(serial="000001-00001", code=Secret(CODE), face_value_tiyn=50_000)
    operator.answer = Submitted(Outcome(result=PrintedBatch(batch=batch, vouchers=(card,))))
    answer = client.post("/api/v1/vouchers", json={"face_value": "500.00", "count": 1})
    assert answer.status_code == 201
    assert answer.json() == {
        "batch": "000001",
        "vouchers": [{"serial": "000001-00001", "code": CODE, "face_value": "500.00"}],
    }
    (command,) = operator.commands
    assert command == PrintVouchers(origin=command.origin, face_value_tiyn=50_000, count=1)


@pytest.mark.parametrize("count", [0, -1, 10_001, "1", 1.5, True, None, 10**400])
def test_an_impossible_count_is_refused(client: Client, operator: Operator, count: object) -> None:
    answer = client.post("/api/v1/vouchers", json={"face_value": "500", "count": count})
    assert answer.status_code == 422
    assert operator.commands == []


def test_an_agents_redemption_names_subscriber_owner_and_channel(client: Client, operator: Operator) -> None:
    result = Redeemed(serial="000001-00001", face_value_tiyn=50_000, balance_tiyn=100_000)
    operator.answer = Submitted(Outcome(result=result))
    spaced = REDEMPTION | {"code": "1234-5678 90123"}
    answer = client.post("/api/v1/vouchers/redeem", json=spaced)
    assert answer.json() == {
        "msisdn": "77011234567",
        "serial": "000001-00001",
        "face_value": "500.00",
        "balance": "1000.00",
    }
    (command,) = operator.commands
    assert isinstance(command, RedeemVoucher)
    assert command.code.reveal() == CODE
    assert (command.owner_name, command.origin.msisdn) == ("Aliya", "77011234567")
    assert (command.origin.channel, command.origin.actor) == (Channel.API, "api")


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        ("access.unknown", 404),
        ("access.blocked", 409),
        ("voucher.locked", 429),
        ("voucher.malformed", 422),
        ("voucher.wrong_owner", 403),
        ("voucher.unknown", 422),
        ("voucher.used", 409),
        ("voucher.expired", 409),
        ("voucher.disabled", 409),
    ],
)
def test_each_refusal_has_its_status_and_never_repeats_the_code(
    client: Client, operator: Operator, refusal: str, status: int
) -> None:
    operator.answer = Submitted(refuse(refusal))
    answer = client.post("/api/v1/vouchers/redeem", json=REDEMPTION)
    assert (answer.status_code, answer.json()["code"]) == (status, refusal)
    assert CODE not in answer.text


def test_a_wrong_field_does_not_show_the_code(client: Client) -> None:
    answer = client.post("/api/v1/vouchers/redeem", json=REDEMPTION | {"code": CODE * 9})
    assert answer.status_code == 422
    assert CODE not in answer.text
