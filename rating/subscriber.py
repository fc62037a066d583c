"""What an operator knows of a subscriber, as closed vocabularies (services.md section 0)."""

from enum import StrEnum


class Brand(StrEnum):
    """The operator's two brands; both are on-net."""

    ACTIV = "activ"
    KCELL = "kcell"


class Billing(StrEnum):
    """How a subscriber pays."""

    PREPAID = "prepaid"
    POSTPAID = "postpaid"


class Status(StrEnum):
    """What a subscriber may do. Blocked one way: no outgoing; two-way: nothing at all."""

    ACTIVE = "active"
    BLOCKED_OUTGOING = "blocked_outgoing"
    BLOCKED = "blocked"
    DEBT = "debt"


class Language(StrEnum):
    """The three languages of every text that a subscriber sees."""

    KK = "kk"
    RU = "ru"
    EN = "en"
