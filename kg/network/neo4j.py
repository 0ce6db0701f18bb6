"""Files for ``neo4j-admin database import full``: one file of nodes per class, and one of relationships.

The header of each file declares types (https://neo4j.com/docs/operations-manual/current/import/): ``long``, ``double``,
``boolean`` or ``string``, with ``[]`` if any node has several values. Nodes are identified by their IRIs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kg.network.model import Edge, Items, Node, Value
from kg.network.schema import Column, Schema, text

SEPARATOR = "\x1f"
"""Separator of the values of a list; no text contains it, as the export removes control characters."""
ARGUMENTS = "import.args"
RELATIONSHIPS = "relationships.csv"
RELATIONSHIP_HEADER = ":START_ID,:END_ID,:TYPE\n"


@dataclass
class ClassSchemas:
    """The schema of each class; numbers in text columns have an additional column."""

    schemas: dict[str, Schema] = field(default_factory=dict)
    number_columns: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Items) -> ClassSchemas:
        """Return the schemas of all nodes."""
        classes = cls()
        for node, _ in items():
            classes.schemas.setdefault(node.type, Schema()).add(node.values)
        classes.number_columns = {name: schema.number_columns(lists=True) for name, schema in classes.schemas.items()}
        return classes

    def header(self, class_name: str) -> str:
        """Return the header line of the file of a class."""
        columns = self.schemas[class_name].columns
        names = [f"{name}:{_type(columns[name])}" for name in sorted(columns)]
        extra = self.number_columns[class_name].items()
        numbers = [f"{column}:double{'[]' * columns[name].several}" for name, column in extra]
        return ",".join(["iri:ID", ":LABEL", "label", *names, *numbers]) + "\n"

    def line(self, node: Node) -> str:
        """Return the line of a node."""
        columns = self.schemas[node.type].columns
        cells = [_cell(node.values.get(name, []), _type(columns[name])) for name in sorted(columns)]
        for name in self.number_columns[node.type]:
            cells.append(_cell(_numbers(node, name), f"double{'[]' * columns[name].several}"))
        labels = SEPARATOR.join(node.types or [node.type])
        return ",".join([quoted(node.id), quoted(labels), quoted(node.label) if node.label else "", *cells]) + "\n"


def _type(column: Column) -> str:
    return column.type + "[]" * column.several


def _numbers(node: Node, name: str) -> list[Value]:
    return [float(value) for value in node.values.get(name, []) if type(value) in (int, float)]


def _cell(values: list[Value], type_: str) -> str:
    if not values:
        return ""
    texts = list(map(text, values))
    if type_.startswith("string") or type_.endswith("[]"):
        return quoted(SEPARATOR.join(item.replace(SEPARATOR, " ") for item in texts))
    return texts[0]


def quoted(text: str) -> str:
    """Quote a text for CSV.

    >>> print(quoted('a "b", c'))
    "a ""b"", c"
    """
    return '"' + text.replace('"', '""') + '"'


def relationship(edge: Edge) -> str:
    """Return the line of an edge, with its type in the style of Neo4j.

    >>> relationship(Edge("a", "conditionMesh", "b"))
    '"a","b","CONDITION_MESH"\\n'
    """
    name = "".join("_" + letter if letter.isupper() else letter for letter in edge.predicate).upper()
    return f"{quoted(edge.source)},{quoted(edge.target)},{quoted(name)}\n"


def node_file(class_name: str) -> str:
    """Return the name of the file with the nodes of a class."""
    return f"nodes-{class_name}.csv"


def arguments(classes: Iterable[str]) -> Iterator[str]:
    """Yield the options of ``neo4j-admin database import full @import.args``, one per line."""
    yield from (f"--nodes={node_file(name)}\n" for name in classes)
    yield f"--relationships={RELATIONSHIPS}\n"
    yield "--array-delimiter=U+001F\n"
    yield "--multiline-fields=true\n"
    yield "neo4j\n"
