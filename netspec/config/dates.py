"""A cell with a date -> numbers: days since 1970, or parts such as the month."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

_CLOCK = r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
_FORMS = tuple(
    re.compile(form + _CLOCK)
    for form in (
        r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d{1,2})(?P=sign)(?P<day>\d{1,2})\.?",
        r"(?P<year>\d{4})년\s*(?P<month>\d{1,2})월\s*(?P<day>\d{1,2})일",
        r"(?P<year>(?:19|20)\d{2})(?P<month>[01]\d)(?P<day>[0-3]\d)",
    )
)
_OTHERS = re.compile(r"(?P<first>\d{1,2})(?P<sign>[-/.])(?P<second_>\d{1,2})(?P=sign)(?P<year>\d{4})" + _CLOCK)
ORDERS = ("ymd", "dmy", "mdy")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 86400.0

PARTS: dict[str, Callable[[datetime], float]] = {
    "days": lambda when: (when - _EPOCH).total_seconds() / _DAY,
    "year": lambda when: when.year,
    "month": lambda when: when.month,
    "day": lambda when: when.day,
    "weekday": lambda when: when.weekday(),
    "hour": lambda when: when.hour + when.minute / 60,
}


def date_of(cell: str, order: str = "ymd") -> datetime | None:
    """Return the time that a cell says, as written there, whatever its time zone; None if it is no date.

    Parameters:
        cell: such as 2024-03-01, 2024.3.1, 2024년 3월 1일, 2024-03-01 12:30; with another order 1.3.2024.
        order: in which order day (d), month (m) and year (y) stand.
    """
    text = cell.strip()
    if order == "ymd":
        found = next((match for form in _FORMS if (match := form.fullmatch(text))), None)
    else:
        found = _OTHERS.fullmatch(text)
    if found is None:
        return None
    parts = found.groupdict()
    if order != "ymd":
        parts["day"], parts["month"] = (parts["first"], parts["second_"])[:: 1 if order == "dmy" else -1]
    numbers = [int(parts[name] or 0) for name in ("year", "month", "day", "hour", "minute", "second")]
    try:
        return datetime(*numbers, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None


def orders_of(cells: Iterable[str]) -> tuple[str, ...]:
    """Return the orders of day, month and year in which all cells are dates; none if they are something else."""
    known = list(cells)
    return tuple(order for order in ORDERS if known and all(date_of(cell, order) is not None for cell in known))


def looks_like_dates(cells: Iterable[str]) -> bool:
    return bool(orders_of(list(cells)[:200]))
