"""The times of SMPP 3.4 section 7.1.1: validity_period, schedule_delivery_time and final_date."""

import re
from datetime import UTC, datetime, timedelta, timezone

_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([+\-R])", re.ASCII)
_US = 1_000_000
_QUARTER_MIN = 15
_QUARTERS_MAX = 48
_S_MAX = 10 * 366 * 86_400


class InvalidTime(ValueError):
    """The text is no time of the specification; the message shows one that is."""


def seconds_ahead(text: str, now_us: int) -> int | None:
    """How far ahead of now a validity_period or schedule_delivery_time lies; None for an empty one.

    ``YYMMDDhhmmsstnnp``: p is ``+`` or ``-`` for an absolute time with an offset of nn quarter hours, ``R``
    for years, months, days, hours, minutes and seconds from now. Raises InvalidTime, also for the past.
    """
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidTime(
            f"{text!r} is no SMPP time; write YYMMDDhhmmsstnnp, like 000000010000000R for an hour"
        )
    *numbers, direction = match.groups()
    fields = [int(number) for number in numbers]
    try:
        seconds = _relative_s(fields, now_us) if direction == "R" else _absolute_s(fields, direction, now_us)
    except (OverflowError, ValueError) as error:
        raise InvalidTime(f"no such moment: {error}") from error
    if not 0 < seconds <= _S_MAX:
        raise InvalidTime(f"{text!r} does not lie ahead within ten years")
    return seconds


def absolute_time(moment: datetime) -> str:
    """A moment of operator time with its offset from UTC, as final_date has it (section 4.8.2)."""
    offset_min = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    tenths = moment.microsecond // 100_000
    return (
        f"{moment:%y%m%d%H%M%S}{tenths}{abs(offset_min) // _QUARTER_MIN:02d}{'-' if offset_min < 0 else '+'}"
    )


def _relative_s(fields: list[int], now_us: int) -> int:
    years, months, days, hours, minutes, seconds, *_ = fields
    start = datetime.fromtimestamp(now_us // _US, UTC)
    month = start.month - 1 + months + 12 * years
    year = start.year + month // 12
    moved = start.replace(year=year, month=month % 12 + 1, day=1) + timedelta(days=start.day - 1)
    moved += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return int((moved - start).total_seconds())


def _absolute_s(fields: list[int], direction: str, now_us: int) -> int:
    year, month, day, hour, minute, second, _tenths, quarters = fields
    if quarters > _QUARTERS_MAX:
        raise InvalidTime(f"an offset of {quarters} quarter hours is beyond {_QUARTERS_MAX}")
    offset = timedelta(minutes=_QUARTER_MIN * quarters)
    zone = timezone(offset if direction == "+" else -offset)
    moment = datetime(2000 + year, month, day, hour, minute, second, tzinfo=zone)
    return int(moment.timestamp()) - now_us // _US
