"""ClinicalTrials.gov study records as linked data.

>>> import kg
>>> graph = kg.graph("tests/data/NCT02059759.txt")
>>> query = "SELECT ?label { ?study ct:conditionMesh/rdfs:label ?label }"
>>> [str(row.label) for row in graph.query(query)]
['Amyotrophic Lateral Sclerosis']

Everything that is raised on purpose is a :class:`KGError`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import kg.query as _query  # noqa: F401 -- importing the package later would replace the function kg.query
from kg._types import Reject
from kg._version import __version__ as __version__
from kg.errors import (
    FieldError,
    InputError,
    KGError,
    OntologyError,
    OutputError,
    RecordError,
    Repaired,
    SourceError,
    Superseded,
    UsageError,
)

if TYPE_CHECKING:
    import networkx as nx
    import rdflib

    from kg.notebook.drawing import Drawing
    from kg.notebook.graph import NotebookGraph
    from kg.notebook.study import Study
    from kg.query.results import Answer
    from kg.records.reader import Record

__all__ = [
    "FieldError",
    "InputError",
    "KGError",
    "OntologyError",
    "OutputError",
    "RecordError",
    "Repaired",
    "SourceError",
    "Superseded",
    "UsageError",
    "drawing",
    "graph",
    "ntriples",
    "projection",
    "query",
    "read",
    "study",
    "to_networkx",
]

Input = str | os.PathLike[str]


def _raise(error: InputError) -> None:
    if not isinstance(error, FieldError | Superseded):
        raise error


def read(*inputs: Input, reject: Reject = _raise) -> Iterator[Record]:
    """Iterate over the study records of files, folders and URLs; ``-`` is standard input.

    A record has ``data`` (the JSON of API v2), ``file`` and ``number`` (its position in the file, from 1). ``reject``
    is called with a :class:`SourceError` or :class:`RecordError` for everything that cannot be read; by default it
    raises the error.

    >>> [record.data["hasResults"] for record in read("tests/data/NCT02059759.txt")]
    [False]
    """
    from kg.records.reader import read as read_all

    return read_all(inputs, reject)


def ntriples(*inputs: Input, contacts: bool = False, reject: Reject = _raise) -> Iterator[bytes]:
    """Yield the N-Triples of each study as soon as it is read; if a study has several versions, all are exported.

    The labels and classes of the organizations, MeSH terms and countries that a study refers to are included, so they
    are repeated across studies.

    ``contacts`` keeps e-mail addresses and telephone numbers. ``reject`` is also called with a :class:`FieldError` for
    each value that does not conform to its shape; by default these are ignored.

    >>> [study.count(b"\\n") for study in ntriples("tests/data/NCT02059759.txt")]
    [826]
    """
    from kg.export.exporter import Exporter
    from kg.export.stream import exports

    exporter = Exporter(contacts=contacts)
    for _, exported in exports(inputs, exporter, reject):
        yield exporter.with_shared(exported)


def graph(*inputs: Input, contacts: bool = False, reject: Reject = _raise) -> NotebookGraph:
    """Return the studies of the inputs as one rdflib graph, with the prefixes bound.

    Of several versions of a study, only the newest is included.

    >>> len(graph("tests/data/NCT02059759.txt"))
    826
    """
    from kg.export.run import graph as export_graph
    from kg.notebook.graph import NotebookGraph

    result = NotebookGraph(bind_namespaces="none")
    export_graph(inputs, contacts=contacts, reject=reject, into=result)
    return result


def study(number: str, data: Input | Iterable[Input] | rdflib.Graph) -> Study:
    """Return a study by its NCT number; a notebook displays its key facts as a table.

    ``data`` is as for :func:`query`. Raises :class:`UsageError` if the data does not have the study.

    >>> als = study("NCT02059759", "tests/data/NCT02059759.txt")
    >>> als.facts["Condition"]
    ['Amyotrophic Lateral Sclerosis', 'MeSH: Amyotrophic Lateral Sclerosis (D000690)']
    """
    from kg.notebook.open import study as open_study

    return open_study(number, data)


def drawing(data: Input | Iterable[Input] | rdflib.Graph | None = None, **options: Any) -> Drawing:
    """Return a picture, which a notebook displays as an interactive page; it has ``html``, ``svg`` and ``save``.

    ``data`` is as for :func:`query`. The options are those of ``kg draw``: ``limit``, and at most one of ``study``,
    ``view``, ``around`` (with ``depth``), ``query`` (SPARQL text), ``summary`` and ``ontology``.

    >>> drawing("tests/data/NCT02059759.txt", view="sites")
    <Drawing Sites: 2 nodes, 1 links>
    """
    from kg.notebook.open import drawing as open_drawing

    return open_drawing(data, **options)


def query(
    query: str,
    data: Input | Iterable[Input] | rdflib.Graph,
    params: Mapping[str, str | Sequence[str]] | None = None,
    *,
    timeout: float | None = None,
    memory: int | None = None,
) -> Answer:
    """Run a SPARQL query: the name of a query in the library, a file, or the text of a query.

    ``data`` is a store, RDF files and study records, or a graph; ``params`` maps parameters to their values. A query is
    stopped with an :class:`OutputError` after ``timeout`` seconds (default: 300), or if it needs more than ``memory``
    bytes (default: half of the memory of the machine).

    >>> answer = query("arms", "tests/data/NCT02059759.txt")
    >>> answer.rows[1]["intervention"]
    '1.0 MIU IL-2 per day'
    """
    from kg.query.engine import query as run
    from kg.query.sandbox import SECONDS, Limits, half_of_memory

    return run(query, data, params, limits=Limits(timeout or SECONDS, memory or half_of_memory()))


def to_networkx(*sources: Any, lists: bool = False) -> nx.MultiDiGraph:
    """Return the studies of the sources as a networkx graph; see :func:`kg.network.graph.to_networkx`.

    ``sources`` are names of files (study records or RDF), folders or stores, rdflib graphs, or pyoxigraph stores.
    Multiple values of a property are joined into one text, which every writer of networkx accepts, or are a list with
    ``lists``.

    >>> to_networkx("tests/data/NCT02059759.txt").nodes["http://id.nlm.nih.gov/mesh/D000690"]["label"]
    'Amyotrophic Lateral Sclerosis'
    """
    from kg.network.graph import to_networkx as convert

    return convert(*sources, lists=lists)


def projection(graph: nx.MultiDiGraph, view: str, *, lists: bool = False) -> nx.Graph:
    """Return the projection of a graph of :func:`to_networkx` to two kinds of nodes; see :mod:`kg.network.projections`.

    >>> projection(to_networkx("tests/data/NCT02059759.txt"), "site-study").number_of_edges()
    1
    """
    from kg.network.projections import projection as project

    return project(graph, view, lists=lists)
