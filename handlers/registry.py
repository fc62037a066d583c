"""Every service, one line each. A new short code adds its line here."""

from typing import Final

from handlers import account_basics, scratch_cards, subscriber_admin, voucher_admin
from handlers.base.service import Service

SERVICES: Final[tuple[Service, ...]] = (
    account_basics.SERVICE,
    scratch_cards.SERVICE,
    subscriber_admin.SERVICE,
    voucher_admin.SERVICE,
)
