"""Shapes of the control API: amounts are strings in tenge, times ISO 8601 with offset.

Unknown fields are errors. Values arrive here as the domain's own types: Msisdn, Money, microseconds.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    WithJsonSchema,
    model_validator,
)

from gateway.clock import ClockMode
from rating.money import InvalidAmount, Money, format_tenge, parse_tenge
from rating.msisdn import InvalidMsisdn, parse_msisdn
from rating.subscriber import Billing, Brand, Language, Status

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
#: The operator did not exist before; an earlier time is a slip of the keyboard.
_FIRST_YEAR = 2000
_TIME_EXAMPLE = "a string like 2026-03-01T09:00:00+05:00"


def parse_moment(text: Any) -> int:
    """Microseconds since the epoch from ``2026-03-01T09:00:00+05:00``. Raises ValueError.

    A ``+`` that a URL turned into a space is understood.
    """
    if not isinstance(text, str):
        raise ValueError(f"a time is {_TIME_EXAMPLE}")  # noqa: TRY004 (pydantic reports ValueErrors only)
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+") if "T" in text else text)
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time; write it like 2026-03-01T09:00:00+05:00") from None
    if moment.utcoffset() is None:
        raise ValueError("the time needs its offset, as in 2026-03-01T09:00:00+05:00")
    if moment.year < _FIRST_YEAR:
        raise ValueError(f"a time before the year {_FIRST_YEAR} is none of this operator's")
    return (moment - _EPOCH) // _MICROSECOND


def show_moment(moment_us: int, timezone: ZoneInfo) -> str:
    """ISO 8601 with the operator's offset, exact to the microsecond, so that it can be given back."""
    return (_EPOCH + timedelta(microseconds=moment_us)).astimezone(timezone).isoformat()


def _amount(value: Any) -> Money:
    if isinstance(value, Money):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value) if abs(value) < 10**16 else "too large"
    if not isinstance(value, str):
        raise ValueError('an amount is a string like "99.50"')  # noqa: TRY004 (as above)
    try:
        return parse_tenge(value)
    except InvalidAmount as error:
        raise ValueError(str(error)) from None


def _printable(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that cannot be shown")
    return text


def _address(text: str) -> str:
    if not text.isprintable():
        raise ValueError("has characters that no address has")
    try:
        return parse_msisdn(text)
    except InvalidMsisdn:
        return text.strip()


Number = Annotated[
    str,
    AfterValidator(parse_msisdn),
    WithJsonSchema({"type": "string", "examples": ["77011234567"], "maxLength": 40}),
]
#: A short code or a name as it is; a subscriber's number in its stored form.
Address = Annotated[str, Field(max_length=40), AfterValidator(_address)]
Amount = Annotated[
    Money, BeforeValidator(_amount), WithJsonSchema({"type": "string", "examples": ["500.00", "99.50"]})
]
Moment = Annotated[
    int, BeforeValidator(parse_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]
OwnerName = Annotated[str, Field(max_length=100), AfterValidator(_printable)]
ShownAmount = Annotated[str, Field(examples=["500.00"])]
ShownMoment = Annotated[str, Field(examples=["2026-03-01T09:00:00+05:00"])]


class Body(BaseModel):
    """The base of request bodies."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, hide_input_in_errors=True)


class NewSubscriber(Body):
    """``POST /subscribers``."""

    msisdn: Number
    brand: Brand
    billing: Billing = Billing.PREPAID
    language: Language = Language.RU
    owner_name: OwnerName = ""
    balance: Amount = Money(0)


class Restrictions(Body):
    """What a subscriber may not use."""

    ussd: StrictBool = False
    short_codes: StrictBool = False
    premium: StrictBool = False


class RestrictionsChange(Body):
    """Some of the restrictions; what is left out stays."""

    ussd: StrictBool | None = None
    short_codes: StrictBool | None = None
    premium: StrictBool | None = None


class SubscriberChange(Body):
    """``PATCH /subscribers/{msisdn}``: what is left out stays as it is."""

    status: Status | None = None
    roaming: StrictBool | None = None
    language: Language | None = None
    restrictions: RestrictionsChange = RestrictionsChange()
    device_registered: StrictBool | None = None


class ShownBalances(BaseModel):
    """Money by account; ``held`` is the part of ``main`` that is set aside."""

    main: ShownAmount
    parking: ShownAmount
    bonus: ShownAmount
    held: ShownAmount
    credit_limit: ShownAmount


class ShownSubscriber(BaseModel):
    """``GET /subscribers/{msisdn}``."""

    msisdn: str
    brand: Brand
    billing: Billing
    status: Status
    roaming: bool
    language: Language
    owner_name: str
    restrictions: Restrictions
    device_registered: bool
    balances: ShownBalances
    created: ShownMoment


class PrintOrder(Body):
    """``POST /vouchers``."""

    face_value: Amount
    count: Annotated[StrictInt, Field(ge=1, le=10_000)]


class PrintedVoucher(BaseModel):
    """A voucher as it is shown once."""

    serial: str
    code: str
    face_value: ShownAmount


class PrintedBatch(BaseModel):
    """The batch that was printed."""

    batch: str
    vouchers: list[PrintedVoucher]


class Redemption(Body):
    """``POST /vouchers/redeem``: an agent enters a code after checking the registered owner's name."""

    msisdn: Number
    code: Annotated[str, Field(max_length=40)]
    owner_name: OwnerName


class Redeemed(BaseModel):
    """What the redemption led to."""

    msisdn: str
    serial: str
    face_value: ShownAmount
    balance: ShownAmount


class ClockSetting(Body):
    """``PUT /clock``; without ``now`` the time goes on from where it is."""

    mode: ClockMode
    now: Moment | None = None


class Advance(Body):
    """``POST /clock/advance``: by so many seconds, or to a time."""

    seconds: Annotated[StrictInt, Field(ge=0, le=10**10)] | None = None
    to: Moment | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Advance":
        if (self.seconds is None) == (self.to is None):
            raise ValueError("give either seconds or to")
        return self


class ShownClock(BaseModel):
    """``GET /clock``."""

    mode: ClockMode
    now: ShownMoment
    timezone: str


class FiredJob(BaseModel):
    """One piece of due work that ran."""

    kind: str
    key: str
    due: ShownMoment


class Advanced(ShownClock):
    """Where the clock stands now, and what fired on the way, in order."""

    fired: list[FiredJob]


class Account(BaseModel):
    """A ledger account."""

    code: str
    balance: ShownAmount


class TrialBalance(BaseModel):
    """``GET /ledger/trial-balance``; the sum is 0.00 or the ledger is broken."""

    sum: ShownAmount
    accounts: list[Account]


class Movement(BaseModel):
    """One line of ``GET /subscribers/{msisdn}/history``."""

    seq: int
    at: ShownMoment
    reason: str
    account: str
    amount: ShownAmount
    balance_after: ShownAmount
    source: str


def shown(tiyn: int) -> str:
    """An amount as the API writes it."""
    return format_tenge(tiyn)


class Health(BaseModel):
    """``GET /health``."""

    status: str
