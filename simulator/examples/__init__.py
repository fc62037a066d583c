"""Applications to start from, each in one short file."""
