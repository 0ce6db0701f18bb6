"""GraphML and GEXF, written as a stream; the writers of networkx need the whole graph in memory.

An edge has a number as its id, and the name of its predicate as ``label`` (GraphML) or ``kind`` (GEXF): Gephi merges
edges between the same nodes unless these differ, and drops edges with duplicate ids.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import IO, Protocol

from kg.network.model import Value
from kg.network.schema import text

Types = Mapping[str, str]
"""The type of each attribute: ``string``, ``long``, ``double`` or ``boolean``, which both formats have."""
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class XmlEdge:
    """An edge to write; ``kind`` is empty if all edges have the same."""

    source: str
    target: str
    values: Values
    kind: str = ""
    weight: int | None = None


XmlNodes = Iterable[tuple[str, str, Values, Iterable[XmlEdge]]]
"""The id, label and attributes of each node with its edges."""


class XmlFormat(Protocol):
    """An XML format: the markup before the nodes, of a node, between nodes and edges, of an edge, and at the end."""

    def head(self) -> str: ...
    def node(self, id_: str, label: str, values: Values) -> str: ...
    def middle(self) -> str: ...
    def edge(self, number: int, edge: XmlEdge) -> str: ...
    def tail(self) -> str: ...


class GraphML:
    """http://graphml.graphdrawing.org/specification.html; key ids avoid those that Gephi treats as yEd's."""

    def __init__(self, nodes: Types, edges: Types, *, directed: bool) -> None:
        self._nodes = {"label": "string", **nodes}
        self._edges = edges
        self._node_keys = {name: f"n{i}" for i, name in enumerate(self._nodes)}
        self._edge_keys = {name: f"e{i}" for i, name in enumerate(edges)}
        self._default = "directed" if directed else "undirected"

    def head(self) -> str:
        """Return the header with the declarations of all attributes."""
        return "\n".join(
            (
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">',
                *_keys("node", self._node_keys, self._nodes),
                *_keys("edge", self._edge_keys, self._edges),
                f'<graph edgedefault="{self._default}">\n',
            )
        )

    def node(self, id_: str, label: str, values: Values) -> str:
        """Return a node with its attributes."""
        return f"<node id={quoted(id_)}>{_data(self._node_keys, {'label': label, **values})}</node>\n"

    def middle(self) -> str:
        """Return nothing, as edges follow nodes directly."""
        return ""

    def edge(self, number: int, edge: XmlEdge) -> str:
        """Return an edge with its attributes."""
        kind = f" label={quoted(edge.kind)}" if edge.kind else ""
        values = edge.values if edge.weight is None else {"weight": edge.weight, **edge.values}
        ends = f"source={quoted(edge.source)} target={quoted(edge.target)}"
        return f'<edge id="{number}" {ends}{kind}>{_data(self._edge_keys, values)}</edge>\n'

    def tail(self) -> str:
        """Return the end of the file."""
        return "</graph>\n</graphml>\n"


def _keys(element: str, keys: Mapping[str, str], types: Types) -> Iterator[str]:
    for name, key in keys.items():
        yield f'<key id="{key}" for="{element}" attr.name={quoted(name)} attr.type="{types[name]}"/>'


def _data(keys: Mapping[str, str], values: Values) -> str:
    return "".join(f'<data key="{keys[name]}">{_content(value)}</data>' for name, value in values.items())


def _content(value: Value) -> str:
    return escaped(value) if isinstance(value, str) else _number(value)


def _number(value: Value) -> str:
    return repr(value) if isinstance(value, float) else text(value)


class Gexf:
    """GEXF 1.2 (https://gexf.net/), the version that networkx reads by default."""

    def __init__(self, nodes: Types, edges: Types, *, directed: bool) -> None:
        self._nodes = nodes
        self._edges = {name: kind for name, kind in edges.items() if name != "weight"}
        self._node_keys = {name: str(i) for i, name in enumerate(self._nodes)}
        self._edge_keys = {name: str(i) for i, name in enumerate(self._edges)}
        self._default = "directed" if directed else "undirected"

    def head(self) -> str:
        """Return the header with the declarations of all attributes."""
        return "\n".join(
            (
                '<?xml version="1.0" encoding="UTF-8"?>',
                '<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">',
                f'<graph defaultedgetype="{self._default}" mode="static">',
                *_attributes("node", self._node_keys, self._nodes),
                *_attributes("edge", self._edge_keys, self._edges),
                "<nodes>\n",
            )
        )

    def node(self, id_: str, label: str, values: Values) -> str:
        """Return a node with its attributes."""
        return f"<node id={quoted(id_)} label={quoted(label)}>{_attvalues(self._node_keys, values)}</node>\n"

    def middle(self) -> str:
        """Return the end of the nodes and the start of the edges."""
        return "</nodes>\n<edges>\n"

    def edge(self, number: int, edge: XmlEdge) -> str:
        """Return an edge with its attributes."""
        kind = f" kind={quoted(edge.kind)}" if edge.kind else ""
        weight = "" if edge.weight is None else f' weight="{edge.weight}"'
        ends = f"source={quoted(edge.source)} target={quoted(edge.target)}"
        return f'<edge id="{number}" {ends}{kind}{weight}>{_attvalues(self._edge_keys, edge.values)}</edge>\n'

    def tail(self) -> str:
        """Return the end of the file."""
        return "</edges>\n</graph>\n</gexf>\n"


def _attributes(element: str, keys: Mapping[str, str], types: Types) -> Iterator[str]:
    yield f'<attributes class="{element}" mode="static">'
    for name, key in keys.items():
        yield f'<attribute id="{key}" title={quoted(name)} type="{types[name]}"/>'
    yield "</attributes>"


def _attvalues(keys: Mapping[str, str], values: Values) -> str:
    items = (f'<attvalue for="{keys[name]}" value={_value(value)}/>' for name, value in values.items())
    return f"<attvalues>{''.join(items)}</attvalues>" if values else ""


def _value(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else f'"{_number(value)}"'


def escaped(content: str) -> str:
    """Escape the content of an element, including carriage returns, which parsers would normalize.

    >>> escaped("a < b & c > d")
    'a &lt; b &amp; c &gt; d'
    """
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def quoted(content: str) -> str:
    """Quote the value of an attribute, escaping tabs and line feeds, which parsers would normalize.

    >>> print(quoted('a "b"'))
    "a &quot;b&quot;"
    """
    return '"' + escaped(content).replace("\n", "&#10;").replace("\t", "&#9;").replace('"', "&quot;") + '"'


XML_FORMATS: dict[str, type[GraphML] | type[Gexf]] = {"graphml": GraphML, "gexf": Gexf}


def write(nodes: XmlNodes, xml_format: XmlFormat, file: IO[bytes]) -> None:
    """Write a network; edges are kept in a temporary file until all nodes are written."""
    file.write(xml_format.head().encode())
    with tempfile.TemporaryFile() as buffer:
        number = 0
        for id_, label, values, edges in nodes:
            file.write(xml_format.node(id_, label, values).encode())
            for edge in edges:
                number += 1
                buffer.write(xml_format.edge(number, edge).encode())
        file.write(xml_format.middle().encode())
        buffer.seek(0)
        shutil.copyfileobj(buffer, file)
    file.write(xml_format.tail().encode())
