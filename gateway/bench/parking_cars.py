"""The cars of the parking benchmarks. A load generator imports this, so it imports nothing long."""

from string import ascii_uppercase

_AREAS = tuple(f"{number}" for number in range(1001, 1011))
_DIGITS = 1_000
_REGION = "02"


def plate_of(number: int) -> str:
    """The plate of the n-th car, in the new form like ``123AAA02``; there are 17,576,000."""
    letters, digits = divmod(number, _DIGITS)
    first, rest = divmod(letters, len(ascii_uppercase) ** 2)
    second, third = divmod(rest, len(ascii_uppercase))
    return f"{digits:03d}{ascii_uppercase[first]}{ascii_uppercase[second]}{ascii_uppercase[third]}{_REGION}"


def area_of(number: int) -> str:
    """Where it is parked."""
    return _AREAS[number % len(_AREAS)]


def start_text(number: int) -> bytes:
    """The SMS that asks for an hour for the n-th car; all are equally long."""
    return f"{area_of(number)}*{plate_of(number)}*1".encode()
