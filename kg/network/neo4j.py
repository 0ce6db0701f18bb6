"""Files for ``neo4j-admin database import full``: one of nodes for each class, one of relationships.

The header of each file gives types (https://neo4j.com/docs/operations-manual/current/import/): ``long``, ``double``,
``boolean``, ``string``, and the same with ``[]`` where some node has several values. Nodes are known by their IRIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kg.network.model import Edge, Node, Value
from kg.network.schema import Column, Schema, text

Items = Callable[[], Iterable[tuple[Node, list[Edge]]]]

BETWEEN = "\x1f"
"""Stands between the values of a list: no text holds it, since the export takes out control characters."""
ARGUMENTS = "import.args"
RELATIONSHIPS = "relationships.csv"
RELATIONSHIP_HEADER = ":START_ID,:END_ID,:TYPE\n"


@dataclass
class Classes:
    """The schema of each class, as its nodes have it; numbers among texts have a column of their own."""

    schemas: dict[str, Schema] = field(default_factory=dict)
    twins: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Items) -> Classes:
        """The schemas of all nodes."""
        classes = cls()
        for node, _ in items():
            classes.schemas.setdefault(node.type, Schema()).take(node.values)
        classes.twins = {kind: schema.twins(lists=True) for kind, schema in classes.schemas.items()}
        return classes

    def header(self, kind: str) -> str:
        """The first line of the file of a class."""
        columns = self.schemas[kind].columns
        names = [f"{name}:{_type(columns[name])}" for name in sorted(columns)]
        twins = [f"{twin}:double{'[]' * columns[name].several}" for name, twin in self.twins[kind].items()]
        return ",".join(["iri:ID", ":LABEL", "label", *names, *twins]) + "\n"

    def line(self, node: Node) -> str:
        """The line of a node."""
        columns = self.schemas[node.type].columns
        cells = [_cell(node.values.get(name, []), _type(columns[name])) for name in sorted(columns)]
        cells += [
            _cell(_numbers(node, name), f"double{'[]' * columns[name].several}") for name in self.twins[node.type]
        ]
        kinds = BETWEEN.join(node.types or [node.type])
        return ",".join([quoted(node.id), quoted(kinds), quoted(node.label) if node.label else "", *cells]) + "\n"


def _type(column: Column) -> str:
    return column.type + "[]" * column.several


def _numbers(node: Node, name: str) -> list[Value]:
    return [float(value) for value in node.values.get(name, []) if type(value) in (int, float)]


def _cell(values: list[Value], kind: str) -> str:
    if not values:
        return ""
    texts = list(map(text, values))
    if kind.startswith("string") or kind.endswith("[]"):
        return quoted(BETWEEN.join(one.replace(BETWEEN, " ") for one in texts))
    return texts[0]


def quoted(text: str) -> str:
    """A text in quotation marks, those in it doubled.

    >>> print(quoted('a "b", c'))
    "a ""b"", c"
    """
    return '"' + text.replace('"', '""') + '"'


def relationship(edge: Edge) -> str:
    """The line of an edge; its type is written as Neo4j writes them.

    >>> relationship(Edge("a", "conditionMesh", "b"))
    '"a","b","CONDITION_MESH"\\n'
    """
    name = "".join("_" + letter if letter.isupper() else letter for letter in edge.predicate).upper()
    return f"{quoted(edge.source)},{quoted(edge.target)},{quoted(name)}\n"


def file_of(kind: str) -> str:
    """The file of the nodes of a class."""
    return f"nodes-{kind}.csv"


def arguments(kinds: Iterable[str]) -> Iterator[str]:
    """The options of ``neo4j-admin database import full @import.args``, one a line."""
    yield from (f"--nodes={file_of(kind)}\n" for kind in kinds)
    yield f"--relationships={RELATIONSHIPS}\n"
    yield "--array-delimiter=U+001F\n"
    yield "--multiline-fields=true\n"
    yield "neo4j\n"
