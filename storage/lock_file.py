"""One process per SQLite file: an advisory lock on a file beside it, gone with the process that holds it."""

import fcntl
import os
from pathlib import Path

from storage.errors import StoreUnavailable


class LockFile:
    """Held from construction to ``release``. Raises StoreUnavailable when someone else holds it."""

    def __init__(self, database: Path) -> None:
        self._file = os.open(f"{database}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise StoreUnavailable(f"another process is using {database}; stop it first") from None

    def release(self) -> None:
        """Let the next one in. The file stays: deleting it would race with the next holder."""
        os.close(self._file)
