"""Parking behind ``*111#``: what runs, and how to park by SMS to 7757 (services.md section 8)."""

from typing import Final

from handlers.parking import HowToPark, ShowParkings
from ussd_menus.model import Choice, Leaf, Options

PARKING: Final = Options(
    "parking",
    "menu.parking",
    (
        Choice("1", "menu.parking_mine", Leaf(ShowParkings)),
        Choice("2", "menu.parking_how", Leaf(HowToPark)),
    ),
)
