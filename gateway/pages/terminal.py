"""``/terminal``: a cash terminal that takes money for a number and prints its slip."""

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from fastapi import APIRouter, Request, Response

from gateway.http.context import Api, UseApi
from gateway.http.payment_schemas import PAYMENT_ID
from gateway.http.payments import PathPayment, UseReceipt, get_pdf_receipt, get_text_receipt
from gateway.http.problems import Problem, not_found
from gateway.pages import words
from gateway.pages.forms import WHOLE, Form, typed_in
from gateway.pages.layout import PageRoute, go, page
from handlers.base.outcome import Text
from handlers.base.payment_channels import PaymentChannel, Source
from handlers.payments import TakePayment
from rating.subscriber import Brand, Language
from storage.bank_model import PaymentState

router = APIRouter(prefix="/terminal", include_in_schema=False, route_class=PageRoute)

#: Of an id's hexadecimal digits, so many of the random ones name a payment: 48 bits, short enough to be said
#: on the telephone. A number that was there already takes no money, see ``payment.id_reused``.
_NUMBER_DIGITS: Final = 12
_NUMBER: Final = re.compile(PAYMENT_ID)
#: The operator's own call centre, for providers that have none (services.md section 9).
CALL_CENTRE: Final = "9090"
_LANGUAGES: Final[Mapping[Language, str]] = MappingProxyType(
    {Language.KK: "Қазақша", Language.RU: "Русский", Language.EN: "English"}
)


@router.get("")
async def show_terminal(api: UseApi, channel: str = "") -> Response:
    """The screen, with a provider already chosen if the address says so."""
    return _screen(api, Form({"channel": channel}))


@router.post("")
async def take_cash(request: Request, api: UseApi) -> Response:
    """Take the money, then on to the slip. The same form again leads to the same slip."""
    form = Form(await typed_in(request))
    payment_id = _payment_id(form)
    channel = _channel(form, api)
    msisdn = form.msisdn("msisdn")
    brand = form.choice("brand", Brand, "Choose the brand of the number.")
    amount = form.amount("amount")
    if channel is None or msisdn is None or brand is None or amount is None:
        return _screen(api, form, 422, payment_id)
    command = TakePayment(
        origin=api.origin(),
        payment_id=payment_id,
        channel=channel.name,
        msisdn=msisdn,
        brand=brand.value,
        amount_tiyn=amount.tiyn,
        source=Source.CASH.value,
    )
    try:
        await api.done(command)
    except Problem as problem:
        return _refused(api, form, problem, payment_id)
    return go(f"/terminal/slips/{payment_id}")


def _refused(api: Api, form: Form, problem: Problem, payment_id: str) -> Response:
    """The screen again. A number that was used before is replaced, and its slip is shown the way to."""
    if problem.code != "payment.id_reused":
        form.refuse(problem)
        return _screen(api, form, problem.status, payment_id)
    form.note(WHOLE, "This form was paid before, with other values. To pay this too, send it again.")
    return _screen(api, form, problem.status, slip=payment_id)


def _payment_id(form: Form) -> str:
    """The form's own number. Raises Problem when it is not there."""
    payment_id = form.token("payment_id")
    if not _NUMBER.fullmatch(payment_id):
        raise Problem(400, "the form is not complete; load its page again", code="form")
    return payment_id


def _new_number(api: Api) -> str:
    """``T-9F3A-11C0-7B5E``."""
    digits = api.operator.new_id()[-_NUMBER_DIGITS:].upper()
    return "-".join(("T", digits[:4], digits[4:8], digits[8:]))


def _providers(api: Api) -> Mapping[str, PaymentChannel]:
    """The channels that take cash."""
    channels = api.operator.profile.channels.items()
    return {name: channel for name, channel in channels if Source.CASH in channel.sources}


def _channel(form: Form, api: Api) -> PaymentChannel | None:
    found = _providers(api).get(form.shown("channel"))
    if found is None:
        form.note("channel", "Choose a provider.")
    return found


def _title(channel: PaymentChannel, api: Api) -> str:
    shown = channel.shown
    return api.settings.say(shown) if isinstance(shown, Text) else shown


def _screen(api: Api, form: Form, status: int = 200, payment_id: str = "", *, slip: str = "") -> Response:
    """The terminal's screen; a fresh payment number, unless the same try goes on."""
    providers = [
        (name, f"{_title(channel, api)}, from {words.money(channel.minimum_tiyn)}")
        for name, channel in _providers(api).items()
    ]
    return page(
        "terminal.html",
        status,
        form=form,
        providers=providers,
        brands=[(brand.value, brand.value, "") for brand in Brand],
        payment_id=payment_id or _new_number(api),
        slip=slip,
    )


# -- slips -----------------------------------------------------------------------------------------


@router.get("/slips/{payment_id}")
async def show_slip(payment_id: PathPayment, receipt: UseReceipt, api: UseApi) -> Response:
    """The slip, to be printed as it is; in the payer's language unless another one is asked for."""
    payment = await api.operator.read(lambda reads: reads.payment(payment_id))
    if payment is None:
        raise not_found("payment of that number")
    channel = api.operator.profile.channels.get(payment.channel)
    return page(
        "slip.html",
        payment=payment,
        receipt=receipt,
        is_waiting=payment.state is PaymentState.UNALLOCATED,
        is_credited=payment.state is PaymentState.CREDITED,
        why=api.settings.say(Text(payment.why)) if payment.why else "",
        support=channel.support if channel and channel.support else CALL_CENTRE,
        qr=await asyncio.to_thread(_qr, payment.code),
        languages=[(each.value, name) for each, name in _LANGUAGES.items()],
    )


def _qr(code: str) -> str:
    """The code as SVG, which is made of numbers only."""
    import segno  # noqa: PLC0415 - most gateways never print a slip

    return segno.make_qr(code, error="m").svg_inline(scale=4, omitsize=True, svgclass="qr", title=None)


router.add_api_route("/slips/{payment_id}/slip.txt", get_text_receipt)
router.add_api_route("/slips/{payment_id}/slip.pdf", get_pdf_receipt)
