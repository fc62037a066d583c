"""Alembic's entry point. The connection, already in a transaction, comes from ``storage.migrate``."""

from alembic import context

from storage.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
