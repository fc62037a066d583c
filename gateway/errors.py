"""Faults that cross from the writer to an edge."""


class SystemFault(Exception):
    """The command could not be carried out through no fault of the caller; nothing was changed."""
