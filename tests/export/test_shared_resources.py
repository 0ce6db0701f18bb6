"""Shared resources: described once per run, by the most used spelling, in any order of the studies."""

from __future__ import annotations

import copy
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.errors import UsageError
from kg.export.descriptions import Describer
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.export.shared_resources import Usage, encode_graph
from kg.load.graphs import graphs
from kg.ontology.vocabulary import CT, RDFS, SHARED_GRAPH, SKOS
from kg.rdf.syntax import Style
from kg.restore.records import Restorer
from kg.store.dataset import open_dataset, open_store
from kg.store.embedded import build, remove, update
from kg.store.layout import without_states
from tests.conftest import MADE, STUDIES

SHARED = ox.NamedNode(SHARED_GRAPH)
LABEL, OTHER = ox.NamedNode(RDFS + "label"), ox.NamedNode(SKOS + "altLabel")
FORMATS = ("ttl", "nt", "nq", "trig", "parquet", "jsonld", "rdf")


def study(number: int, *terms: tuple[str, str], sponsor: str = "A", agency: str = "INDUSTRY") -> dict[str, Any]:
    """Return a record with MeSH terms, given by id and name."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT{number:08}", "briefTitle": "A trial"},
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": sponsor, "class": agency}},
        },
        "derivedSection": {"conditionBrowseModule": {"meshes": [{"id": id_, "term": term} for id_, term in terms]}},
    }


CONFLICTING = [
    study(1, ("D000001", "asthma"), sponsor="A", agency="INDUSTRY"),
    study(2, ("D000001", "Asthma"), sponsor="A", agency="OTHER"),
    study(3, ("D000001", "Asthma"), ("D000002", "Zeta"), sponsor="B"),
    study(4, ("D000002", "Eta"), sponsor="A", agency="OTHER"),
]
"""Records with two spellings of a term, and two classes of a sponsor."""


def write_records(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records), "utf-8")
    return path


def labels(store: ox.Store, iri: str, predicate: ox.NamedNode = LABEL) -> list[str]:
    return sorted(quad.object.value for quad in store.quads_for_pattern(ox.NamedNode(iri), predicate, None, None))


def test_the_most_used_spelling_is_the_label_and_ties_are_resolved_by_code_point(tmp_path: Path) -> None:
    with open_dataset([write_records(tmp_path / "a.jsonl", CONFLICTING)], Report()) as store:
        mesh = "http://id.nlm.nih.gov/mesh/"
        assert labels(store, mesh + "D000001") == ["Asthma"]
        assert labels(store, mesh + "D000001", OTHER) == ["asthma"]
        assert labels(store, mesh + "D000002") == ["Eta"]
        assert labels(store, mesh + "D000002", OTHER) == ["Zeta"]
        sponsor = "https://w3id.org/trialkg/organization/A"
        assert labels(store, sponsor, ox.NamedNode(CT + "agencyClass")) == ["https://w3id.org/trialkg/code/OTHER"]
        assert labels(store, sponsor, ox.NamedNode(CT + "descriptionCount")) == ["2"]


def test_the_order_of_the_studies_makes_no_difference(tmp_path: Path) -> None:
    graphs_written = set()
    for i, records in enumerate(itertools.permutations(CONFLICTING)):
        export([write_records(tmp_path / f"{i}.jsonl", list(records))], tmp_path / "x.nq")
        lines = (tmp_path / "x.nq").read_bytes().splitlines()
        graphs_written.add(b"\n".join(line for line in lines if SHARED_GRAPH.encode() in line))
    assert len(graphs_written) == 1


@pytest.mark.parametrize("extension", FORMATS)
def test_records_with_different_spellings_are_restored(tmp_path: Path, extension: str) -> None:
    from kg.store.dataset import statements

    output = tmp_path / f"x.{extension}"
    export([write_records(tmp_path / "a.jsonl", CONFLICTING)], output)
    assert list(Restorer(statements([str(output)]))) == CONFLICTING


def test_a_record_with_two_spellings_of_a_resource_is_restored() -> None:
    record = study(1, ("D000001", "asthma"), ("D000001", "Asthma"))
    exported = Exporter()(record)
    assert exported.errors == []
    assert list(Restorer(ox.parse(Exporter().with_shared(exported), format=ox.RdfFormat.N_TRIPLES))) == [record]


def test_resources_of_superseded_records_are_left_out(tmp_path: Path) -> None:
    old, new = study(1, ("D000001", "asthma")), study(1, ("D000002", "Eta"))
    for record, day in ((old, "2020-01-01"), (new, "2021-01-01")):
        record["protocolSection"]["statusModule"] = {"lastUpdatePostDateStruct": {"date": day}}
    for records in ([old, new], [new, old]):
        export([write_records(tmp_path / "a.jsonl", records)], tmp_path / "x.nt")
        assert b"mesh/D000001" not in (tmp_path / "x.nt").read_bytes()
        assert b"mesh/D000002" in (tmp_path / "x.nt").read_bytes()


@pytest.mark.parametrize("extension", FORMATS)
def test_no_statement_is_in_two_graphs_or_twice_in_a_file(tmp_path: Path, extension: str) -> None:
    from kg.store.dataset import statements

    output = tmp_path / f"x.{extension}"
    export([*STUDIES, MADE], output, with_ontology=True, jobs=2)
    counts = Counter(quad.triple for quad in statements([str(output)]))
    assert [triple for triple, count in counts.items() if count > 1] == []


def test_the_shared_graph_is_sorted_by_iri(tmp_path: Path) -> None:
    export(STUDIES, tmp_path / "x.nq")
    lines = [
        line for line in (tmp_path / "x.nq").read_text("utf-8").splitlines() if line.endswith(f"<{SHARED_GRAPH}> .")
    ]
    subjects = [line[1 : line.index(">")] for line in lines]
    assert subjects == sorted(subjects)
    assert len(subjects) > 100


def test_a_large_shared_graph_is_written_in_chunks() -> None:
    usages = [Usage(f'<https://e.org/{i}>\0<https://e.org/p> "x"'.encode(), 1) for i in range(100)]
    chunks = [*encode_graph(usages, Style(), graphs=False, size=1000)]
    assert len(chunks) > 3
    assert sum(triples for _, triples in chunks) == 100
    assert b"".join(data for data, _ in chunks).count(b"\n") == 100


def test_descriptions_are_restored_from_study_graphs(studies: list[dict[str, Any]], made: dict[str, Any]) -> None:
    describer, exporter = Describer(), Exporter()
    for record in [*studies, made]:
        exported = exporter(record)
        quads = ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES)
        values = [(quad.predicate.value, quad.object.value) for quad in quads if not isinstance(quad.object, ox.Triple)]
        assert sorted(describer.of(values)) == sorted(exported.shared)


def test_a_single_study_includes_its_shared_resources() -> None:
    import kg

    for data, path in zip(kg.ntriples(*STUDIES), STUDIES, strict=True):
        graph = kg.graph(path)
        assert len({*data.splitlines()}) == len(data.splitlines()) == len(graph), path.name


def test_the_shared_graph_of_an_updated_store_is_that_of_a_new_build(tmp_path: Path) -> None:
    """With studies that disagree, which are added, changed and removed."""
    place = tmp_path / "s"
    build([write_records(tmp_path / "a.jsonl", CONFLICTING[:2])], place, report=Report())
    changed = copy.deepcopy(CONFLICTING[1])
    changed["derivedSection"]["conditionBrowseModule"]["meshes"][0]["term"] = "asthma"
    changed["protocolSection"]["statusModule"] = {"lastUpdatePostDateStruct": {"date": "2024-01-01"}}
    kept = {record["protocolSection"]["identificationModule"]["nctId"]: record for record in CONFLICTING[:2]}
    steps = (([CONFLICTING[2]], []), ([CONFLICTING[3], changed], []), ([], ["NCT00000003"]), ([], ["NCT00000001"]))
    for records, gone in steps:
        if records:
            update(place, [write_records(tmp_path / "b.jsonl", records)], report=Report())
            kept |= {record["protocolSection"]["identificationModule"]["nctId"]: record for record in records}
        assert remove(place, gone) == []
        kept = {number: record for number, record in kept.items() if number not in gone}
        fresh = tmp_path / f"fresh{len(kept)}{bool(records)}"
        build([write_records(tmp_path / "c.jsonl", [*kept.values()])], fresh, report=Report())
        with open_store(place) as store, open_store(fresh) as other:
            assert {*store} == {*other}


def test_a_term_has_one_label_with_a_mesh_graph(tmp_path: Path) -> None:
    term = "http://id.nlm.nih.gov/mesh/D000001"
    tree = "<http://id.nlm.nih.gov/mesh/vocab#treeNumber> <http://e.org/C08>"
    (tmp_path / "mesh.nt").write_text(f'<{term}> <{RDFS}label> "Asthma"@en .\n<{term}> {tree} .\n')
    records = write_records(tmp_path / "a.jsonl", CONFLICTING[1:2])
    build([records, tmp_path / "mesh.nt"], tmp_path / "s", report=Report())
    with open_store(tmp_path / "s") as store:
        assert labels(store, term) == ["Asthma"]
    remove(tmp_path / "s", ["NCT00000002"])
    with open_store(tmp_path / "s") as store:
        assert [quad.graph_name for quad in store.quads_for_pattern(ox.NamedNode(term), LABEL, None, None)] == [
            ox.DefaultGraph()
        ]
    update(tmp_path / "s", [records], report=Report())
    with open_store(tmp_path / "s") as store:
        assert [quad.graph_name for quad in store.quads_for_pattern(ox.NamedNode(term), LABEL, None, None)] == [SHARED]


def test_a_store_of_the_layout_of_0_1_0_is_refused(tmp_path: Path) -> None:
    record = ox.NamedNode("https://w3id.org/trialkg/record/NCT00000001")
    store = ox.Store(str(tmp_path / "old"))
    kind, organization = (
        ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type"),
        ox.NamedNode(CT + "Organization"),
    )
    store.add(ox.Quad(ox.NamedNode("https://w3id.org/trialkg/organization/A"), kind, organization, record))
    store.flush()
    del store
    sentence = r"layout of kg 0\.1\.0, .* create it again"
    with pytest.raises(UsageError, match=sentence), open_store(tmp_path / "old"):
        pass
    line = f"<https://w3id.org/trialkg/organization/A> {kind} {organization} {record} .\n"
    (tmp_path / "old.nq").write_text(line)
    with pytest.raises(UsageError, match=sentence), open_dataset([tmp_path / "old.nq"], Report()):
        pass
    with pytest.raises(UsageError, match=sentence):
        list(graphs([tmp_path / "old.nq"], Report()))


@pytest.mark.parametrize("extension", ["ttl", "nq", "parquet"])
def test_mixed_inputs_give_the_statements_of_all_studies(tmp_path: Path, extension: str) -> None:
    """With records, an RDF file and a store."""
    export(STUDIES[:4], tmp_path / f"x.{extension}")
    build(STUDIES[4:8], tmp_path / "s", report=Report())
    mixed = [*STUDIES[8:12], tmp_path / f"x.{extension}", tmp_path / "s", STUDIES[0]]
    with open_dataset(mixed, Report()) as store, open_dataset(STUDIES[:12], Report()) as whole:
        assert {*store} == {*whole}
    build(mixed, tmp_path / "m", report=Report())
    with open_store(tmp_path / "m") as store, open_dataset(STUDIES[:12], Report()) as whole:
        assert {*without_states(store)} == {*whole}
