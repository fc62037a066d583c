"""What a batch will read, gathered before it runs so that each table is read once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rating.msisdn import Msisdn
from storage.model import AccountRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Keys per table. What is not named here is read when it is first asked for."""

    msisdns: frozenset[Msisdn] = frozenset()
    accounts: frozenset[AccountRef] = frozenset()
    voucher_digests: frozenset[bytes] = frozenset()
    attempts: frozenset[tuple[str, str]] = frozenset()
    inbox: frozenset[tuple[str, str]] = frozenset()
    messages: frozenset[str] = frozenset()
    dialogues: frozenset[str] = frozenset()
    #: Cards by id; the cards of whole subscribers, with what these paid lately and where the money is.
    cards: frozenset[str] = frozenset()
    card_holders: frozenset[Msisdn] = frozenset()
    #: Card transactions by code, with their cards, holds, subscribers and accounts.
    card_transactions: frozenset[str] = frozenset()
    payments: frozenset[str] = frozenset()
    #: AutoPay rules by id, with payer, target, cards and accounts.
    autopay_rules: frozenset[str] = frozenset()
    #: Owners of lists of collect calls.
    collect_lists: frozenset[Msisdn] = frozenset()
    #: Holds by id, with their accounts.
    holds: frozenset[str] = frozenset()
    #: Customers by phone, by identifier, with their subscribers, cards and accounts.
    phone_customers: frozenset[str] = frozenset()
    #: Open parkings of whole subscribers and of plates, and parkings by id; with their subscribers, holds and
    #: accounts, and what those who are named as subscribers registered on the parking portal.
    parking_msisdns: frozenset[Msisdn] = frozenset()
    parking_plates: frozenset[str] = frozenset()
    parking_sessions: frozenset[str] = frozenset()

    @staticmethod
    def merge(parts: Iterable["Needs"]) -> "Needs":
        """The union: one prefetch for a whole batch. Most parts name a key or two in a table or two."""
        gathered: tuple[set[Any], ...] = tuple(set() for _ in range(18))
        msisdns, accounts, voucher_digests, attempts, inbox, messages, dialogues, *bank = gathered
        cards, card_holders, card_transactions, payments, autopay_rules, *voice = bank
        collect_lists, holds, phone_customers, *parking = voice
        parking_msisdns, parking_plates, parking_sessions = parking
        for part in parts:
            msisdns.update(part.msisdns)
            accounts.update(part.accounts)
            voucher_digests.update(part.voucher_digests)
            attempts.update(part.attempts)
            inbox.update(part.inbox)
            messages.update(part.messages)
            dialogues.update(part.dialogues)
            cards.update(part.cards)
            card_holders.update(part.card_holders)
            card_transactions.update(part.card_transactions)
            payments.update(part.payments)
            autopay_rules.update(part.autopay_rules)
            collect_lists.update(part.collect_lists)
            holds.update(part.holds)
            phone_customers.update(part.phone_customers)
            parking_msisdns.update(part.parking_msisdns)
            parking_plates.update(part.parking_plates)
            parking_sessions.update(part.parking_sessions)
        return Needs(
            msisdns=frozenset(msisdns),
            accounts=frozenset(accounts),
            voucher_digests=frozenset(voucher_digests),
            attempts=frozenset(attempts),
            inbox=frozenset(inbox),
            messages=frozenset(messages),
            dialogues=frozenset(dialogues),
            cards=frozenset(cards),
            card_holders=frozenset(card_holders),
            card_transactions=frozenset(card_transactions),
            payments=frozenset(payments),
            autopay_rules=frozenset(autopay_rules),
            collect_lists=frozenset(collect_lists),
            holds=frozenset(holds),
            phone_customers=frozenset(phone_customers),
            parking_msisdns=frozenset(parking_msisdns),
            parking_plates=frozenset(parking_plates),
            parking_sessions=frozenset(parking_sessions),
        )
