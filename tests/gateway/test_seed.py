"""The demo's data: the subscribers of interfaces.md, vouchers whose codes can be shown again."""

from gateway.secret_keys import Digest
from gateway.seed import (
    CARD_TIYN,
    DEMO_IDENTIFIER,
    DEMO_SUBSCRIBERS,
    card_commands,
    demo_commands,
    demo_vouchers,
    voucher_commands,
)
from handlers.bank_phone import Identify
from handlers.base.command import Channel, Origin, Secret
from rating.msisdn import Msisdn
from storage.views import CardFilter
from tests.gateway.stand import ALIYA, PROFILE, Stand

FACES = PROFILE.voucher_face_values_tiyn
DIGEST = Digest(bytes(32))


def test_the_four_subscribers_have_500_kzt_each(stand: Stand) -> None:
    for command in demo_commands(stand.digest, FACES):
        assert stand.do(command).refusal is None
    for msisdn, brand, billing, language, owner in DEMO_SUBSCRIBERS:
        view = stand.store.reads.subscriber(Msisdn(msisdn))
        assert view is not None
        found = view.subscriber
        assert (found.brand, found.billing, found.language) == (brand, billing, language)
        assert (found.owner_name, view.balances.main_tiyn) == (owner, 50_000)
    assert len(DEMO_SUBSCRIBERS) == 4


def test_the_codes_that_are_shown_can_be_redeemed(stand: Stand) -> None:
    for command in demo_commands(stand.digest, FACES):
        stand.do(command)
    vouchers = demo_vouchers(stand.digest, FACES, generation=0)
    for voucher in vouchers:
        assert stand.accepted(stand.sms(voucher.code.reveal())).word == "ok"
    assert stand.balance(ALIYA) == 500 + sum(voucher.face_value_tiyn for voucher in vouchers) // 100


def test_seeding_again_adds_nothing(stand: Stand) -> None:
    for command in demo_commands(stand.digest, FACES):
        assert stand.do(command).refusal is None
    before = stand.store.reads.trial_balance(), stand.store.reads.journal_head()
    for command in demo_commands(stand.digest, FACES):
        stand.do(command)
    assert (stand.store.reads.trial_balance(), stand.store.reads.journal_head()) == before
    assert stand.messages() == []


def test_the_first_subscriber_can_call_the_bank_with_the_initial_password(stand: Stand) -> None:
    for command in demo_commands(stand.digest, FACES):
        stand.do(command)
    msisdn = Msisdn(DEMO_SUBSCRIBERS[0][0])
    (customer,) = stand.store.reads.phone_customers()
    assert (customer.msisdn, customer.identifier, customer.is_initial) == (msisdn, DEMO_IDENTIFIER, True)
    origin = Origin(msisdn=msisdn, channel=Channel.VOICE, service_code="7000", source_id="a call")
    typed = Identify(origin=origin, identifier=Secret(DEMO_IDENTIFIER), password=Secret("1234567"))
    assert stand.do(typed).word == "ok"


def test_each_subscriber_can_pay_from_a_card(stand: Stand) -> None:
    """From a card of no issuer with 50,000 KZT."""
    for command in demo_commands(stand.digest, FACES):
        stand.do(command)
    for msisdn, *_ in DEMO_SUBSCRIBERS:
        (view,) = stand.store.reads.cards(CardFilter(msisdn=msisdn))
        assert view.balance.available_tiyn == CARD_TIYN
        answer = stand.accepted(stand.sms(f"07 {view.card.last4} 100", to="8080", source=msisdn))
        assert answer.word == "ok"


def test_no_card_number_shows_in_a_representation() -> None:
    assert "9398" not in repr(card_commands(DIGEST))


def test_codes_are_the_same_for_one_key_and_others_for_another() -> None:
    def codes(digest: Digest, generation: int = 0) -> list[str]:
        return [voucher.code.reveal() for voucher in demo_vouchers(digest, FACES, generation=generation)]

    assert codes(DIGEST) == codes(Digest(bytes(32)))
    assert not set(codes(DIGEST)) & set(codes(Digest(b"1" * 32)))
    assert not set(codes(DIGEST)) & set(codes(DIGEST, generation=1))
    assert all(len(code) == PROFILE.voucher_code_digits for code in codes(DIGEST))


def test_no_code_shows_in_a_representation() -> None:
    shown = repr([demo_vouchers(DIGEST, FACES, generation=0), voucher_commands(DIGEST, FACES, generation=0)])
    for voucher in demo_vouchers(DIGEST, FACES, generation=0):
        assert voucher.code.reveal() not in shown
