"""``/bank/phone-customers``: the bank's call centre registers customers of the bank by phone."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from gateway.http.context import Api, UseApi
from gateway.http.phone_customer_schemas import (
    IssuedPhoneCustomer,
    NewPhoneCustomer,
    ShownPhoneCustomer,
)
from gateway.http.schemas import Number
from handlers.bank_phone_desk import PhoneRegistered, RegisterPhoneCustomer, ResetPhoneCustomer
from handlers.base.phone_bank import ATTEMPTS, IDENTIFIER_DIGITS, INITIAL_PASSWORD
from rating.msisdn import Msisdn
from storage.call_model import PhoneCustomer
from storage.reads import Reads

router = APIRouter(prefix="/bank/phone-customers", tags=["bank"])

Limit = Annotated[int, Query(ge=1, le=1000)]
Identifier = Annotated[str, Path(pattern=rf"^[0-9]{{{IDENTIFIER_DIGITS}}}$", examples=["48210375"])]


@router.post("", status_code=201, responses={200: {"model": IssuedPhoneCustomer}})
async def register_phone_customer(
    body: NewPhoneCustomer, response: Response, api: UseApi
) -> IssuedPhoneCustomer:
    """Register a card's holder. The same card again answers 200 with the same identifier, and no password."""
    command = RegisterPhoneCustomer(origin=api.origin(), msisdn=Msisdn(body.msisdn), card_id=body.card)
    registered = (await api.done(command)).outcome.result
    assert isinstance(registered, PhoneRegistered)  # noqa: S101 (what its handler promises)
    if not registered.is_new:
        response.status_code = 200
    return await _issued(registered.customer, api, with_password=registered.is_new)


@router.get("")
async def list_phone_customers(
    api: UseApi, msisdn: Number | None = None, limit: Limit = 100
) -> list[ShownPhoneCustomer]:
    """Customers of the bank by phone, oldest first."""
    number = None if msisdn is None else Msisdn(msisdn)
    return await api.operator.read(lambda reads: _all_shown(reads.phone_customers(number, limit), reads, api))


@router.post("/{identifier}/reset")
async def reset_phone_customer(identifier: Identifier, api: UseApi) -> IssuedPhoneCustomer:
    """The initial password again, and no lock."""
    command = ResetPhoneCustomer(origin=api.origin(), identifier=identifier)
    customer = (await api.done(command)).outcome.result
    assert isinstance(customer, PhoneCustomer)  # noqa: S101 (what its handler promises)
    return await _issued(customer, api, with_password=True)


def _all_shown(customers: Sequence[PhoneCustomer], reads: Reads, api: Api) -> list[ShownPhoneCustomer]:
    locked = reads.locked_until(ATTEMPTS, [each.identifier for each in customers])
    now_us = api.operator.clock().now_us
    return [_shown(each, locked.get(each.identifier, 0), now_us, api) for each in customers]


def _shown(customer: PhoneCustomer, locked_until_us: int, now_us: int, api: Api) -> ShownPhoneCustomer:
    return ShownPhoneCustomer(
        identifier=customer.identifier,
        msisdn=customer.msisdn,
        card=customer.card_id,
        card_code=customer.card_code,
        is_initial=customer.is_initial,
        created=api.show(customer.created_us),
        locked_until=api.show(locked_until_us) if now_us < locked_until_us else None,
    )


async def _issued(customer: PhoneCustomer, api: Api, *, with_password: bool) -> IssuedPhoneCustomer:
    """With the initial password only where it has just been set."""
    (shown,) = await api.operator.read(lambda reads: _all_shown([customer], reads, api))
    password = INITIAL_PASSWORD.reveal() if with_password else None
    return IssuedPhoneCustomer(**shown.model_dump(), password=password)
