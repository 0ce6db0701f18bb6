"""Files for ``neo4j-admin database import full``: one of nodes for each class, one of relationships.

The header of each file gives types (https://neo4j.com/docs/operations-manual/current/import/): ``long``, ``double``,
``boolean``, ``string``, and the same with ``[]`` where some node has several values. Nodes are known by their IRIs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kg.network.model import Edge, Node, Value

Items = Callable[[], Iterable[tuple[Node, list[Edge]]]]

BETWEEN = "\x1f"
"""Stands between the values of a list: no text holds it, since the export takes out control characters."""
ARGUMENTS = "import.args"
RELATIONSHIPS = "relationships.csv"
RELATIONSHIP_HEADER = ":START_ID,:END_ID,:TYPE\n"
_TYPES = {bool: "boolean", int: "long", float: "double", str: "string"}


@dataclass(slots=True)
class Column:
    """What the values of a property are in all nodes of a class."""

    types: set[str] = field(default_factory=set)
    several: bool = False

    def take(self, values: list[Value]) -> None:
        """Notes the values of a node."""
        self.types |= {_TYPES[type(value)] for value in values}
        self.several = self.several or len(values) > 1

    @property
    def type(self) -> str:
        """The type of Neo4j that all values have: numbers of both kinds are doubles, anything else mixed is text."""
        numbers = {"long", "double"}
        one = next(iter(self.types)) if len(self.types) == 1 else "double" if self.types == numbers else "string"
        return one + "[]" * self.several


@dataclass
class Schema:
    """The properties of each class, as they are found in the nodes."""

    classes: dict[str, dict[str, Column]] = field(default_factory=dict)

    @classmethod
    def of(cls, items: Items) -> Schema:
        """The schema of all nodes."""
        made = cls()
        for node, _ in items():
            columns = made.classes.setdefault(node.type, {})
            for name, values in node.values.items():
                columns.setdefault(name, Column()).take(values)
        return made

    def header(self, kind: str) -> str:
        """The first line of the file of a class."""
        columns = self.classes[kind]
        return (
            ",".join(["iri:ID", ":LABEL", "label", *(f"{name}:{columns[name].type}" for name in sorted(columns))])
            + "\n"
        )

    def line(self, node: Node) -> str:
        """The line of a node."""
        columns = self.classes[node.type]
        cells = (_cell(node.values.get(name, []), columns[name].type) for name in sorted(columns))
        kinds = BETWEEN.join(node.types or [node.type])
        return ",".join([quoted(node.id), quoted(kinds), quoted(node.label) if node.label else "", *cells]) + "\n"


def _cell(values: list[Value], kind: str) -> str:
    if not values:
        return ""
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in values]
    if kind.startswith("string") or kind.endswith("[]"):
        return quoted(BETWEEN.join(text.replace(BETWEEN, " ") for text in texts))
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
