"""What a batch will read, gathered before it runs so that each table is read once."""

from collections.abc import Iterable
from dataclasses import dataclass

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

    @staticmethod
    def merge(parts: Iterable["Needs"]) -> "Needs":
        """The union: one prefetch for a whole batch."""
        every = list(parts)
        return Needs(
            msisdns=frozenset[Msisdn]().union(*(p.msisdns for p in every)),
            accounts=frozenset[AccountRef]().union(*(p.accounts for p in every)),
            voucher_digests=frozenset[bytes]().union(*(p.voucher_digests for p in every)),
            attempts=frozenset[tuple[str, str]]().union(*(p.attempts for p in every)),
            inbox=frozenset[tuple[str, str]]().union(*(p.inbox for p in every)),
            messages=frozenset[str]().union(*(p.messages for p in every)),
        )
