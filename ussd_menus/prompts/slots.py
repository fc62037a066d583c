"""Slots as the type that a command wants."""

from handlers.base.command import Secret
from ussd_menus.prompts.model import Slots


def secret_in(slots: Slots, name: str) -> Secret:
    """What a secret Collect filled in. Raises TypeError for anything else, and does not show it."""
    value = slots[name]
    if not isinstance(value, Secret):
        raise TypeError(f"{name} is no secret")
    return value


def words_in(slots: Slots, name: str) -> str:
    """A text: digits, a number, a name. Raises TypeError for anything else, and does not show it."""
    value = slots[name]
    if not isinstance(value, str):
        raise TypeError(f"{name} is no text")
    return value
