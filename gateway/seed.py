"""The seeded state: what a fresh gateway holds, and what ``POST /reset`` goes back to.

The demo's voucher codes and card numbers are derived from the installation's key, so that they need not be
stored to be printed again, and are the same ones after a reset.
"""

from collections.abc import Callable
from dataclasses import dataclass

from handlers.bank_desk import RegisterCard
from handlers.bank_phone_desk import RegisterPhoneCustomer
from handlers.base.cards import luhn_digit
from handlers.base.command import Channel, Command, Origin, Secret
from handlers.subscriber_admin import AddSubscriber
from handlers.voucher_admin import PrintVouchers
from rating.money import TIYN_PER_TENGE
from rating.msisdn import Msisdn
from rating.subscriber import Billing, Brand, Language

OPENING_TIYN = 500 * TIYN_PER_TENGE
CARD_TIYN = 50_000 * TIYN_PER_TENGE
_BANK = "halyk"
#: Of no issuer: ISO/IEC 7812-1 gives 9 and a country's number to that country's own use.
_PAN_PREFIX = "9398"
_VOUCHERS_EACH = 2
#: The first subscriber's identifier for the bank by phone (7000).
DEMO_IDENTIFIER = "70007000"
_SOURCE = "demo-data"
_ORIGIN = Origin(msisdn=Msisdn(""), channel=Channel.API, service_code="", source_id=_SOURCE, actor=_SOURCE)

#: MSISDN, brand, billing, language, owner (interfaces.md "Command line").
DEMO_SUBSCRIBERS: tuple[tuple[str, Brand, Billing, Language, str], ...] = (
    ("77011234567", Brand.KCELL, Billing.PREPAID, Language.RU, "Арман Сериков"),
    ("77021234567", Brand.ACTIV, Billing.PREPAID, Language.KK, "Айгүл Нұрланова"),
    ("77781234567", Brand.ACTIV, Billing.PREPAID, Language.EN, "Alan Brown"),
    ("77751234567", Brand.KCELL, Billing.POSTPAID, Language.RU, "Ольга Ким"),
)


@dataclass(frozen=True, slots=True)
class DemoVoucher:
    """A voucher of the demo data, with its code."""

    code: Secret
    face_value_tiyn: int


def demo_commands(digest: Callable[[str], bytes], face_values_tiyn: tuple[int, ...]) -> list[Command]:
    """The commands that make the demo data, in order. Carried out again they change nothing."""
    subscribers: list[Command] = [
        AddSubscriber(
            origin=_ORIGIN,
            msisdn=Msisdn(msisdn),
            brand=brand,
            billing=billing,
            language=language,
            owner_name=owner,
            opening_tiyn=OPENING_TIYN,
        )
        for msisdn, brand, billing, language, owner in DEMO_SUBSCRIBERS
    ]
    return [
        *subscribers,
        *card_commands(digest),
        phone_command(digest),
        *voucher_commands(digest, face_values_tiyn, generation=0),
    ]


def card_commands(digest: Callable[[str], bytes]) -> list[Command]:
    """A connected card for each subscriber. Carried out again they change nothing."""
    return [
        RegisterCard(
            origin=_ORIGIN,
            msisdn=Msisdn(msisdn),
            bank=_BANK,
            pan=_pan(digest, msisdn),
            balance_tiyn=CARD_TIYN,
            tell=False,
            card_id=_card_id(digest, msisdn),
        )
        for msisdn, *_ in DEMO_SUBSCRIBERS
    ]


def phone_command(digest: Callable[[str], bytes]) -> Command:
    """The first subscriber can call the bank. Carried out again it changes nothing."""
    msisdn = DEMO_SUBSCRIBERS[0][0]
    return RegisterPhoneCustomer(
        origin=_ORIGIN,
        msisdn=Msisdn(msisdn),
        card_id=_card_id(digest, msisdn),
        identifier=DEMO_IDENTIFIER,
    )


def voucher_commands(
    digest: Callable[[str], bytes], face_values_tiyn: tuple[int, ...], *, generation: int
) -> list[Command]:
    """One batch per face value. A later ``generation`` is printed once the earlier ones are used up."""
    return [
        PrintVouchers(
            origin=_ORIGIN,
            face_value_tiyn=face_tiyn,
            count=_VOUCHERS_EACH,
            codes=tuple(_code(digest, face_tiyn, generation, number) for number in range(_VOUCHERS_EACH)),
        )
        for face_tiyn in face_values_tiyn
    ]


def demo_vouchers(
    digest: Callable[[str], bytes], face_values_tiyn: tuple[int, ...], *, generation: int
) -> list[DemoVoucher]:
    """The vouchers of a generation with their codes, used or not."""
    return [
        DemoVoucher(_code(digest, face_tiyn, generation, number), face_tiyn)
        for face_tiyn in face_values_tiyn
        for number in range(_VOUCHERS_EACH)
    ]


def _card_id(digest: Callable[[str], bytes], msisdn: str) -> str:
    return digest(f"demo card id {msisdn}").hex()[:32]


def _pan(digest: Callable[[str], bytes], msisdn: str) -> Secret:
    value = int.from_bytes(digest(f"demo card {msisdn}")[:8], "big")
    digits = f"{_PAN_PREFIX}{value % 10**11:011d}"
    return Secret(digits + luhn_digit(digits))


def _code(digest: Callable[[str], bytes], face_tiyn: int, generation: int, number: int) -> Secret:
    value = int.from_bytes(digest(f"demo voucher {generation} {face_tiyn} {number}")[:8], "big")
    return Secret(f"{value % 10**13:013d}")
