"""The type of an attribute: one in a whole network, as GraphML, GEXF and the columns of Neo4j have it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kg.network.model import Value

BETWEEN = " | "
"""Joins the values of a list where a format has no lists."""
LARGEST = 1 << 53
"""Integers up to here are exact as doubles, which igraph and JavaScript make of all numbers."""
NUMBERS = frozenset(("long", "double"))
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


@dataclass(slots=True)
class Column:
    """The types of the values of an attribute, and whether some node has several or an integer above ``LARGEST``."""

    types: set[str] = field(default_factory=set)
    several: bool = False
    large: bool = False

    def take(self, values: list[Value]) -> None:
        """Count in the values of a node."""
        self.types.update(_TYPES[type(value)] for value in values)
        self.several = self.several or len(values) > 1
        self.large = self.large or any(type(value) is int and abs(value) > LARGEST for value in values)

    @property
    def type(self) -> str:
        """The one type of all values: integers among decimals are doubles, anything else mixed is text."""
        if len(self.types) == 1:
            return next(iter(self.types))
        return "double" if self.types == NUMBERS and not self.large else "string"

    @property
    def plain(self) -> str:
        """The same where there are no lists, and all numbers may become doubles."""
        return "string" if self.several or self.large else self.type


@dataclass(slots=True)
class Schema:
    """The columns of some nodes, by the name of the attribute."""

    columns: dict[str, Column] = field(default_factory=dict)

    def take(self, values: Mapping[str, list[Value]]) -> None:
        """Count in the values of a node."""
        for name, found in values.items():
            self.columns.setdefault(name, Column()).take(found)

    def twins(self, *, lists: bool = False) -> dict[str, str]:
        """The names of the attributes that hold the numbers of those that are text: ``pValueNumber`` of ``pValue``."""
        return {
            name: self._free(f"{name}Number")
            for name, column in sorted(self.columns.items())
            if (column.type if lists else column.plain) == "string" and column.types & NUMBERS
        }

    def _free(self, name: str) -> str:
        return self._free(f"{name}_") if name in self.columns else name


class Table:
    """Attributes with one value of one type; a list is text, joined by :data:`BETWEEN`.

    >>> table = Table.of([{"pValue": [0.01], "phase": ["PHASE1", "PHASE2"]}, {"pValue": ["<0.05"], "count": [3]}])
    >>> table.types
    {'count': 'long', 'pValue': 'string', 'pValueNumber': 'double', 'phase': 'string'}
    >>> table.row({"pValue": [0.01], "phase": ["PHASE1", "PHASE2"]})
    {'pValue': '0.01', 'pValueNumber': 0.01, 'phase': 'PHASE1 | PHASE2'}
    """

    def __init__(self, schema: Schema) -> None:
        self._columns = {name: column.plain for name, column in schema.columns.items()}
        self._twins = schema.twins()
        twins = dict.fromkeys(self._twins.values(), "double")
        self.types = dict(sorted((self._columns | twins).items()))

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, list[Value]]]) -> Table:
        """The table of all rows."""
        schema = Schema()
        for row in rows:
            schema.take(row)
        return cls(schema)

    def row(self, values: Mapping[str, list[Value]]) -> dict[str, Value]:
        """The attributes of a node."""
        row: dict[str, Value] = {}
        for name, found in values.items():
            row[name] = _one(found, self._columns[name])
            if name in self._twins and (number := only_number(found)) is not None:
                row[self._twins[name]] = number
        return row


def only_number(values: list[Value]) -> float | None:
    """The number among some values, nothing where there is none or more than one.

    >>> only_number([3]), only_number(["NA"]), only_number([1, 2]), only_number([True])
    (3.0, None, None, None)
    """
    numbers = [float(value) for value in values if type(value) in (int, float)]
    return numbers[0] if len(numbers) == 1 else None


def _one(values: list[Value], kind: str) -> Value:
    if kind == "string":
        return BETWEEN.join(map(text, values))
    return float(values[0]) if kind == "double" else values[0]


def text(value: Value) -> str:
    """A value as text; no number has an exponent.

    >>> text(True), text(0.00001), text("NA")
    ('true', '0.00001', 'NA')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
