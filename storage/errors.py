"""What can go wrong with the store. Each message is one clear line, fit for a terminal."""


class StoreError(Exception):
    """The base of all errors of the store."""


class StoreNewer(StoreError):
    """The database was written by a newer version of this program."""


class StoreOlder(StoreError):
    """The database needs a migration, and migrating by itself was not asked for."""


class StoreUnavailable(StoreError):
    """The database cannot be opened, read or written; or another process is its writer."""


class CommitUnknown(StoreError):
    """COMMIT failed: the transaction may be durable or gone. Answer nobody; the inbox will tell."""


class FloorReached(StoreError):
    """The account's available money does not cover the debit or the hold."""

    def __init__(self, account: str) -> None:
        super().__init__(f"account {account} does not cover it")
        self.account = account


class Broken(StoreError):
    """A constraint or a trigger of the database said no: a bug above, and the transaction is gone."""
