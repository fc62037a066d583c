"""What the services around bank cards share: codes, accounts, letters to the holder, the bank's manners."""

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from handlers.base.context import Context
from handlers.base.outcome import Reply, Text
from rating.msisdn import Msisdn
from storage.unit_of_work import UnitOfWork

#: The service whose short code the bank's messages come from.
BANK_SMS: Final = "bank_sms"
CODE_LENGTH: Final = 12
#: Digits and capitals but for those that look like others: 0 and O, 1, I and L.
CODE_ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_LETTERS: Final = CODE_ALPHABET[8:]
_SETTING: Final = "bank_behaviour"
#: So many digits that no code is noticeably likelier than another.
_DRAWN_DIGITS: Final = 24


def new_code(context: Context) -> str:
    """A transaction code, shared by the bank's record, the ledger entry and the SMS.

    It begins with a letter, so that a code of digits alone is not taken for a part of a card's number.
    """
    left = int(context.random_digits(_DRAWN_DIGITS))
    left, place = divmod(left, len(_LETTERS))
    code = [_LETTERS[place]]
    for _ in range(CODE_LENGTH - 1):
        left, place = divmod(left, len(CODE_ALPHABET))
        code.append(CODE_ALPHABET[place])
    return "".join(code)


def bank_name(typed: str) -> str:
    """A bank's name as it is kept: ``Halyk Bank`` is ``halyk_bank``."""
    return "_".join(typed.casefold().split())


def luhn_digit(digits: str) -> str:
    """The check digit that makes ``digits`` a card's number (ISO/IEC 7812-1 annex B)."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits), 1))
    # Every second digit from the right counts twice; a product of two digits as their sum.
    return str(-sum(each - 9 if each > 9 else each for each in doubled) % 10)


def by_bank(text: Text, to: Msisdn, context: Context) -> Reply:
    """An SMS from the bank's short code."""
    return Reply(text=text, to=to, sender=context.profile.sms_code_of(BANK_SMS), by_sms=True)


class Manner(StrEnum):
    """How the simulated bank answers orders."""

    USUAL = "usual"
    LATE = "late"
    TWICE = "twice"
    ERROR = "error"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``delay_s`` is how long a late answer takes, or how long after the first the second one comes."""

    mode: Manner = Manner.USUAL
    delay_s: int = 0


def behaviour(uow: UnitOfWork) -> Behaviour:
    """How the bank behaves now; it outlives a restart, and a reset makes it the usual one."""
    stored = uow.settings.get(_SETTING)
    return parse_behaviour(stored)


def parse_behaviour(stored: str | None) -> Behaviour:
    """The setting as it is kept; None while it was never set."""
    if stored is None:
        return Behaviour()
    said = json.loads(stored)
    return Behaviour(Manner(said["mode"]), said["delay_s"])


def set_behaviour(wanted: Behaviour, uow: UnitOfWork) -> None:
    """From the next order on."""
    said = {"mode": wanted.mode.value, "delay_s": wanted.delay_s}
    uow.settings.put(_SETTING, json.dumps(said, sort_keys=True))


#: The name of the setting, for those who only read.
BEHAVIOUR_SETTING: Final = _SETTING
