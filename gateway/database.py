"""``shortcode db``: the store opened for a moment from the command line."""

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from gateway.config import Config, StartError
from gateway.settings import load_config
from storage.check import check
from storage.store import Store, open_reads

Say = Callable[[str], object]


def upgrade_database(flags: Mapping[str, object], config_file: Path | None, say: Say) -> int:
    """Bring the database to this version's form. Raises ConfigError, StartError and StoreError."""
    config = load_config(flags, file=config_file)
    ensure_directory(config)
    with closing(Store.open(config.database_url, migrate=True)) as store:
        say(f"the {store.dialect} database is up to date")
    return 0


def check_invariants(flags: Mapping[str, object], config_file: Path | None, say: Say) -> int:
    """One line per invariant (ledger.md L1 to L16); 1 if one is broken, else 0. The gateway may be running.

    Raises ConfigError and StoreError.
    """
    config = load_config(flags, file=config_file)
    with open_reads(config.database_url) as reads:
        findings = check(reads)
    for each in findings:
        say(f"{each.invariant:<4}{'ok' if each.ok else 'BROKEN':<8}{each.detail}".rstrip())
    return 0 if all(each.ok for each in findings) else 1


def ensure_directory(config: Config) -> None:
    """Make the data directory, for the owner only. Raises StartError."""
    try:
        config.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"data directory {config.data_dir}: {error.strerror or error}") from None
