"""A letter of the outbox mail as an Internet message (RFC 5322) in seven-bit octets."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from handlers.base.email_address import domain_of, is_email
from storage.parking_model import Mail

#: Seven bit, so that every server takes it.
_POLICY: Final = SMTP.clone(cte_type="7bit")


def message_of(mail: Mail, sender: str, at: datetime) -> bytes:
    """The octets; ``at`` is when the letter was written (aware). Raises ValueError for a wrong address.

    The Message-ID is the letter's own, so that it is the same at every attempt.
    """
    if not is_email(mail.to):
        raise ValueError("the address is none")
    message = EmailMessage(policy=_POLICY)
    message["From"] = Address(addr_spec=sender)
    message["To"] = Address(addr_spec=mail.to)
    message["Subject"] = _one_line(mail.subject)
    message["Date"] = format_datetime(at)
    message["Message-ID"] = f"<{mail.id}@{domain_of(sender)}>"
    # RFC 3834 section 5: no out-of-office answers, please.
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(mail.body)
    return message.as_bytes()


def _one_line(text: str) -> str:
    """A header ends where its line does."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
