"""Writes a network: GraphML or GEXF of the whole graph or of a projection, KGX, or files for Neo4j."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg.errors import OutputError, UsageError
from kg.export.report import Report
from kg.network import neo4j, xml
from kg.network.graph import multigraph
from kg.network.groups import Groups, opened
from kg.network.kgx import EDGE_COLUMNS, NODE_COLUMNS, Kgx, Row, as_line
from kg.network.model import Edge, Node, stream
from kg.network.projections import VIEWS, projection
from kg.network.schema import Schema, Table
from kg.rdf.atomic import check_places, replacing, told, writing
from kg.rdf.formats import COMPRESSIONS, compression_of

if TYPE_CHECKING:
    import networkx as nx

FILES = {"graphml": ".graphml", "gexf": ".gexf"}
"""Formats of one file -> the ending of its name."""
FOLDERS = ("kgx", "kgx-jsonl", "neo4j")
"""Formats of several files in a folder."""
FORMATS = (*FILES, *FOLDERS)

Items = Callable[[], Iterable[tuple[Node, list[Edge]]]]


@dataclass(slots=True)
class Written:
    """How much was written, by class and by predicate."""

    nodes: Counter[str] = field(default_factory=Counter)
    edges: Counter[str] = field(default_factory=Counter)

    def summary(self) -> str:
        """The counts in one sentence."""
        return f"Network: {self.nodes.total():,} nodes, {self.edges.total():,} edges."


def write(
    inputs: list[str],
    output: str,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    view: str | None = None,
    report: Report,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Writes the network of study records, RDF files or stores.

    ``format`` is one of :data:`FORMATS`, by default what the name of the output tells; ``view`` one of
    :data:`kg.network.projections.VIEWS`, by default all nodes and edges. A view is made in memory, all else is written
    study by study.

    Raises :class:`~kg.errors.UsageError` for what cannot be done, :class:`~kg.errors.InputError` for RDF that cannot be
    read, and :class:`~kg.errors.OutputError` for what cannot be written.
    """
    chosen = format_for(output, format)
    if view is not None and view not in VIEWS:
        raise UsageError(f"There is no view {view}; the views are {', '.join(VIEWS)}.")
    if view is not None and chosen in FOLDERS:
        raise UsageError(f"A view is written as {' or '.join(FILES)}, not as {chosen}, which has all statements.")
    check_places(inputs, [output])
    with opened(inputs, report, progress) as files:
        groups = Groups(list(files))
        if chosen in FILES:
            return _view(groups, view, output, chosen) if view else _whole(groups, output, chosen)
        items = partial(stream, groups)
        with _folder(output) as folder:
            return _neo4j(items, folder) if chosen == "neo4j" else _kgx(items, folder, lines=chosen == "kgx-jsonl")


def format_for(output: str, asked: str | None) -> str:
    """The format that is asked for, or that a name tells; raises :class:`~kg.errors.UsageError` where neither does.

    >>> format_for("sites.graphml.gz", None)
    'graphml'
    """
    if asked is not None:
        return asked
    plain = output.removesuffix(compression_of(output))
    for name, ending in FILES.items():
        if plain.endswith(ending):
            return name
    endings = " or ".join(FILES.values())
    raise UsageError(f"The name {output} tells no format; end it in {endings}, or give the option --format.")


# -- one file ---------------------------------------------------------------------------------------------------


def _whole(groups: Groups, output: str, chosen: str) -> Written:
    """All nodes and edges; the statements are read once for the types of attributes, then to be written."""
    schema = Schema()
    for node, _ in stream(groups):
        schema.take(node.values)
    table = Table(schema)
    form = xml.FORMS[chosen]({"type": "string", **table.types}, {"predicate": "string"}, directed=True)
    done = Written()
    with writing(output) as file:
        xml.write(_items(groups, table, done), form, file)
    return done


def _items(groups: Groups, table: Table, done: Written) -> xml.Items:
    for node, edges in stream(groups):
        done.nodes[node.type] += 1
        done.edges.update(edge.predicate for edge in edges)
        yield node.id, node.label, {"type": node.type, **table.row(node.values)}, map(_link, edges)


def _link(edge: Edge) -> xml.Link:
    return xml.Link(edge.source, edge.target, {"predicate": edge.predicate}, kind=edge.predicate)


def _view(groups: Groups, view: str, output: str, chosen: str) -> Written:
    network = projection(multigraph(groups), view)
    table = Table.of(_attributes(values) for _, values in network.nodes(data=True))
    form = xml.FORMS[chosen](table.types, {"weight": "long", "studies": "string"}, directed=False)
    with writing(output) as file:
        xml.write(_view_items(network, table), form, file)
    done = Written(Counter(kind for _, kind in network.nodes(data="type")))
    done.edges[view] = network.number_of_edges()
    return done


def _view_items(network: nx.Graph, table: Table) -> xml.Items:
    outward: dict[str, list[xml.Link]] = {}
    for a, b, values in network.edges(data=True):
        link = xml.Link(a, b, {"studies": values["studies"]}, weight=values["weight"])
        outward.setdefault(a, []).append(link)
    for id_, values in network.nodes(data=True):
        yield id_, values["label"], table.row(_attributes(values)), outward.get(id_, [])


def _attributes(values: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [value] for name, value in values.items() if name != "label"}


# -- folders ----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _folder(output: str) -> Any:
    """A folder for several files, each of which stands in its place when all are whole."""
    if output == "-" or output.endswith(COMPRESSIONS):
        raise UsageError(f"{output} is no folder, and several files are written; name a folder.")
    folder = Path(output)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{output} is a file, and several files are written; name a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{output} cannot be made: {error.strerror}.") from error
    yield folder


def _kgx(items: Items, folder: Path, *, lines: bool) -> Written:
    ending = "jsonl" if lines else "tsv"
    done = Written()
    with replacing(str(folder / f"nodes.{ending}")) as nodes, replacing(str(folder / f"edges.{ending}")) as edges:
        if not lines:
            nodes.write(("\t".join(NODE_COLUMNS) + "\n").encode())
            edges.write(("\t".join(EDGE_COLUMNS) + "\n").encode())
        with told(str(folder)):
            for node, rows in Kgx(items).rows():
                if node is not None:
                    nodes.write(_encoded(node, NODE_COLUMNS, lines))
                    done.nodes[node["category"][0]] += 1
                for row in rows:
                    edges.write(_encoded(row, EDGE_COLUMNS, lines))
                    done.edges[row["predicate"]] += 1
    return done


def _encoded(row: Row, columns: tuple[str, ...], lines: bool) -> bytes:
    return orjson.dumps(row) + b"\n" if lines else as_line(row, columns).encode()


def _neo4j(items: Items, folder: Path) -> Written:
    classes = neo4j.Classes.of(items)
    kinds = sorted(classes.schemas)
    done = Written()
    with contextlib.ExitStack() as opened_files:
        files = {kind: opened_files.enter_context(replacing(str(folder / neo4j.file_of(kind)))) for kind in kinds}
        relationships = opened_files.enter_context(replacing(str(folder / neo4j.RELATIONSHIPS)))
        arguments = opened_files.enter_context(replacing(str(folder / neo4j.ARGUMENTS)))
        arguments.write("".join(neo4j.arguments(kinds)).encode())
        relationships.write(neo4j.RELATIONSHIP_HEADER.encode())
        for kind, file in files.items():
            file.write(classes.header(kind).encode())
        for node, edges in items():
            files[node.type].write(classes.line(node).encode())
            relationships.write("".join(map(neo4j.relationship, edges)).encode())
            done.nodes[node.type] += 1
            done.edges.update(edge.predicate for edge in edges)
    return done
