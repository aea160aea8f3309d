"""What a cell may be read as, and what it then says. The rules are narrow: what is not certain is text."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

# ------------------------------------------------------------------ readings

#: Ways to read a cell, as bits: 1234.5; 1,234.5; 1.234,5; dates with the day first, and with the month first.
PLAIN, ENGLISH, CONTINENTAL, DAY_FIRST, MONTH_FIRST = 1, 2, 4, 8, 16
NUMBERS = PLAIN | ENGLISH | CONTINENTAL
DATES = DAY_FIRST | MONTH_FIRST
READINGS = NUMBERS | DATES
#: What a date turned out to be, as further bits: its order matters; it has a time zone; it has none.
ORDERED, ZONED, LOCAL = 32, 64, 128

_WHOLE = r"(?:0|[1-9][0-9]*)"
_PLAIN = re.compile(
    rf"-?(?:{_WHOLE}(?:\.[0-9]+)?|\.[0-9]+|{_WHOLE}\.[0-9]+[eE][+-]?[0-9]{{1,3}}|{_WHOLE}[eE][+-][0-9]{{1,3}})"
)
_ENGLISH = re.compile(rf"-?(?:{_WHOLE}|[1-9][0-9]{{0,2}}(?:,[0-9]{{3}})+)(?:\.[0-9]+)?")
_CONTINENTAL = re.compile(rf"-?(?:{_WHOLE}|[1-9][0-9]{{0,2}}(?:\.[0-9]{{3}})+)(?:,[0-9]+)?")
#: PostgreSQL keeps 16,383 digits behind the point; nothing that people write comes near.
_MOST_DIGITS = 10_000

_ZONE = r"(?: ?(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?"
_TIME = rf"(?:(?:T| +)([0-9]{{1,2}}):([0-9]{{2}})(?::([0-9]{{2}})(?:\.([0-9]{{1,6}}))?)?{_ZONE})?"
_MONTHS = {
    name.lower(): number
    for number in range(1, 13)
    for name in (calendar.month_name[number], calendar.month_abbr[number])
} | {"sept": 9}
_MONTH = "(" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_ISO = re.compile(rf"([0-9]{{4}})([-/])([0-9]{{1,2}})\2([0-9]{{1,2}}){_TIME}", re.ASCII)
_ORDERED = re.compile(rf"([0-9]{{1,2}})([-/.])([0-9]{{1,2}})\2([0-9]{{4}}){_TIME}", re.ASCII)
_DAY_NAMED = re.compile(rf"([0-9]{{1,2}})[ -]{_MONTH}[ ,-]+([0-9]{{4}}){_TIME}", re.ASCII | re.IGNORECASE)
_MONTH_NAMED = re.compile(rf"{_MONTH} +([0-9]{{1,2}}),? +([0-9]{{4}}){_TIME}", re.ASCII | re.IGNORECASE)


_ALL_WHOLE = re.compile(rf"(?:-?{_WHOLE}\n)*-?{_WHOLE}")
_ALL_DECIMAL = re.compile(rf"(?:-?{_WHOLE}(?:\.[0-9]+)?\n)*-?{_WHOLE}(?:\.[0-9]+)?")
_PLAIN_ISO = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?)?"
_ALL_ISO = re.compile(rf"(?:{_PLAIN_ISO}\n)*{_PLAIN_ISO}")
_ONE_ISO = re.compile(_PLAIN_ISO)


@lru_cache(maxsize=1 << 15)
def readings(cell: str) -> int:
    """Every way to read ``cell``, as bits."""
    cell = cell.strip()
    return _number_readings(cell) or _date_readings(cell)


def readings_of_all(cells: Sequence[str], left: int) -> int:
    """Those of the readings ``left`` by which every one of ``cells`` can be read, and what its dates turned out to be.

    Most columns are of one plain kind, which one expression over all cells sees many times as fast.
    """
    text = "\n".join(cells)
    if text.count("\n") == len(cells) - 1:
        if _ALL_WHOLE.fullmatch(text):
            return left & NUMBERS
        if not left & CONTINENTAL and _ALL_DECIMAL.fullmatch(text):
            return left & (PLAIN | ENGLISH)
        if _ALL_ISO.fullmatch(text) and _all_possible(cells):
            return left & DATES | LOCAL
    seen = 0
    for cell in cells:
        found = readings(cell)
        left &= found
        seen |= found & ~READINGS
        if not left:
            return 0
    return left | seen


def _all_possible(dates: Sequence[str]) -> bool:
    try:
        for date in dates:
            datetime.fromisoformat(date)
    except ValueError:
        return False
    return True


def _number_readings(cell: str) -> int:
    if len(cell) > _MOST_DIGITS:
        return 0
    plain = PLAIN if _PLAIN.fullmatch(cell) else 0
    english = ENGLISH if _ENGLISH.fullmatch(cell) else 0
    return plain | english | (CONTINENTAL if _CONTINENTAL.fullmatch(cell) else 0)


def _date_readings(cell: str) -> int:
    # cheaper than four expressions for the cells of which most columns of text consist
    if len(cell) > 50 or not any(char.isdecimal() for char in cell[:10]):
        return 0
    day, month = _date(cell, month_first=False), _date(cell, month_first=True)
    found = (DAY_FIRST if day else 0) | (MONTH_FIRST if month else 0)
    if not found:
        return 0
    one = day or month
    assert one
    return found | (ORDERED if _ORDERED.fullmatch(cell) else 0) | (LOCAL if one.tzinfo is None else ZONED)


# --------------------------------------------------------------------- values

Convert = Callable[[str], str]


def plain_number(cell: str) -> str:
    """A number as PostgreSQL takes it: it stands there already."""
    return cell


def english_number(cell: str) -> str:
    """1,234.5 as 1234.5."""
    return cell.replace(",", "")


def continental_number(cell: str) -> str:
    """1.234,5 as 1234.5."""
    return cell.replace(".", "").replace(",", ".")


@lru_cache(maxsize=1 << 16)
def day_first(cell: str) -> str:
    """A date as ISO 8601 without a zone, 13/02/2020 with the day first; a time with a zone in UTC."""
    return _iso(cell, month_first=False)


@lru_cache(maxsize=1 << 16)
def month_first(cell: str) -> str:
    """The same, with the month first."""
    return _iso(cell, month_first=True)


CONVERTERS: dict[int, Convert] = {
    PLAIN: plain_number,
    ENGLISH: english_number,
    CONTINENTAL: continental_number,
    DAY_FIRST: day_first,
    MONTH_FIRST: month_first,
}


def _iso(cell: str, *, month_first: bool) -> str:
    if _ONE_ISO.fullmatch(cell):
        return cell
    found = _date(cell, month_first=month_first)
    if found is None:
        raise ValueError("not a date")
    return found.replace(tzinfo=None).isoformat()


def _date(cell: str, *, month_first: bool) -> datetime | None:
    parts = _parts(cell, month_first)
    if parts is None:
        return None
    year, month, day, (hour, minute, second, fraction, zone) = parts
    micro = int((fraction or "0").ljust(6, "0"))
    try:
        local = datetime(year, month, day, int(hour or 0), int(minute or 0), int(second or 0), micro)
        return local if zone is None else local.replace(tzinfo=_zone(zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


_Parts = tuple[int, int, int, tuple[str | None, ...]]


def _parts(cell: str, month_first: bool) -> _Parts | None:
    """Year, month, day and the parts of the time."""
    if found := _ISO.fullmatch(cell):
        return int(found[1]), int(found[3]), int(found[4]), found.groups()[4:]
    if found := _ORDERED.fullmatch(cell):
        one, two = int(found[1]), int(found[3])
        return int(found[4]), *((one, two) if month_first else (two, one)), found.groups()[4:]
    if found := _DAY_NAMED.fullmatch(cell):
        return int(found[3]), _MONTHS[found[2].lower()], int(found[1]), found.groups()[3:]
    if found := _MONTH_NAMED.fullmatch(cell):
        return int(found[3]), _MONTHS[found[1].lower()], int(found[2]), found.groups()[3:]
    return None


def _zone(text: str) -> timezone:
    if text in ("Z", "UTC"):
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    ahead = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-ahead if text[0] == "-" else ahead)
