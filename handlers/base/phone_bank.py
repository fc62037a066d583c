"""What the bank by phone and the bank's call centre share: passwords, and the counter of wrong ones."""

from typing import Final

from handlers.base.command import Secret
from handlers.base.context import Context

IDENTIFIER_DIGITS: Final = 8
#: Everybody's first password (services.md section 4).
INITIAL_PASSWORD: Final = Secret("1234567")
#: The kind of the counter of wrong passwords; its subject is the identifier, whether it is anybody's or not.
ATTEMPTS: Final = "bank_phone"
#: The kind of the counter of one telephone's wrong tries, whoever they were for: everybody's first password
#: is known, so that it could be tried on all identifiers.
CALLER_ATTEMPTS: Final = "bank_phone_caller"
#: So many wrong tries in a row lock the telephone: more than the tries at a few identifiers of one's own.
CALLER_WRONG_MAX: Final = 10


def is_identifier(typed: str) -> bool:
    """Whether it looks like one. What does not is nobody's, and is not counted: everybody knows the form."""
    return len(typed) == IDENTIFIER_DIGITS and typed.isascii() and typed.isdigit()


def password_digest(identifier: str, password: Secret, context: Context) -> bytes:
    """What is kept of a password. The same one of two customers has two digests."""
    return context.digest(f"bank_phone:{identifier}:{password.reveal()}")
