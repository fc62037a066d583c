"""The registry of live binds: who serves which number, who receives for which application.

A later, narrower bind wins for its numbers (interfaces.md "SMPP"): among the binds whose range covers a
number, the one that fixes the most digits; among equals the latest.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from gateway.address_range import AddressRange
from gateway.config import Account, Side

_CACHE_MAX = 200_000


class Link(Protocol):
    """What the dispatcher needs of a session's transport side."""

    def deliver(self, pdu: bytes, token: object) -> bool:
        """Send a request with a fresh sequence number; False when the window or the socket is full."""

    def close(self, reason: str) -> None:
        """End the session politely: unbind, then disconnect."""

    def abort(self, reason: str) -> None:
        """Drop the connection at once."""


@dataclass(slots=True, eq=False)
class Bind:
    """One bound session. ``receives`` is False for a transmitter."""

    session_id: str
    account: Account
    receives: bool
    address_range: AddressRange
    link: Link
    #: False for a peer of a version before 3.4, which knows no optional parameters.
    has_tlvs: bool = True
    order: int = 0
    #: Source addresses already found to be in range: one check per number and session.
    sources: dict[str, str | None] = field(default_factory=dict)
    #: The highest sequence number of a submit so far.
    last_sequence: int = 0


class Binds:
    """All bound sessions, looked up by id, by MSISDN and by account."""

    def __init__(self) -> None:
        self._by_id: dict[str, Bind] = {}
        self._receivers: dict[str, list[Bind]] = {}
        self._exact: dict[str, list[Bind]] = {}
        self._ranges: list[Bind] = []
        self._counts: Counter[str] = Counter()
        self._serving: dict[str, Bind | None] = {}
        self._order = 0

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Bind]:
        return iter(list(self._by_id.values()))

    def add(self, bind: Bind) -> None:
        """Enter a session whose bind was accepted."""
        self._order += 1
        bind.order = self._order
        self._by_id[bind.session_id] = bind
        self._counts[bind.account.system_id] += 1
        if not bind.receives:
            return
        self._receivers.setdefault(bind.account.system_id, []).append(bind)
        if bind.account.side is Side.HANDSET:
            self._enter_range(bind)

    def remove(self, session_id: str) -> Bind | None:
        """Forget a session; None if it was never bound."""
        bind = self._by_id.pop(session_id, None)
        if bind is None:
            return None
        self._counts[bind.account.system_id] -= 1
        if not bind.receives:
            return bind
        self._receivers[bind.account.system_id].remove(bind)
        if bind.account.side is Side.HANDSET:
            self._leave_range(bind)
        return bind

    def get(self, session_id: str) -> Bind | None:
        """The live bind of that session."""
        return self._by_id.get(session_id)

    def count(self, system_id: str) -> int:
        """How many sessions of an account are bound."""
        return self._counts[system_id]

    def for_msisdn(self, msisdn: str) -> Bind | None:
        """The bind that serves a handset now, or None: the handset is off."""
        if msisdn in self._serving:
            return self._serving[msisdn]
        if len(self._serving) >= _CACHE_MAX:
            self._serving.clear()
        found = self._find(msisdn)
        self._serving[msisdn] = found
        return found

    def for_account(self, system_id: str) -> list[Bind]:
        """The sessions on which an application receives."""
        return self._receivers.get(system_id, [])

    def _find(self, msisdn: str) -> Bind | None:
        exact = self._exact.get(msisdn)
        if exact:
            return exact[-1]
        covering = [bind for bind in self._ranges if bind.address_range.serves(msisdn)]
        return max(covering, key=lambda bind: (bind.address_range.narrowness, bind.order), default=None)

    def _enter_range(self, bind: Bind) -> None:
        if bind.address_range.exact:
            self._exact.setdefault(bind.address_range.exact, []).append(bind)
            self._serving.pop(bind.address_range.exact, None)
        else:
            self._ranges.append(bind)
            self._serving.clear()

    def _leave_range(self, bind: Bind) -> None:
        exact = bind.address_range.exact
        if exact:
            self._exact[exact].remove(bind)
            if not self._exact[exact]:
                del self._exact[exact]
            self._serving.pop(exact, None)
        else:
            self._ranges.remove(bind)
            self._serving.clear()
