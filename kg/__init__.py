"""ClinicalTrials.gov study records as linked data.

>>> import kg
>>> graph = kg.graph("tests/data/NCT02059759.txt")
>>> query = "SELECT ?label { ?study ct:conditionMesh/rdfs:label ?label }"
>>> [str(row.label) for row in graph.query(query)]
['Amyotrophic Lateral Sclerosis']

Everything that is raised on purpose is a :class:`KGError`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import kg.coverage as _coverage  # noqa: F401 -- importing these packages later would replace the functions
import kg.export as _export  # noqa: F401
import kg.load as _load  # noqa: F401
import kg.query as _query  # noqa: F401
from kg import store as store
from kg._types import Input, PathName, Reject
from kg._version import __version__ as __version__
from kg.errors import (
    FieldError,
    Incomplete,
    InputError,
    KGError,
    NothingFoundError,
    OntologyError,
    OutputError,
    RecordError,
    Repaired,
    Skipped,
    SourceError,
    Superseded,
    UsageError,
    raise_losses,
)

if TYPE_CHECKING:
    import networkx as nx

    from kg.coverage.measure import Coverage
    from kg.export.report import Report
    from kg.load.run import LoadResult
    from kg.notebook.drawing import Drawing
    from kg.notebook.graph import NotebookGraph
    from kg.notebook.study import Study
    from kg.query.results import Answer
    from kg.records.reader import Record
    from kg.registry.public import fetch as fetch
    from kg.registry.public import sync as sync
    from kg.store.dataset import Data
    from kg.validation.run import ValidationResult

__all__ = [
    "FieldError",
    "Incomplete",
    "InputError",
    "KGError",
    "NothingFoundError",
    "OntologyError",
    "OutputError",
    "RecordError",
    "Repaired",
    "Skipped",
    "SourceError",
    "Superseded",
    "UsageError",
    "coverage",
    "drawing",
    "export",
    "fetch",
    "graph",
    "load",
    "ntriples",
    "parquet_views",
    "projection",
    "query",
    "read",
    "store",
    "study",
    "sync",
    "to_networkx",
    "validate",
]


_REGISTRY = ("fetch", "sync")
"""The functions of :mod:`kg.registry.public`, which is imported when one is used."""


def __getattr__(name: str) -> Any:
    if name not in _REGISTRY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from kg.registry import public

    return getattr(public, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_REGISTRY})


def read(*inputs: Input, reject: Reject = raise_losses) -> Iterator[Record]:
    """Iterate over the study records of the inputs.

    An input is the name of a file or folder, a URL, ``-`` for standard input, an open file, a study or an API page as
    a dictionary, JSON as bytes or text, or a list or generator of inputs. A record has ``data`` (the JSON of API v2),
    ``file`` and ``number`` (its position in the file, from 1). ``reject`` is called with a :class:`SourceError` or
    :class:`RecordError` for everything that cannot be read; by default it raises the error.

    >>> [record.data["hasResults"] for record in read("tests/data/NCT02059759.txt")]
    [False]
    >>> [record.data for record in read({"studies": [{"hasResults": True}]})]
    [{'hasResults': True}]
    """
    from kg.records.reader import read as read_all

    return read_all(inputs, reject)


def ntriples(*inputs: Input, contacts: bool = False, reject: Reject = raise_losses) -> Iterator[bytes]:
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


def parquet_views(data: PathName, *, tables: bool = False, base: str | None = None) -> list[str]:
    """Return SQL statements that define views over a Parquet file of an export, as ``kg parquet-views`` does.

    ``data`` is the file, or a folder of Parquet files. With ``tables``, the statements are ``CREATE TABLE``, as Polars
    needs.

    >>> [statement.splitlines()[0] for statement in parquet_views("tests/data")][:2]
    ['CREATE VIEW statements AS', 'CREATE VIEW studies AS']
    """
    from kg.ontology.vocabulary import BASE
    from kg.rdf.parquet_views import view_statements

    return [*view_statements(data, tables=tables, base=base or BASE)]


def graph(*inputs: Input, contacts: bool = False, reject: Reject = raise_losses) -> NotebookGraph:
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


def study(number: str, data: Data, *, reject: Reject = raise_losses) -> Study:
    """Return a study by its NCT number; a notebook displays its key facts as a table.

    ``data`` and ``reject`` are as for :func:`query`. Raises :class:`UsageError` if the data does not have the study.

    >>> als = study("NCT02059759", "tests/data/NCT02059759.txt")
    >>> als.facts["Condition"]
    ['Amyotrophic Lateral Sclerosis', 'MeSH: Amyotrophic Lateral Sclerosis (D000690)']
    """
    from kg.notebook.open import study as open_study

    return open_study(number, data, reject=reject)


def drawing(data: Data | None = None, *, reject: Reject = raise_losses, **options: Any) -> Drawing:
    """Return a picture, which a notebook displays as an interactive page; it has ``html``, ``svg`` and ``save``.

    ``data`` and ``reject`` are as for :func:`query`; the ontology needs no data. The options are those of ``kg draw``:
    ``limit``, and at most one of ``study``, ``view``, ``around`` (with ``depth``), ``query`` (SPARQL text), ``summary``
    and ``ontology``.

    >>> drawing("tests/data/NCT02059759.txt", view="sites")
    <Drawing Sites: 2 nodes, 1 links>
    """
    from kg.notebook.open import drawing as open_drawing

    return open_drawing(data, reject=reject, **options)


def query(
    query: str,
    data: Data,
    params: Mapping[str, str | Sequence[str]] | None = None,
    *,
    reject: Reject = raise_losses,
    timeout: float | None = None,
    memory: int | None = None,
) -> Answer:
    """Run a SPARQL query: the name of a query in the library, a file, or the text of a query.

    ``data`` is a store, RDF files, study records as for :func:`read`, rdflib graphs, pyoxigraph stores, or a list of
    these; ``reject`` is called with everything that cannot be read. ``params`` maps parameters to their values. A query
    is stopped with an :class:`OutputError` after ``timeout`` seconds (default: 300), or if it needs more than
    ``memory`` bytes (default: half of the memory of the machine).

    >>> answer = query("arms", "tests/data/NCT02059759.txt")
    >>> answer.rows[1]["intervention"]
    '1.0 MIU IL-2 per day'
    """
    from kg.export.report import Report
    from kg.query.engine import query as run
    from kg.query.sandbox import SECONDS, Limits, half_of_memory

    limits = Limits(timeout or SECONDS, memory or half_of_memory())
    return run(query, data, params, report=Report(on_problem=reject), limits=limits)


def to_networkx(
    *sources: Any, lists: bool = False, view: str = "all", reject: Reject = raise_losses
) -> nx.MultiDiGraph:
    """Return the studies of the sources as a networkx graph; see :func:`kg.network.graph.to_networkx`.

    ``sources`` and ``reject`` are as ``data`` and ``reject`` of :func:`query`. Multiple values of a property are joined
    into one text, which every writer of networkx accepts, or are a list with ``lists``. The view ``core`` leaves out
    arms, outcomes, results and other details of studies.

    >>> to_networkx("tests/data/NCT02059759.txt").nodes["http://id.nlm.nih.gov/mesh/D000690"]["label"]
    'Amyotrophic Lateral Sclerosis'
    """
    from kg.export.report import Report
    from kg.network.graph import to_networkx as convert

    return convert(*sources, lists=lists, view=view, report=Report(on_problem=reject))


def projection(graph: nx.MultiDiGraph, view: str, *, lists: bool = False) -> nx.Graph:
    """Return the projection of a graph of :func:`to_networkx` to two kinds of nodes; see :mod:`kg.network.projections`.

    >>> projection(to_networkx("tests/data/NCT02059759.txt"), "sites-studies").number_of_edges()
    1
    """
    from kg.network.projections import projection as project

    return project(graph, view, lists=lists)


def export(
    inputs: Input,
    output: PathName,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    contacts: bool = False,
    without: Sequence[str] = (),
    strict: bool = False,
    sort: bool = False,
    manifest: bool = False,
    describe: bool = False,
    with_ontology: bool = False,
    base: str | None = None,
    jobs: int = 1,
    reject: Reject = raise_losses,
) -> Report:
    """Export studies to a file, as ``kg export`` does; of two versions of a study the newer. Return the counts.

    ``inputs`` is an input of :func:`read` or a list of them. The format is that of the name of the output, or
    ``format``: a name such as ``ntriples`` or an extension such as ``nt``. ``jobs`` is the number of processes; the
    other options are those of the command. What is lost goes to ``reject``; if that raises, nothing is written.

    >>> report = export("tests/data/NCT02059759.txt", "/dev/null", format="nt")
    >>> report.read, report.totals.triples
    (1, 826)
    """
    from kg.export.report import Report
    from kg.export.run import export as run
    from kg.ontology.vocabulary import BASE

    return run(
        [inputs],
        output,
        format=format,
        contacts=contacts,
        without=without,
        strict=strict,
        in_order=sort,
        manifest=manifest,
        describe=describe,
        with_ontology=with_ontology,
        base=base or BASE,
        jobs=jobs,
        report=Report(on_problem=reject),
    )


def validate(data: Data, *, engine: str = "fast") -> ValidationResult:
    """Validate RDF against the SHACL shapes of the ontology, as ``kg validate`` does.

    ``data`` is RDF files, stores, graphs of rdflib, stores of pyoxigraph, or a list of these, each of which is
    validated separately. The result has ``conforms``, ``findings`` and ``summary()``; ``engine`` is ``fast`` or
    ``pyshacl``.

    >>> validate(graph("tests/data/NCT02059759.txt")).conforms
    True
    """
    from kg.validation.run import validate as run

    return run([data], engine=engine)


def coverage(
    *inputs: Input,
    contacts: bool = False,
    without: Sequence[str] = (),
    official: bool = False,
    reject: Reject = raise_losses,
) -> Coverage:
    """Count which values of the records are in the graph, as ``kg coverage`` does.

    The result has ``share`` (a percentage), ``occurring`` (the JSON paths with their counts) and ``as_dict()``. The
    options are those of the command.

    >>> result = coverage("tests/data/NCT02059759.txt")
    >>> result.share, result.occurring[0].path, result.occurring[0].unmapped
    (100.0, 'protocolSection.identificationModule.nctId', 0)
    """
    from kg.coverage.measure import measure_inputs

    return measure_inputs(inputs, contacts=contacts, without=without, official=official, reject=reject)


def load(
    data: Data,
    to: str,
    *,
    preset: str | None = None,
    graph: str | None = None,
    since: str | None = None,
    prune: bool = False,
    validate: bool = False,
    contacts: bool = False,
    without: Sequence[str] = (),
    user: str | None = None,
    digest: bool = False,
    timeout: int = 300,
    reject: Reject = raise_losses,
) -> LoadResult:
    """Load the studies that changed into the running triple store at a URL, as ``kg load`` does. Return the counts.

    ``data`` is as for :func:`query`; the options are those of the command, and the password is ``KG_PASSWORD`` or in
    the netrc file. ``without`` names sections of the model, which later loads leave out too. Raises
    :class:`OutputError` if the store refuses a request or counts other statements than were loaded; running the same
    load again continues from there.

    >>> load("studies.zip", "http://localhost:3030/trials").added  # doctest: +SKIP
    1659
    """
    from kg.export.report import Report
    from kg.load.options import load_into

    result = load_into(
        to,
        [data],
        preset=preset,
        graph=graph,
        since=since,
        prune=prune,
        validate=validate,
        contacts=contacts,
        without=without,
        user=user,
        digest=digest,
        timeout=timeout,
        report=Report(on_problem=reject),
    )
    if result.wrong:
        raise OutputError(result.wrong[0])
    return result
