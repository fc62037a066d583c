"""Operator data from ``profiles/``: which code leads to which service, prefixes, voucher rules."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One operator, as read from a profile file (checked when it is loaded).

    ``sms_services`` maps a short code to a service name, ``ussd_services`` a service code without its
    closing ``#`` (``*110``) likewise. ``prefixes`` are the three-digit codes after ``7`` that are on-net.
    """

    name: str
    timezone: str
    country_code: str
    prefixes: frozenset[str]
    sms_services: Mapping[str, str]
    ussd_services: Mapping[str, str]
    voucher_face_values_tiyn: tuple[int, ...]
    voucher_code_digits: int
    voucher_validity_days: int
    voucher_wrong_codes_max: int
    voucher_lock_s: int
    sms_validity_s: int
    ussd_dialogue_s: int
