"""``/subscribers``: adding, showing and changing one, and where the money went."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from gateway.http.context import Api, PathMsisdn, UseApi
from gateway.http.problems import not_found
from gateway.http.schemas import (
    Movement,
    NewSubscriber,
    Restrictions,
    ShownBalances,
    ShownSubscriber,
    SubscriberChange,
    shown,
)
from handlers.subscriber_admin import AddSubscriber, ChangeSubscriber
from rating.msisdn import Msisdn
from storage.views import Movement as StoredMovement
from storage.views import SubscriberView

router = APIRouter(prefix="/subscribers", tags=["subscribers"])
#: The namespace of idempotency keys of this call; the key is the MSISDN.
KEY_SOURCE = "api:subscribers"


@router.post("", status_code=201, responses={200: {"model": ShownSubscriber}})
async def add_subscriber(body: NewSubscriber, response: Response, api: UseApi) -> ShownSubscriber:
    """Add a subscriber. The same body again answers 200 and adds nothing; another body 409."""
    msisdn = Msisdn(body.msisdn)
    command = AddSubscriber(
        origin=api.origin(),
        msisdn=msisdn,
        brand=body.brand,
        billing=body.billing,
        language=body.language,
        owner_name=body.owner_name,
        opening_tiyn=body.balance.tiyn,
    )
    submitted = await api.done(command, key=(KEY_SOURCE, msisdn), body=_canonical(body))
    if submitted.repeated:
        response.status_code = 200
    response.headers["Location"] = f"/api/v1/subscribers/{msisdn}"
    return await _shown(msisdn, api)


@router.get("/{msisdn}")
async def get_subscriber(msisdn: PathMsisdn, api: UseApi) -> ShownSubscriber:
    """A subscriber with the money of all accounts."""
    return await _shown(msisdn, api)


@router.patch("/{msisdn}")
async def change_subscriber(msisdn: PathMsisdn, body: SubscriberChange, api: UseApi) -> ShownSubscriber:
    """Change what is given; the rest stays as it is."""
    command = ChangeSubscriber(
        origin=api.origin(),
        msisdn=msisdn,
        status=body.status,
        roaming=body.roaming,
        language=body.language,
        ussd_barred=body.restrictions.ussd,
        short_codes_barred=body.restrictions.short_codes,
        premium_barred=body.restrictions.premium,
        device_registered=body.device_registered,
    )
    await api.done(command)
    return await _shown(msisdn, api)


@router.get("/{msisdn}/history")
async def get_history(
    msisdn: PathMsisdn, api: UseApi, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[Movement]:
    """Every change of the subscriber's money, newest first."""
    view, movements = await api.operator.read(
        lambda reads: (reads.subscriber(msisdn), reads.history(msisdn, limit))
    )
    if view is None:
        raise not_found(f"subscriber {msisdn}")
    return [_movement(each, api) for each in movements]


def _canonical(body: NewSubscriber) -> bytes:
    """The same request in one form, however it was typed."""
    return repr(sorted((name, repr(value)) for name, value in body)).encode()


async def _shown(msisdn: Msisdn, api: Api) -> ShownSubscriber:
    view = await api.operator.read(lambda reads: reads.subscriber(msisdn))
    if view is None:
        raise not_found(f"subscriber {msisdn}")
    return _subscriber(view, api)


def _subscriber(view: SubscriberView, api: Api) -> ShownSubscriber:
    record, balances = view.subscriber, view.balances
    return ShownSubscriber(
        msisdn=record.msisdn,
        brand=record.brand,
        billing=record.billing,
        status=record.status,
        roaming=record.roaming,
        language=record.language,
        owner_name=record.owner_name,
        restrictions=Restrictions(
            ussd=record.ussd_barred, short_codes=record.short_codes_barred, premium=record.premium_barred
        ),
        device_registered=record.device_registered,
        balances=ShownBalances(
            main=shown(balances.main_tiyn),
            parking=shown(balances.parking_tiyn),
            bonus=shown(balances.bonus_tiyn),
            held=shown(balances.held_tiyn),
            credit_limit=shown(balances.credit_limit_tiyn),
        ),
        created=api.show(record.created_us),
    )


def _movement(each: StoredMovement, api: Api) -> Movement:
    return Movement(
        seq=each.seq,
        at=api.show(each.op_us),
        reason=each.reason,
        account=each.account,
        amount=shown(each.amount_tiyn),
        balance_after=shown(each.balance_after_tiyn),
        source=each.source,
    )
