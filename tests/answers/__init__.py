"""The questions of ``queries/`` answered from the JSON of the records, one plain function a question.

No RDF and nothing of the package under test has a part in it, so that an error in the model, the export or a query
shows as a difference. The answers are those with the defaults of the parameters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any

from tests.answers import design, landscape, registry, subjects
from tests.answers.trial import Rows, Trial

Answer = Callable[[list[Trial]], Rows]

ANSWERS: dict[str, Answer] = {
    name: value
    for module in (design, landscape, registry, subjects)
    for name, value in vars(module).items()
    if callable(value) and getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
}
"""Question -> the function that answers it."""


def cell(value: Any) -> str:
    """A value as a cell of a table: numbers without needless zeros, nothing as nothing.

    >>> cell(2.50), cell(True), cell(None), cell(10)
    ('2.5', 'true', '', '10')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(str(value)).normalize(), "f") if isinstance(value, int | float) else str(value)


def answer(name: str, records: list[dict[str, Any]]) -> list[list[str]]:
    """The rows of a question over some records."""
    return [[cell(value) for value in row] for row in ANSWERS[name]([Trial(record) for record in records])]


_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)", re.ASCII)


def comparable(rows: Iterable[Iterable[str]]) -> list[list[str]]:
    """Rows to compare: 18 and 18.0 are one number, as are .5 and 0.50.

    >>> comparable([["18.0", ".5", "a"]])
    [['18', '0.5', 'a']]
    """
    return [[_plain(value) if _NUMBER.fullmatch(value) else value for value in row] for row in rows]


def _plain(number: str) -> str:
    return format(Decimal(number).normalize() + 0, "f")
