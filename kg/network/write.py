"""Writes a network: GraphML or GEXF of the whole graph or of a projection, KGX, or files for Neo4j."""

from __future__ import annotations

import contextlib
import io
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from kg.errors import OutputError, UsageError
from kg.formats import COMPRESSIONS, compression_of
from kg.network import neo4j
from kg.network.graph import made
from kg.network.groups import opened
from kg.network.kgx import EDGE_COLUMNS, NODE_COLUMNS, Kgx, Row, as_line
from kg.network.model import Edge, Node, stream
from kg.network.projections import VIEWS, projection
from kg.report import Report
from kg.write import check_places, replacing, told, writing

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
    :data:`kg.network.projections.VIEWS`, by default all nodes and edges. GraphML and GEXF are made in memory, the other
    formats study by study.

    Raises :class:`~kg.errors.UsageError` for what cannot be done, :class:`~kg.errors.InputError` for RDF that cannot be
    read, and :class:`~kg.errors.OutputError` for what cannot be written.
    """
    chosen = format_for(output, format)
    if view is not None and view not in VIEWS:
        raise UsageError(f"There is no view {view}; the views are {', '.join(VIEWS)}.")
    if view is not None and chosen in FOLDERS:
        raise UsageError(f"A view is written as {' or '.join(FILES)}, not as {chosen}, which has all that is said.")
    check_places(inputs, [output])
    with opened(inputs, report, progress) as groups:
        items = partial(stream, groups)
        if chosen in FILES:
            whole = made(items())
            return _one_file(projection(whole, view) if view else whole, output, chosen)
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


def _one_file(graph: nx.Graph, output: str, chosen: str) -> Written:
    from networkx.readwrite import gexf, graphml

    plain = _flat(graph)
    raw = io.BytesIO()
    if chosen == "graphml":
        graphml.write_graphml_xml(plain, raw)  # not by lxml where that happens to be there: the same bytes everywhere
    else:
        gexf.write_gexf(plain, raw)
    with writing(output) as file:
        file.write(_undated(raw.getvalue()))
    done = Written(Counter(kind for _, kind in graph.nodes(data="type")))
    done.edges.update(said.get("predicate", "") for _, _, said in graph.edges(data=True))
    return done


def _undated(data: bytes) -> bytes:
    """GEXF without the day on which it was written."""
    import re

    return re.sub(rb' lastmodifieddate="[^"]*"', b"", data, count=1)


def _flat(graph: nx.Graph) -> nx.Graph:
    """A copy whose attributes are of the types that both formats have: a list becomes text, joined by bars."""
    plain = graph.__class__()
    for id_, said in graph.nodes(data=True):
        plain.add_node(id_, **_flattened(said))
    if graph.is_multigraph():
        for a, b, key, said in graph.edges(keys=True, data=True):
            plain.add_edge(a, b, key=key, **_flattened(said))
    else:
        for a, b, said in graph.edges(data=True):
            plain.add_edge(a, b, **_flattened(said))
    return plain


def _flattened(said: dict[str, Any]) -> dict[str, Any]:
    return {name: " | ".join(map(str, found)) if isinstance(found, list) else found for name, found in said.items()}


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
    schema = neo4j.Schema.of(items)
    kinds = sorted(schema.classes)
    done = Written()
    with contextlib.ExitStack() as opened_files:
        files = {kind: opened_files.enter_context(replacing(str(folder / neo4j.file_of(kind)))) for kind in kinds}
        relationships = opened_files.enter_context(replacing(str(folder / neo4j.RELATIONSHIPS)))
        arguments = opened_files.enter_context(replacing(str(folder / neo4j.ARGUMENTS)))
        arguments.write("".join(neo4j.arguments(kinds)).encode())
        relationships.write(neo4j.RELATIONSHIP_HEADER.encode())
        for kind, file in files.items():
            file.write(schema.header(kind).encode())
        for node, edges in items():
            files[node.type].write(schema.line(node).encode())
            relationships.write("".join(map(neo4j.relationship, edges)).encode())
            done.nodes[node.type] += 1
            done.edges.update(edge.predicate for edge in edges)
    return done
