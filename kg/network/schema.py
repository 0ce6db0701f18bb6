"""Attribute types: one per attribute in a whole network, as GraphML, GEXF and Neo4j require."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kg.network.model import Value

SEPARATOR = " | "
"""Joins multiple values in formats without lists."""
LARGEST = 1 << 53
"""The largest integer that a double represents exactly; igraph and JavaScript read all numbers as doubles."""
NUMBERS = frozenset(("long", "double"))
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


@dataclass(slots=True)
class Column:
    """The types of an attribute's values, and whether any node has several values or an integer above ``LARGEST``."""

    types: set[str] = field(default_factory=set)
    several: bool = False
    large: bool = False

    def add(self, values: list[Value]) -> None:
        """Include the values of a node."""
        self.types.update(_TYPES[type(value)] for value in values)
        self.several = self.several or len(values) > 1
        self.large = self.large or any(type(value) is int and abs(value) > LARGEST for value in values)

    @property
    def type(self) -> str:
        """The common type of all values: mixed numbers are doubles, any other mix is text."""
        if len(self.types) == 1:
            return next(iter(self.types))
        return "double" if self.types == NUMBERS and not self.large else "string"

    @property
    def scalar_type(self) -> str:
        """The type in a format without lists whose readers may read numbers as doubles."""
        return "string" if self.several or self.large else self.type


@dataclass(slots=True)
class Schema:
    """The columns of a set of nodes by attribute name."""

    columns: dict[str, Column] = field(default_factory=dict)

    def add(self, attributes: Mapping[str, list[Value]]) -> None:
        """Include the attributes of a node."""
        for name, values in attributes.items():
            self.columns.setdefault(name, Column()).add(values)

    def number_columns(self, *, lists: bool = False) -> dict[str, str]:
        """Return the names of the extra columns for the numbers in text columns: ``pValue`` -> ``pValueNumber``."""
        return {
            name: self._unused(f"{name}Number")
            for name, column in sorted(self.columns.items())
            if (column.type if lists else column.scalar_type) == "string" and column.types & NUMBERS
        }

    def _unused(self, name: str) -> str:
        return self._unused(f"{name}_") if name in self.columns else name


class Table:
    """Converts attributes to one value of one type; multiple values are joined by :data:`SEPARATOR`.

    >>> table = Table.of([{"pValue": [0.01], "phase": ["PHASE1", "PHASE2"]}, {"pValue": ["<0.05"], "count": [3]}])
    >>> table.types
    {'count': 'long', 'pValue': 'string', 'pValueNumber': 'double', 'phase': 'string'}
    >>> table.row({"pValue": [0.01], "phase": ["PHASE1", "PHASE2"]})
    {'pValue': '0.01', 'pValueNumber': 0.01, 'phase': 'PHASE1 | PHASE2'}
    """

    def __init__(self, schema: Schema) -> None:
        self._columns = {name: column.scalar_type for name, column in schema.columns.items()}
        self._number_columns = schema.number_columns()
        numbers = dict.fromkeys(self._number_columns.values(), "double")
        self.types = dict(sorted((self._columns | numbers).items()))

    @classmethod
    def of(cls, rows: Iterable[Mapping[str, list[Value]]]) -> Table:
        """Return a table that fits all rows."""
        schema = Schema()
        for row in rows:
            schema.add(row)
        return cls(schema)

    def row(self, attributes: Mapping[str, list[Value]]) -> dict[str, Value]:
        """Return the converted attributes of a node."""
        row: dict[str, Value] = {}
        for name, values in attributes.items():
            row[name] = _scalar(values, self._columns[name])
            if name in self._number_columns and (number := only_number(values)) is not None:
                row[self._number_columns[name]] = number
        return row


def only_number(values: list[Value]) -> float | None:
    """Return the number in a list of values if it has exactly one.

    >>> only_number([3]), only_number(["NA"]), only_number([1, 2]), only_number([True])
    (3.0, None, None, None)
    """
    numbers = [float(value) for value in values if type(value) in (int, float)]
    return numbers[0] if len(numbers) == 1 else None


def _scalar(values: list[Value], kind: str) -> Value:
    if kind == "string":
        return SEPARATOR.join(map(text, values))
    return float(values[0]) if kind == "double" else values[0]


def text(value: Value) -> str:
    """Return a value as text, numbers without an exponent.

    >>> text(True), text(0.00001), text("NA")
    ('true', '0.00001', 'NA')
    """
    if isinstance(value, bool):
        return str(value).lower()
    return format(Decimal(repr(value)), "f") if isinstance(value, float) else str(value)
