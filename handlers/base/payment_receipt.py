"""What stands on a payer's receipt, as texts; paper and languages are the edge's (services.md section 5)."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from handlers.base.outcome import Text
from handlers.base.payment_channels import PaymentChannel, ReceiptForm
from rating.money import Money
from storage.bank_model import Payment, PaymentState

TITLES: Final = {
    ReceiptForm.PRINTABLE: Text("payment.receipt_printable"),
    ReceiptForm.SLIP: Text("payment.receipt_slip"),
}
_NEWS: Final = {
    PaymentState.REVERSED: Text("payment.receipt_reversed"),
    PaymentState.BACKED_OUT: Text("payment.receipt_backed_out"),
}


def lines_of(payment: Payment, channel: PaymentChannel | None, at: datetime) -> tuple[Text, ...]:
    """As of now; ``at`` is when the payment came, ``channel`` None where the profile has it no more."""
    return (*_facts(payment, channel, at), *_news(payment), *_help(payment, channel))


def _facts(payment: Payment, channel: PaymentChannel | None, at: datetime) -> Iterator[Text]:
    shown = channel.shown if channel else payment.channel
    yield Text("payment.receipt_channel", {"channel": shown})
    yield Text("payment.receipt_amount", {"amount": Money(payment.amount_tiyn)})
    yield Text("payment.receipt_number", {"number": payment.msisdn})
    yield Text("payment.receipt_time", {"time": f"{at:%d.%m.%Y %H:%M:%S}"})
    yield Text("payment.receipt_id", {"payment": payment.payment_id})
    yield Text("payment.receipt_code", {"code": payment.code})


def _news(payment: Payment) -> Iterator[Text]:
    """What became of it, where it is not simply on the number."""
    if payment.state is PaymentState.UNALLOCATED:
        yield Text("payment.receipt_unallocated", {"why": Text(payment.why)})
    elif payment.state is PaymentState.MOVED:
        yield Text("payment.receipt_moved", {"number": payment.credited})
    elif payment.state in _NEWS:
        yield _NEWS[payment.state]
    if payment.cashback_tiyn and payment.state is not PaymentState.REVERSED:
        yield Text("payment.receipt_bonuses", {"bonuses": Money(payment.cashback_tiyn)})


def _help(payment: Payment, channel: PaymentChannel | None) -> Iterator[Text]:
    """Whom to ask, and what to show them."""
    if channel and channel.support:
        yield Text("payment.receipt_support", {"support": channel.support})
    if channel and channel.receipt is ReceiptForm.SLIP and payment.state is PaymentState.UNALLOCATED:
        yield Text("payment.receipt_keep")
