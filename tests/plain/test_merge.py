"""No statement is in two graphs, and none is twice in a file: every format of an export, and a store.

The union of all graphs is then their merge, so that a count over it needs no DISTINCT. Files are read as streams by
pyoxigraph, and by DuckDB, which give a repeated statement as often as a file has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import duckdb
import pyoxigraph as ox
import pytest

from tests.conftest import DATA
from tests.plain.engines import BASE, FORMATS, ONTOLOGY, SHARED, export, run_kg
from tests.plain.test_plain import ALL, everywhere

READERS = {
    "turtle": ox.RdfFormat.TURTLE,
    "trig": ox.RdfFormat.TRIG,
    "ntriples": ox.RdfFormat.N_TRIPLES,
    "nquads": ox.RdfFormat.N_QUADS,
    "jsonld": ox.RdfFormat.JSON_LD,
    "rdfxml": ox.RdfFormat.RDF_XML,
}
WITH_GRAPHS = ("trig", "nquads")
COLUMNS = "subject, predicate, object, datatype, language"
SHOWN = 5
Placed = tuple[str, str]
"""A statement without its graph, as N-Triples, and the name of its graph."""


def statements(path: Path, name: str) -> Iterator[Placed]:
    """The statements of a file, one after another."""
    return map(placed, ox.parse(path=str(path), format=READERS[name]))


def placed(quad: ox.Quad) -> Placed:
    return str(quad.triple), str(quad.graph_name)


def repeated(found: Iterable[Placed]) -> tuple[list[str], list[str]]:
    """Some of the statements that are twice in one graph, and some of those that are in two graphs."""
    graphs: dict[int, str] = {}
    twice: list[str] = []
    in_two: list[str] = []
    for statement, graph in found:
        key = hash(statement)  # a number takes a tenth of the room
        first = graphs.get(key)
        if first is None:
            graphs[key] = graph
        elif first == graph:
            twice.append(statement)
        else:
            in_two.append(f"{statement} in {first} and {graph}")
    return twice[:SHOWN], in_two[:SHOWN]


def repeated_rows(path: Path) -> tuple[list[str], list[str]]:
    """The same of a Parquet file."""
    many = f"SELECT {COLUMNS}, COUNT(*) FROM read_parquet('{path}') GROUP BY {COLUMNS}{{}} HAVING COUNT(*) > 1 LIMIT 5"
    with duckdb.connect() as database:
        twice = database.execute(many.format(", graph")).fetchall()
        in_two = [] if twice else database.execute(many.format("")).fetchall()
    return [*map(str, twice)], [*map(str, in_two)]


def check(records: Path, folder: Path, name: str, *options: object) -> None:
    file = folder / f"studies.{FORMATS[name]}"
    export(records, file, *options)
    assert (repeated_rows(file) if name == "parquet" else repeated(statements(file, name))) == ([], [])


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("name", FORMATS)
def test_no_statement_of_a_file_is_repeated(tmp_path: Path, name: str, jobs: int) -> None:
    check(DATA / "studies", tmp_path, name, "--jobs", jobs)


@pytest.mark.parametrize("name", FORMATS)
class TestRealRecords:
    pytestmark = everywhere

    def test_no_statement_of_a_file_is_repeated(self, tmp_path: Path, name: str) -> None:
        check(ALL, tmp_path, name)


def test_no_statement_of_a_store_is_in_two_graphs(tmp_path: Path) -> None:
    run_kg("store", "build", DATA / "studies", "-o", tmp_path / "studies.kgstore")
    store = ox.Store.read_only(str(tmp_path / "studies.kgstore"))
    assert repeated(map(placed, store)) == ([], [])


@pytest.mark.parametrize("name", WITH_GRAPHS)
def test_all_about_one_thing_is_in_one_graph(tmp_path: Path, name: str) -> None:
    """A study with its parts and its record is in its own graph; what studies share, and the ontology, are apart."""
    file = tmp_path / f"studies.{FORMATS[name]}"
    export(DATA / "studies", file)
    graphs: dict[str, set[str]] = defaultdict(set)
    for quad in ox.parse(path=str(file), format=READERS[name]):
        graphs[str(quad.subject)].add(quad.graph_name.value)
    assert not [*islice((item for item in graphs.items() if len(item[1]) > 1), SHOWN)]
    wrong = [(subject, *names) for subject, names in graphs.items() if names != {graph_of(subject)}]
    assert wrong[:SHOWN] == []


def graph_of(subject: str) -> str:
    """The graph of a subject by its IRI.

    >>> graph_of("<https://w3id.org/trialkg/part/NCT00000001-arm-1>"), graph_of("<http://id.nlm.nih.gov/mesh/D000690>")
    ('https://w3id.org/trialkg/record/NCT00000001', 'https://w3id.org/trialkg/graph/shared')
    """
    iri = subject.strip("<>")
    for namespace in ("https://clinicaltrials.gov/study/", BASE + "part/", BASE + "record/"):
        if iri.startswith(namespace):
            return f"{BASE}record/{iri.removeprefix(namespace)[:11]}"
    shared = (BASE + "organization/", BASE + "country/", BASE + "branch/", "http://id.nlm.nih.gov/mesh/")
    return SHARED if iri.startswith(shared) and not iri.startswith("http://id.nlm.nih.gov/mesh/vocab#") else ONTOLOGY


def test_repeated_statements_are_noticed() -> None:
    lines = "<http://e.org/s> <http://e.org/p> {} <http://e.org/{}> .\n"
    text = "".join([lines.format('"a"', "g"), lines.format('"a"', "h"), lines.format('"b"', "g") * 2])
    twice, in_two = repeated(map(placed, ox.parse(text, format=ox.RdfFormat.N_QUADS)))
    assert twice == ['<http://e.org/s> <http://e.org/p> "b"']
    assert in_two == ['<http://e.org/s> <http://e.org/p> "a" in <http://e.org/g> and <http://e.org/h>']
