"""``/payments``: one call for all channels, what support does with a payment, and the payer's receipts."""

import asyncio
from datetime import datetime
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Path, Query, Response
from fastapi.responses import PlainTextResponse

from gateway.http.context import Api, UseApi
from gateway.http.payment_schemas import PAYMENT_ID, NewOwner, NewPayment, ShownPayment, Word, show_payment
from gateway.http.problems import not_found
from gateway.http.schemas import Moment, Number
from gateway.payment_receipts import Receipt, as_pdf, as_text, receipt_of
from handlers.base.command import Command
from handlers.payment_support import BackOutPayment, MovePayment, ReversePayment
from handlers.payments import Taken, TakePayment
from rating.msisdn import Msisdn
from rating.subscriber import Language
from storage.bank_model import Payment, PaymentState
from storage.reads import Reads
from storage.views import PaymentFilter

router = APIRouter(prefix="/payments", tags=["payments"])
R = TypeVar("R")
PathPayment = Annotated[str, Path(pattern=PAYMENT_ID)]
_US = 1_000_000


@router.post("", status_code=201, responses={200: {"model": ShownPayment}})
async def take_payment(body: NewPayment, response: Response, api: UseApi) -> ShownPayment:
    """Take a payment. The same body again answers 200 and moves nothing; another body 409."""
    command = TakePayment(
        origin=api.origin(),
        payment_id=body.payment_id,
        channel=body.channel,
        msisdn=body.msisdn,
        brand=body.brand,
        amount_tiyn=body.amount.tiyn,
        source=body.source,
    )
    submitted = await api.done(command)
    taken = _result(submitted.outcome.result, Taken)
    if taken.repeated:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/payments/{body.payment_id}"
    return show_payment(taken.payment, api)


@router.get("")
async def list_payments(
    *,
    api: UseApi,
    state: Annotated[PaymentState | None, Query()] = None,
    channel: Annotated[Word | None, Query()] = None,
    msisdn: Annotated[Number | None, Query(description="as the payer chose it, or who got it")] = None,
    since: Annotated[Moment | None, Query(description="taken at or after this operator time")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> list[ShownPayment]:
    """Payments, newest first."""
    wanted = PaymentFilter(state=state, channel=channel, msisdn=msisdn, since_us=since, limit=limit)
    found = await api.operator.read(lambda reads: reads.payments(wanted))
    return [show_payment(each, api) for each in found]


@router.get("/{payment_id}")
async def get_payment(payment_id: PathPayment, api: UseApi) -> ShownPayment:
    """One payment."""
    payment = await api.operator.read(lambda reads: reads.payment(payment_id))
    if payment is None:
        raise not_found("payment of that id")
    return show_payment(payment, api)


@router.post("/{payment_id}/reverse")
async def reverse_payment(payment_id: PathPayment, api: UseApi) -> ShownPayment:
    """Take it back from whoever got it, once, as long as the money and the bonuses are there."""
    return await _changed(ReversePayment(origin=api.origin(), payment_id=payment_id), api)


@router.post("/{payment_id}/move")
async def move_payment(payment_id: PathPayment, body: NewOwner, api: UseApi) -> ShownPayment:
    """Credit a payment that nobody got to the right number."""
    msisdn = Msisdn(body.msisdn)
    return await _changed(MovePayment(origin=api.origin(), payment_id=payment_id, msisdn=msisdn), api)


@router.post("/{payment_id}/back-out")
async def back_out_payment(payment_id: PathPayment, api: UseApi) -> ShownPayment:
    """Give a payment that nobody got back to its channel."""
    return await _changed(BackOutPayment(origin=api.origin(), payment_id=payment_id), api)


async def find_receipt(
    payment_id: PathPayment,
    api: UseApi,
    language: Annotated[Language | None, Query(description="the payer's, when left out")] = None,
) -> Receipt:
    """The receipt of a payment, in words."""
    found = await api.operator.read(lambda reads: _with_language(payment_id, reads))
    if found is None:
        raise not_found("payment of that id")
    payment, payers = found
    chosen = language or payers
    return receipt_of(
        payment,
        api.operator.profile.channels.get(payment.channel),
        datetime.fromtimestamp(payment.at_us // _US, tz=api.operator.timezone),
        chosen,
        lambda text: api.settings.speak(text, chosen),
    )


UseReceipt = Annotated[Receipt, Depends(find_receipt)]


@router.get("/{payment_id}/receipt.txt", response_class=PlainTextResponse)
async def get_text_receipt(receipt: UseReceipt) -> PlainTextResponse:
    """The receipt as text, with the transaction code as a QR code in block characters."""
    return PlainTextResponse(as_text(receipt), headers=_language(receipt))


@router.get(
    "/{payment_id}/receipt.pdf",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
async def get_pdf_receipt(payment_id: PathPayment, receipt: UseReceipt) -> Response:
    """The receipt as a PDF of one page, with the transaction code as a QR code."""
    name = {"Content-Disposition": f'inline; filename="receipt-{payment_id.replace(":", "_")}.pdf"'}
    page = await asyncio.to_thread(as_pdf, receipt)
    return Response(page, media_type="application/pdf", headers=name | _language(receipt))


async def _changed(command: Command, api: Api) -> ShownPayment:
    submitted = await api.done(command)
    return show_payment(_result(submitted.outcome.result, Payment), api)


def _with_language(payment_id: str, reads: Reads) -> tuple[Payment, Language] | None:
    """The payment, and the language of whoever got it or was meant."""
    payment = reads.payment(payment_id)
    if payment is None:
        return None
    view = reads.subscriber(Msisdn(payment.credited or payment.msisdn))
    return payment, view.subscriber.language if view else Language.RU


def _language(receipt: Receipt) -> dict[str, str]:
    return {"Content-Language": receipt.language.value}


def _result(value: object, kind: type[R]) -> R:
    """The value as the type that its handler promises."""
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value
