"""The shared ledger and everything durable. SQLAlchemy and Alembic live here and nowhere else."""
