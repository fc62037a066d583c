"""What a handler may know besides the store: now, the profile, ids, and the keyed digests."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from handlers.base.bank import Bank
from handlers.base.profile import Profile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Handed to every handler. ``now`` is operator time (aware, Asia/Almaty); ``now_us`` the same moment.

    ``digest`` is the keyed hash of a secret (HMAC-SHA-256; the key lives outside the database).
    ``new_id`` makes a time-ordered unguessable id, ``random_digits(n)`` a code of n digits. ``bank`` is
    where cards' money is.
    """

    now: datetime
    now_us: int
    profile: Profile
    digest: Callable[[str], bytes]
    new_id: Callable[[], str]
    random_digits: Callable[[int], str]
    bank: Bank

    def at(self, us: int) -> datetime:
        """Microseconds since the epoch as operator time, in the zone of ``now`` (to be shown)."""
        return (_EPOCH + timedelta(microseconds=us)).astimezone(self.now.tzinfo)
