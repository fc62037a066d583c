"""``/vouchers``: printing scratch cards, and an agent's redemption."""

from typing import TypeVar

from fastapi import APIRouter

from gateway.http.context import UseApi
from gateway.http.schemas import PrintedBatch, PrintedVoucher, PrintOrder, Redeemed, Redemption, shown
from handlers import scratch_cards, voucher_admin
from handlers.base.command import Secret
from handlers.base.grammar import SLOT_TYPES, clean
from handlers.scratch_cards import RedeemVoucher
from handlers.voucher_admin import PrintVouchers
from rating.msisdn import Msisdn

router = APIRouter(prefix="/vouchers", tags=["vouchers"])
R = TypeVar("R")


@router.post("", status_code=201)
async def print_vouchers(body: PrintOrder, api: UseApi) -> PrintedBatch:
    """Print a batch. The codes are shown this once; only keyed digests are kept."""
    command = PrintVouchers(origin=api.origin(), face_value_tiyn=body.face_value.tiyn, count=body.count)
    submitted = await api.done(command)
    printed = _result(submitted.outcome.result, voucher_admin.PrintedBatch)
    face_value = shown(printed.batch.face_value_tiyn)
    cards = [
        PrintedVoucher(serial=each.serial, code=each.code.reveal(), face_value=face_value)
        for each in printed.vouchers
    ]
    return PrintedBatch(batch=printed.batch.id, vouchers=cards)


@router.post("/redeem")
async def redeem_voucher(body: Redemption, api: UseApi) -> Redeemed:
    """An agent enters a code for a subscriber, naming the registered owner; wrong codes count as ever."""
    msisdn = Msisdn(body.msisdn)
    code = SLOT_TYPES["voucher_code"].read(clean(body.code))
    command = RedeemVoucher(origin=api.origin(msisdn), code=_result(code, Secret), owner_name=body.owner_name)
    submitted = await api.done(command)
    result = _result(submitted.outcome.result, scratch_cards.Redeemed)
    return Redeemed(
        msisdn=msisdn,
        serial=result.serial,
        face_value=shown(result.face_value_tiyn),
        balance=shown(result.balance_tiyn),
    )


def _result(value: object, kind: type[R]) -> R:
    """The value as the type that its handler promises."""
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
