"""Which dialect of USSD each account speaks."""

from collections.abc import Iterable
from typing import Final

from gateway.config import RADIO, Account, Side
from gateway.ussd_dialects import DIALECTS, Dialect

_STANDARD: Final = DIALECTS["standard"]


class AccountDialects:
    """Looked up by system_id."""

    def __init__(self, accounts: Iterable[Account]) -> None:
        accounts = tuple(accounts)
        self._by_account = {each.system_id: DIALECTS[each.ussd_dialect] for each in accounts}
        handset_side = [each for each in accounts if each.side is Side.HANDSET and each.system_id != RADIO]
        names = {each.ussd_dialect for each in handset_side}
        #: For a handset that has not spoken yet: what all handset-side accounts have in common.
        self._unspoken = DIALECTS[names.pop()] if len(names) == 1 else _STANDARD

    def of(self, system_id: str) -> Dialect:
        """What an account speaks."""
        return self._by_account.get(system_id, _STANDARD)

    def towards(self, system_id: str) -> Dialect:
        """For a screen to the account that dialled; when no session did, to whoever serves the handset."""
        return self._unspoken if system_id in ("", RADIO) else self.of(system_id)
