"""Migrations, run by ``storage.migrate`` (Alembic); both databases share them."""
