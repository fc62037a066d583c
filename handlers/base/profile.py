"""Operator data from ``profiles/``: which code leads to which service, prefixes, rules and prices."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from handlers.base.payment_channels import PaymentChannel, read_channels
from handlers.base.profile_codes import read_codes
from handlers.base.profile_fields import read_fields, unknown_keys
from handlers.base.profile_parking import ParkingZone, read_parking
from handlers.base.profile_tariffs import read_tariffs, read_vat
from rating.money import TIYN_PER_TENGE
from rating.parking_price import ParkingPrice
from rating.subscriber import Brand
from rating.tariff import Tariff
from rating.vat import VatRate


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One operator, as read from a profile file (checked when it is loaded).

    ``sms_services`` maps a short code to a service name, ``ussd_services`` a service code without its
    closing ``#`` (``*110``) likewise. ``voice_services`` maps a number that is called, ``voice_prefixes``
    what is dialled before a number (``000``). ``prefixes`` are the three-digit codes after ``7`` that are
    on-net.
    ``voucher_wrong_codes_max`` wrong codes within ``voucher_wrong_window_s`` lock voucher entry for
    ``voucher_lock_s``. Times ending in ``_s`` are seconds.
    The simulated bank answers an order after ``bank_answer_s[0]`` to ``bank_answer_s[1]``; an answer that is
    not there after ``bank_answer_timeout_s`` is overdue. A subscriber's cards pay at most
    ``bank_daily_limit_tiyn`` in a calendar day, and what a shop has authorised and not taken is free again
    after ``bank_authorisation_s``.
    ``channels`` are the ways to pay by their names; one payment is of ``payment_max_tiyn`` at most.
    AutoPay runs at ``autopay_hour`` o'clock, pays ``autopay_min_tiyn`` to ``autopay_max_tiyn`` each time, for
    at most ``autopay_rules_max`` rules of a payer. What failed is tried again after ``autopay_retry_s``, and
    ``autopay_failures_max`` failures in a row pause a rule.

    A handset rings for ``voice_answer_s``; a key is waited for ``voice_prompt_s``, a name ``voice_name_s``, a
    handset that went out of reach ``voice_reconnect_s``. A call that costs something is paid for
    ``voice_chunk_s`` ahead; one that the network makes comes from ``voice_call_back_from``.
    ``tariffs`` are the prices by their names, ``vat`` the tax inside them, oldest first.
    A subscriber's lists hold ``collect_list_max`` numbers each. ``collect_refused_hour_max`` refused requests
    within an hour suspend collect calls for ``collect_suspended_s``, ``collect_refused_day_max`` within a
    calendar day until it ends. By phone the bank moves ``bank_phone_min_tiyn`` or more, and
    ``bank_phone_wrong_max`` wrong passwords lock it for ``bank_phone_lock_s``.

    Subscribers of ``parking_brands`` park on the places of ``parking_zones``, by their numbers, for 1 to
    ``parking_hours_max`` hours at a time and by the price in force of ``parking_prices``, oldest first. A
    question is good for ``parking_confirm_s``, the reminder comes ``parking_reminder_s`` before the end, and
    ``parking_grace_s`` on a place are for paying. A car that no camera has seen for ``parking_stay_s`` has
    left. The owner of a plate that nobody has registered is written to at ``parking_owner_email``, in which
    ``{plate}`` stands for it; empty where nobody knows owners.
    """

    name: str
    timezone: str
    country_code: str
    prefixes: frozenset[str]
    sms_services: Mapping[str, str]
    ussd_services: Mapping[str, str]
    voucher_face_values_tiyn: tuple[int, ...]
    voucher_code_digits: int
    voucher_validity_days: int
    voucher_wrong_codes_max: int
    voucher_lock_s: int
    sms_validity_s: int
    ussd_dialogue_s: int
    voucher_wrong_window_s: int = 3600
    postpaid_credit_limit_tiyn: int = 0
    bank_answer_s: tuple[int, int] = (3, 5)
    bank_answer_timeout_s: int = 60
    bank_daily_limit_tiyn: int = 200_000 * TIYN_PER_TENGE
    bank_authorisation_s: int = 7 * 86_400
    channels: Mapping[str, PaymentChannel] = field(default_factory=dict)
    payment_max_tiyn: int = 1_000_000 * TIYN_PER_TENGE
    autopay_hour: int = 10
    autopay_min_tiyn: int = 100 * TIYN_PER_TENGE
    autopay_max_tiyn: int = 50_000 * TIYN_PER_TENGE
    autopay_rules_max: int = 10
    autopay_retry_s: int = 3600
    autopay_failures_max: int = 3
    voice_services: Mapping[str, str] = field(default_factory=dict)
    voice_prefixes: Mapping[str, str] = field(default_factory=dict)
    voice_answer_s: int = 30
    voice_prompt_s: int = 10
    voice_name_s: int = 5
    voice_reconnect_s: int = 10
    voice_chunk_s: int = 60
    voice_call_back_from: str = "+000"
    tariffs: Mapping[str, Tariff] = field(default_factory=dict)
    vat: tuple[VatRate, ...] = ()
    collect_list_max: int = 50
    collect_refused_hour_max: int = 10
    collect_refused_day_max: int = 30
    collect_suspended_s: int = 3600
    bank_phone_min_tiyn: int = 100 * TIYN_PER_TENGE
    bank_phone_wrong_max: int = 3
    bank_phone_lock_s: int = 86_400
    parking_brands: frozenset[Brand] = frozenset({Brand.ACTIV})
    parking_zones: Mapping[str, ParkingZone] = field(default_factory=dict)
    parking_prices: tuple[ParkingPrice, ...] = ()
    parking_hours_max: int = 24
    parking_confirm_s: int = 600
    parking_reminder_s: int = 600
    parking_grace_s: int = 900
    parking_stay_s: int = 1800
    parking_owner_email: str = ""

    def sms_code_of(self, service: str) -> str:
        """The first short code that leads to the service: who its own messages come from. ``""`` if none."""
        return next((code for code, name in self.sms_services.items() if name == service), "")


class ProfileError(Exception):
    """A profile cannot be used. ``problems`` has all that is wrong with it, and the message too."""

    def __init__(self, name: str, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(f"profile {name}: {problem}" for problem in problems))
        self.problems = problems


def load_profile(name: str) -> Profile:
    """Read ``profiles/NAME.toml``. Raises ProfileError with every problem at once."""
    file = resources.files("profiles") / f"{name}.toml"
    if not name.isidentifier() or not file.is_file():
        raise ProfileError(
            name, (f"there is no profile of that name; there are {', '.join(profile_names())}",)
        )
    return parse_profile(name, file.read_text("utf-8"))


def profile_names() -> tuple[str, ...]:
    """The profiles that come with the package."""
    files = resources.files("profiles").iterdir()
    return tuple(sorted(f.name.removesuffix(".toml") for f in files if f.name.endswith(".toml")))


def parse_profile(name: str, text: str) -> Profile:
    """Check and build a profile from its TOML. Raises ProfileError with every problem at once."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(name, (f"not valid TOML: {error}",)) from None
    problems: list[str] = []
    values = read_fields(data, problems)
    codes = read_codes(data.pop("services", None), values.get("prefixes"), problems)
    channels = read_channels(data.pop("channels", None), problems)
    tariffs = read_tariffs(data.pop("tariffs", None), values.get("timezone"), problems)
    vat = read_vat(data.pop("vat", None), values.get("timezone"), problems)
    parking = read_parking(data.get("parking"), values.get("timezone"), problems)
    problems += [f"unknown key {key}" for key in unknown_keys(data)]
    if problems:
        raise ProfileError(name, tuple(problems))
    return Profile(
        name=name,
        sms_services=codes.sms,
        ussd_services=codes.ussd,
        voice_services=codes.voice,
        voice_prefixes=codes.voice_prefixes,
        channels=channels,
        tariffs=tariffs,
        vat=vat,
        parking_brands=parking.brands,
        parking_zones=parking.zones,
        parking_prices=parking.prices,
        # Each value was checked by the row of its field.
        **values,  # type: ignore[arg-type]
    )
