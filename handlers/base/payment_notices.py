"""What subscribers read of payments; the sender is the operator's own short code."""

from handlers.base.context import Context
from handlers.base.outcome import Reply, Text
from rating.money import Money
from rating.msisdn import Msisdn
from storage.bank_model import Payment


def credited(payment: Payment, balance_tiyn: int, context: Context) -> Reply:
    """Money has come, by which way, and what it earned."""
    params = _params(payment, balance_tiyn, context)
    if not payment.cashback_tiyn:
        return _to(payment, Text("payment.credited", params))
    earned = {"bonuses": Money(payment.cashback_tiyn)}
    return _to(payment, Text("payment.credited_bonuses", params | earned))


def taken_back(payment: Payment, balance_tiyn: int, context: Context) -> Reply:
    """A payment was reversed."""
    return _to(payment, Text("payment.taken_back", _params(payment, balance_tiyn, context)))


def _to(payment: Payment, text: Text) -> Reply:
    return Reply(text=text, to=Msisdn(payment.credited), by_sms=True)


def _params(payment: Payment, balance_tiyn: int, context: Context) -> dict[str, object]:
    channel = context.profile.channels.get(payment.channel)
    return {
        "amount": Money(payment.amount_tiyn),
        "channel": channel.shown if channel else payment.channel,
        "balance": Money(balance_tiyn),
        "code": payment.code,
    }
