"""Balances that somebody waits for to fall: kept in memory, so that a debit need not ask the database."""

from storage.model import AccountRef


class Watches:
    """One unit of work's view. ``watched`` is the writer's: account codes with their floors (tiyn)."""

    __slots__ = ("_changes", "_fallen", "_watched", "any")

    def __init__(self, watched: dict[str, int]) -> None:
        self._watched = watched
        self._changes: dict[str, int | None] = {}
        self._fallen: dict[str, None] = {}
        #: False while nobody waits for anything: then there is nothing to notice.
        self.any = bool(watched)

    def put(self, account: AccountRef, floor_tiyn: int | None) -> None:
        """Watch with this floor, or no more. It counts in this unit of work, and after its commit."""
        self._changes[account.code] = floor_tiyn
        self.any = True

    def notice(self, code: str, owner: str, before_tiyn: int, after_tiyn: int) -> None:
        """A debit. It is a fall where the balance was at the floor or above, and is below it now."""
        floor = self._changes[code] if code in self._changes else self._watched.get(code)
        if floor is not None and before_tiyn >= floor > after_tiyn:
            self._fallen[owner] = None

    def take(self) -> list[str]:
        """Owners of what fell, each once, in order; they are forgotten with that."""
        fallen = list(self._fallen)
        self._fallen.clear()
        return fallen

    def commit(self) -> None:
        """What changed holds for the units of work to come."""
        for code, floor in self._changes.items():
            if floor is None:
                self._watched.pop(code, None)
            else:
                self._watched[code] = floor
