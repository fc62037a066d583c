"""Bringing a database to this version, and refusing one that is newer."""

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from storage.errors import StoreNewer, StoreOlder, StoreUnavailable

#: The newest migration. Known without Alembic's help, so that opening an up-to-date database is quick.
HEAD = "0006"
_VERSION_TABLE = "alembic_version"


def version_of(connection: Connection) -> str | None:
    """The database's version; ``None`` for an empty database.

    Raises StoreUnavailable for a database of something else.
    """
    tables = inspect(connection).get_table_names()
    if _VERSION_TABLE in tables:
        return connection.execute(text(f"SELECT version_num FROM {_VERSION_TABLE}")).scalar()  # noqa: S608 (a constant)
    if tables:
        raise StoreUnavailable("the database belongs to another program: it has tables, but no version")
    return None


def bring_up_to_date(connection: Connection, *, migrate: bool) -> None:
    """Run what is missing in the connection's transaction, or raise StoreNewer or StoreOlder."""
    version = version_of(connection)
    if version == HEAD:
        return
    config = _config(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if version is not None and version not in known:
        raise StoreNewer(
            f"the database has version {version}, this program knows {HEAD} at most; use a newer program"
        )
    if not migrate:
        raise StoreOlder(
            f"the database has version {version or 'none'}, needed is {HEAD}; run: shortcode db upgrade"
        )
    command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    """Alembic's settings, without a file."""
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
