"""Shapes of ``/payments``."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from gateway.http.context import Api
from gateway.http.schemas import Amount, Body, Number, ShownAmount, ShownMoment, shown
from gateway.redaction import mask_text
from handlers.base.outcome import Text
from storage.bank_model import Payment, PaymentState

#: What a channel calls a payment; it stands in addresses and in CSV files.
PAYMENT_ID = r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$"


def _typed(text: str) -> str:
    """What a payer typed, right or wrong, without spaces around it; a card's number is nobody's to keep."""
    if not text.isprintable():
        raise ValueError("has characters that cannot be shown")
    return mask_text(text.strip(), secret_digits=False)


Typed = Annotated[str, Field(max_length=40), AfterValidator(_typed)]
Word = Annotated[str, Field(max_length=32)]


class NewPayment(Body):
    """``POST /payments``. A wrong ``msisdn`` or ``brand`` is no error: such a payment waits for support."""

    payment_id: Annotated[str, Field(pattern=PAYMENT_ID, examples=["QW-20260301-0001"])]
    channel: Word
    msisdn: Annotated[Typed, Field(examples=["77011234567"])]
    brand: Annotated[Typed, Field(examples=["activ"])]
    amount: Amount
    source: Word


class NewOwner(Body):
    """``POST /payments/{payment_id}/move``: the right number."""

    msisdn: Number


class ShownPayment(BaseModel):
    """A payment and what became of it.

    ``credited`` is the number that got the money, empty for none; ``why`` the id of the reason for which
    nobody got it at once, and ``detail`` the same in words.
    """

    payment_id: str
    channel: str
    msisdn: str
    brand: str
    amount: ShownAmount
    source: str
    state: PaymentState
    code: str
    credited: str
    why: str
    detail: str
    cashback: ShownAmount
    at: ShownMoment
    updated: ShownMoment


def show_payment(payment: Payment, api: Api) -> ShownPayment:
    """As the API writes it."""
    return ShownPayment(
        payment_id=payment.payment_id,
        channel=payment.channel,
        msisdn=payment.msisdn,
        brand=payment.brand,
        amount=shown(payment.amount_tiyn),
        source=payment.source,
        state=payment.state,
        code=payment.code,
        credited=payment.credited,
        why=payment.why,
        detail=api.settings.say(Text(payment.why)) if payment.why else "",
        cashback=shown(payment.cashback_tiyn),
        at=api.show(payment.at_us),
        updated=api.show(payment.updated_us),
    )
