"""Write a network as GraphML or GEXF (the whole graph or a projection), as KGX, or as files for Neo4j."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg._types import Progress
from kg.errors import UsageError, nothing_found
from kg.export.report import Report
from kg.network import neo4j, xml
from kg.network.formats import (
    ALL,
    CORE,
    FILE_FORMATS,
    FOLDER_FORMATS,
    FORMATS,
    KGX_FORMATS,
    OLD_VIEWS,
    PROJECTIONS,
    VIEWS,
)
from kg.network.graph import multigraph
from kg.network.groups import StatementGroups, open_sources
from kg.network.kgx import EDGE_COLUMNS, NODE_COLUMNS, KgxRows, Row, tsv_line
from kg.network.model import Edge, Items, iter_nodes
from kg.network.projections import NAMES, projection
from kg.network.schema import Schema, Table
from kg.rdf.atomic import check_outputs, replacing_folder, writing
from kg.rdf.formats import COMPRESSIONS, compression_of
from kg.store.study_runs import Note, silent

if TYPE_CHECKING:
    import networkx as nx


_CORE_NOTE = "of the core; --view all adds arms, outcomes, results and other details of studies"


@dataclass(slots=True)
class NetworkCounts:
    """The number of nodes written by class, and of edges by predicate."""

    nodes: Counter[str] = field(default_factory=Counter)
    edges: Counter[str] = field(default_factory=Counter)
    is_core: bool = False
    """Whether the view is the core by default."""

    def summary(self) -> str:
        """Return the counts in one sentence."""
        which = f" {_CORE_NOTE}" if self.is_core else ""
        return f"Network: {self.nodes.total():,} nodes, {self.edges.total():,} edges{which}."


def write(
    inputs: list[str],
    output: str,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    view: str | None = None,
    report: Report,
    progress: Progress | None = None,
    note: Note = silent,
) -> NetworkCounts:
    """Write the network of study records, RDF files or stores.

    ``format`` is one of :data:`kg.network.formats.FORMATS`; the default follows from the name of the output. ``view``
    is one of :data:`kg.network.formats.VIEWS`, by default the core; KGX has classes of its own. A projection is built
    in memory, everything else is streamed. ``note`` receives a sentence if inputs cannot be streamed.

    Raises :class:`~kg.errors.UsageError` for an unsupported combination, :class:`~kg.errors.InputError` for unreadable
    RDF, and :class:`~kg.errors.OutputError` if the output cannot be written.
    """
    format_name = format or format_of_name(output)
    if format_name not in FORMATS:
        raise UsageError(f"Unknown format {format_name}; the formats are {', '.join(FORMATS)}.")
    is_default, view = view is None, _checked_view(view, format_name)
    check_outputs(inputs, [output])
    with open_sources(inputs, report, progress) as files:
        groups = StatementGroups(list(files), note)
        if not any(group.statements for group in groups):
            raise nothing_found("statement about studies", inputs)
        items = partial(iter_nodes, groups, core=view == CORE)
        if view in PROJECTIONS:
            return _view(groups, view, output, format_name)
        counts = _write_items(items, output, format_name)
    counts.is_core = is_default and view == CORE
    return counts


def _write_items(items: Items, output: str, format_name: str) -> NetworkCounts:
    if format_name in FILE_FORMATS:
        return _whole(items, output, format_name)
    with replacing_folder(_folder(output)) as folder:
        return _neo4j(items, folder) if format_name == "neo4j" else _kgx(items, folder, lines=format_name != "kgx")


def _checked_view(view: str | None, format_name: str) -> str:
    """Return the view to write in a format; raise :class:`~kg.errors.UsageError` for one that does not fit."""
    is_kgx = format_name in KGX_FORMATS
    view = OLD_VIEWS.get(view or "", view) or (ALL if is_kgx else CORE)
    if view not in VIEWS:
        raise UsageError(f"Unknown view {view}; the views are {', '.join(VIEWS)}.")
    if view in PROJECTIONS and format_name in FOLDER_FORMATS:
        raise UsageError(f"The view {view} can be written as {' or '.join(FILE_FORMATS)}, not as {format_name}.")
    if is_kgx and view != ALL:
        raise UsageError(f"{format_name} has the classes of the Biolink Model, so it has no view {view}.")
    return view


def format_of_name(output: str) -> str:
    """Return the format of a file by its name; raises :class:`~kg.errors.UsageError` for an unknown extension.

    >>> format_of_name("sites.graphml.gz")
    'graphml'
    """
    name = output.removesuffix(compression_of(output))
    for format_name, extension in FILE_FORMATS.items():
        if name.endswith(extension):
            return format_name
    extensions = " or ".join(FILE_FORMATS.values())
    raise UsageError(f"The format of {output} is unknown; use the extension {extensions}, or give --format.")


def _whole(items: Items, output: str, format_name: str) -> NetworkCounts:
    """Write nodes and edges as they are; statements are read twice, first to determine the types of attributes."""
    schema = Schema()
    for node, _ in items():
        schema.add(node.values)
    table = Table(schema)
    node_types = {"type": "string", **table.types}
    xml_format = xml.XML_FORMATS[format_name](node_types, {"predicate": "string"}, directed=True)
    counts = NetworkCounts()
    with writing(output) as file:
        xml.write(_xml_nodes(items, table, counts), xml_format, file)
    return counts


def _xml_nodes(items: Items, table: Table, counts: NetworkCounts) -> xml.XmlNodes:
    for node, edges in items():
        counts.nodes[node.type] += 1
        counts.edges.update(edge.predicate for edge in edges)
        yield node.id, node.label, {"type": node.type, **table.row(node.values)}, map(_xml_edge, edges)


def _xml_edge(edge: Edge) -> xml.XmlEdge:
    return xml.XmlEdge(edge.source, edge.target, {"predicate": edge.predicate}, kind=edge.predicate)


def _view(groups: StatementGroups, view: str, output: str, format_name: str) -> NetworkCounts:
    network = projection(multigraph(groups, core=True, names=NAMES), view)
    table = Table.of(_attributes(values) for _, values in network.nodes(data=True))
    edge_types = {"weight": "long", "studies": "string"}
    xml_format = xml.XML_FORMATS[format_name](table.types, edge_types, directed=False)
    with writing(output) as file:
        xml.write(_view_nodes(network, table), xml_format, file)
    counts = NetworkCounts(Counter(type_ for _, type_ in network.nodes(data="type")))
    counts.edges[view] = network.number_of_edges()
    return counts


def _view_nodes(network: nx.Graph, table: Table) -> Iterator[tuple[str, str, xml.Values, list[xml.XmlEdge]]]:
    outward: dict[str, list[xml.XmlEdge]] = {}
    for a, b, values in network.edges(data=True):
        edge = xml.XmlEdge(a, b, {"studies": values["studies"]}, weight=values["weight"])
        outward.setdefault(a, []).append(edge)
    for id_, values in network.nodes(data=True):
        yield id_, values["label"], table.row(_attributes(values)), outward.get(id_, [])


def _attributes(values: dict[str, Any]) -> dict[str, list[Any]]:
    return {name: [value] for name, value in values.items() if name != "label"}


def _folder(output: str) -> str:
    """Check the name of the folder for a format of several files."""
    if output == "-" or output.endswith(COMPRESSIONS) or (Path(output).exists() and not Path(output).is_dir()):
        raise UsageError(f"{output} is not a folder, but the format has several files; name a folder.")
    return output


def _kgx(items: Items, folder: Path, *, lines: bool) -> NetworkCounts:
    extension = "jsonl" if lines else "tsv"
    counts = NetworkCounts()
    with (folder / f"nodes.{extension}").open("wb") as nodes, (folder / f"edges.{extension}").open("wb") as edges:
        if not lines:
            nodes.write(("\t".join(NODE_COLUMNS) + "\n").encode())
            edges.write(("\t".join(EDGE_COLUMNS) + "\n").encode())
        for node, rows in KgxRows(items).rows():
            if node is not None:
                nodes.write(_encoded(node, NODE_COLUMNS, lines))
                counts.nodes[node["category"][0]] += 1
            for row in rows:
                edges.write(_encoded(row, EDGE_COLUMNS, lines))
                counts.edges[row["predicate"]] += 1
    return counts


def _encoded(row: Row, columns: tuple[str, ...], lines: bool) -> bytes:
    return orjson.dumps(row) + b"\n" if lines else tsv_line(row, columns).encode()


def _neo4j(items: Items, folder: Path) -> NetworkCounts:
    schemas = neo4j.ClassSchemas.of(items)
    classes = sorted(schemas.schemas)
    counts = NetworkCounts()
    with contextlib.ExitStack() as stack:
        files = {name: stack.enter_context((folder / neo4j.node_file(name)).open("wb")) for name in classes}
        relationships = stack.enter_context((folder / neo4j.RELATIONSHIPS).open("wb"))
        arguments = stack.enter_context((folder / neo4j.ARGUMENTS).open("wb"))
        arguments.write("".join(neo4j.arguments(classes)).encode())
        relationships.write(neo4j.RELATIONSHIP_HEADER.encode())
        for name, file in files.items():
            file.write(schemas.header(name).encode())
        for node, edges in items():
            files[node.type].write(schemas.line(node).encode())
            relationships.write("".join(map(neo4j.relationship, edges)).encode())
            counts.nodes[node.type] += 1
            counts.edges.update(edge.predicate for edge in edges)
    return counts
