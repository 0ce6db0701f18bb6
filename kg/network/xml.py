"""GraphML and GEXF, node by node: what is written is not held in memory.

An edge has a number as its id, and the name of its predicate as ``label`` (GraphML) or ``kind`` (GEXF): Gephi merges
edges between the same nodes unless these differ, and drops those with the id of another.
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
"""Attribute -> ``string``, ``long``, ``double`` or ``boolean``, which are types of both formats."""
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Link:
    """An edge as it is written: the IRIs of its ends, its kind (empty where all are of one), weight and attributes."""

    source: str
    target: str
    values: Values
    kind: str = ""
    weight: int | None = None


Items = Iterable[tuple[str, str, Values, Iterable[Link]]]
"""The id, label and attributes of each node, with the edges that are to follow all nodes."""


class Form(Protocol):
    """A format of XML: what comes before the nodes, between nodes and edges, and at the end."""

    def head(self) -> str: ...
    def node(self, id_: str, label: str, values: Values) -> str: ...
    def middle(self) -> str: ...
    def edge(self, number: int, link: Link) -> str: ...
    def tail(self) -> str: ...


class GraphML:
    """http://graphml.graphdrawing.org/specification.html; ids of keys are none that Gephi takes for those of yEd."""

    def __init__(self, nodes: Types, edges: Types, *, directed: bool) -> None:
        self._nodes = {"label": "string", **nodes}
        self._edges = edges
        self._node_keys = {name: f"n{i}" for i, name in enumerate(self._nodes)}
        self._edge_keys = {name: f"e{i}" for i, name in enumerate(edges)}
        self._default = "directed" if directed else "undirected"

    def head(self) -> str:
        """The declaration of all attributes."""
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
        """A node with its attributes."""
        return f"<node id={quoted(id_)}>{_data(self._node_keys, {'label': label, **values})}</node>\n"

    def middle(self) -> str:
        """Nothing: edges follow nodes."""
        return ""

    def edge(self, number: int, link: Link) -> str:
        """An edge with its attributes."""
        kind = f" label={quoted(link.kind)}" if link.kind else ""
        values = link.values if link.weight is None else {"weight": link.weight, **link.values}
        ends = f"source={quoted(link.source)} target={quoted(link.target)}"
        return f'<edge id="{number}" {ends}{kind}>{_data(self._edge_keys, values)}</edge>\n'

    def tail(self) -> str:
        """The end of the file."""
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
    """GEXF 1.2 (https://gexf.net/), which networkx reads without being given a version."""

    def __init__(self, nodes: Types, edges: Types, *, directed: bool) -> None:
        self._nodes = nodes
        self._edges = {name: kind for name, kind in edges.items() if name != "weight"}
        self._node_keys = {name: str(i) for i, name in enumerate(self._nodes)}
        self._edge_keys = {name: str(i) for i, name in enumerate(self._edges)}
        self._default = "directed" if directed else "undirected"

    def head(self) -> str:
        """The declaration of all attributes."""
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
        """A node with its attributes."""
        return f"<node id={quoted(id_)} label={quoted(label)}>{_attvalues(self._node_keys, values)}</node>\n"

    def middle(self) -> str:
        """The end of the nodes."""
        return "</nodes>\n<edges>\n"

    def edge(self, number: int, link: Link) -> str:
        """An edge with its attributes."""
        kind = f" kind={quoted(link.kind)}" if link.kind else ""
        weight = "" if link.weight is None else f' weight="{link.weight}"'
        ends = f"source={quoted(link.source)} target={quoted(link.target)}"
        return f'<edge id="{number}" {ends}{kind}{weight}>{_attvalues(self._edge_keys, link.values)}</edge>\n'

    def tail(self) -> str:
        """The end of the file."""
        return "</edges>\n</graph>\n</gexf>\n"


def _attributes(element: str, keys: Mapping[str, str], types: Types) -> Iterator[str]:
    yield f'<attributes class="{element}" mode="static">'
    for name, key in keys.items():
        yield f'<attribute id="{key}" title={quoted(name)} type="{types[name]}"/>'
    yield "</attributes>"


def _attvalues(keys: Mapping[str, str], values: Values) -> str:
    found = (f'<attvalue for="{keys[name]}" value={_value(value)}/>' for name, value in values.items())
    return f"<attvalues>{''.join(found)}</attvalues>" if values else ""


def _value(value: Value) -> str:
    return quoted(value) if isinstance(value, str) else f'"{_number(value)}"'


def escaped(content: str) -> str:
    """A text as the content of an element; a carriage return would be read as the end of a line.

    >>> escaped("a < b & c > d")
    'a &lt; b &amp; c &gt; d'
    """
    return content.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def quoted(content: str) -> str:
    """A text as the value of an attribute, where tabs and ends of lines would be read as blanks.

    >>> print(quoted('a "b"'))
    "a &quot;b&quot;"
    """
    blanks = escaped(content).replace("\n", "&#10;").replace("\t", "&#9;")
    return '"' + blanks.replace('"', "&quot;") + '"'


FORMS: dict[str, type[GraphML] | type[Gexf]] = {"graphml": GraphML, "gexf": Gexf}


def write(items: Items, form: Form, file: IO[bytes]) -> None:
    """Write a network; edges wait in a temporary file until all nodes are written."""
    file.write(form.head().encode())
    with tempfile.TemporaryFile() as edges:
        number = 0
        for id_, label, values, links in items:
            file.write(form.node(id_, label, values).encode())
            for link in links:
                number += 1
                edges.write(form.edge(number, link).encode())
        file.write(form.middle().encode())
        edges.seek(0)
        shutil.copyfileobj(edges, file)
    file.write(form.tail().encode())
