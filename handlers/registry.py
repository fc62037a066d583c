"""Every service, one line each. A new short code adds its line here."""

from typing import Final

from handlers import (
    account_basics,
    autopay,
    autopay_runs,
    bank_desk,
    bank_phone,
    bank_phone_desk,
    bank_sms,
    card_events,
    collect_call,
    collect_lists,
    mail_desk,
    parking,
    parking_confirm,
    parking_desk,
    parking_runs,
    payment_support,
    payments,
    scratch_cards,
    subscriber_admin,
    voucher_admin,
)
from handlers.base.service import Service

SERVICES: Final[tuple[Service, ...]] = (
    account_basics.SERVICE,
    autopay.SERVICE,
    autopay_runs.SERVICE,
    bank_desk.SERVICE,
    bank_phone.SERVICE,
    bank_phone_desk.SERVICE,
    bank_sms.SERVICE,
    card_events.SERVICE,
    collect_call.SERVICE,
    collect_lists.SERVICE,
    mail_desk.SERVICE,
    parking.SERVICE,
    parking_confirm.SERVICE,
    parking_desk.SERVICE,
    parking_runs.SERVICE,
    payment_support.SERVICE,
    payments.SERVICE,
    scratch_cards.SERVICE,
    subscriber_admin.SERVICE,
    voucher_admin.SERVICE,
)
