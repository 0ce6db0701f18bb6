"""Numbers and dates as texts of pages."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def date_text(value: str) -> str:
    """Return a date, a month or a year in words; any other text is returned unchanged.

    >>> date_text("2016-05-25"), date_text("2015-09"), date_text("2015"), date_text("soon")
    ('25 May 2016', 'Sep 2015', '2015', 'soon')
    """
    parts = value.split("-")
    if len(parts) > 3 or not all(part.isdecimal() for part in parts) or len(parts[0]) != 4:
        return value
    if len(parts) > 1 and not 1 <= int(parts[1]) <= 12:
        return value
    month = [MONTHS[int(parts[1]) - 1]] if len(parts) > 1 else []
    return " ".join([*(str(int(day)) for day in parts[2:]), *month, parts[0]])


def day_of(value: str, *, last: bool = False) -> date | None:
    """Return the first or last possible day of a date, a month or a year; ``None`` for any other text.

    >>> day_of("2015-09"), day_of("2016-02", last=True), day_of("soon")
    (datetime.date(2015, 9, 1), datetime.date(2016, 2, 29), None)
    """
    from calendar import monthrange

    try:
        numbers = [int(part) for part in value.split("-")]
        year, month, day = [*numbers, 0, 0][:3]
        if last:
            month = month or 12
            day = day or monthrange(year, month)[1]
        return date(year, month or 1, day or 1)
    except ValueError:
        return None


def count_text(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> count_text(1, "site"), count_text(1200, "study", "studies")
    ('1 site', '1,200 studies')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def decimal_of(text: str) -> Decimal | None:
    """Return the number that a text is, or ``None``.

    >>> decimal_of("4.50"), decimal_of("<0.001"), decimal_of("NaN")
    (Decimal('4.50'), None, None)
    """
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def percent_text(part: str | int | None, whole: str | int | None) -> str:
    """Return a part of a whole in percent, or an empty string where that is not defined.

    It has one decimal, and more where it would be 0.0 without being nothing.

    >>> percent_text("12", "36"), percent_text(1, 2993), percent_text(0, 5), percent_text(0, 0), percent_text("NA", 3)
    ('33.3', '0.03', '0.0', '', '')
    """
    numerator, denominator = (decimal_of(str(number)) for number in (part, whole))
    if numerator is None or not denominator or denominator < 0:
        return ""
    share = 100 * numerator / denominator
    decimals = next((n for n in (1, 2, 3) if abs(share) >= Decimal(1).scaleb(-n)), 4) if share else 1
    return f"{share:.{decimals}f}"
