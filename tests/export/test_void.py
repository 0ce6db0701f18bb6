"""The VoID description of an export: the counts of the file, and the source of the records."""

from __future__ import annotations

import gzip
import hashlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

import kg
from kg.export.run import export
from kg.export.void import TERMS
from kg.rdf.formats import FORMATS
from kg.rdf.parse import quads
from tests.conftest import DATA, SEED

INPUTS = [DATA / "studies", DATA / "made", SEED]
VOID = "PREFIX void: <http://rdfs.org/ns/void#> PREFIX dcterms: <http://purl.org/dc/terms/> "
DCAT = "PREFIX dcat: <http://www.w3.org/ns/dcat#> PREFIX spdx: <http://spdx.org/rdf/terms#> "


def loaded(path: Path, media_type: str = "text/turtle") -> ox.Store:
    store = ox.Store()
    if path.suffix == FORMATS["parquet"].extension:
        store.bulk_extend(quads(str(path)))
        return store
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    store.load(data, format=ox.RdfFormat.from_media_type(media_type))
    return store


def rows(store: ox.Store, query: str) -> list[tuple[str, ...]]:
    solutions = store.query(query, use_default_graph_as_union=True)
    assert isinstance(solutions, ox.QuerySolutions)
    return sorted(tuple(value.value for value in solution) for solution in solutions)  # type: ignore[union-attr]


def described(tmp_path: Path, name: str, *inputs: Path, **options: Any) -> tuple[Path, ox.Store]:
    path = tmp_path / name
    export(inputs or INPUTS, path, describe=True, **options)
    return path, loaded(tmp_path / f"{name}.void.ttl")


@pytest.mark.parametrize("name", FORMATS)
def test_the_counts_are_those_of_the_file(tmp_path: Path, name: str) -> None:
    path, about = described(tmp_path, "all" + FORMATS[name].extension)
    graph = loaded(path, FORMATS[name].media_type)
    every = "SELECT DISTINCT ?s ?p ?o WHERE { ?s ?p ?o }"

    def counted(select: str, rest: str = "") -> list[tuple[str, ...]]:
        return rows(graph, f"SELECT {select} WHERE {{ {{ {every} }} }} {rest}")

    def described_rows(select: str, where: str) -> list[tuple[str, ...]]:
        return rows(about, f"{VOID}{DCAT} SELECT {select} WHERE {{ ?file a dcat:Distribution ; {where} }}")

    assert described_rows("?n", "void:triples ?n ; void:entities ?e") == counted("(COUNT(*) AS ?n)")
    assert described_rows("?n", "void:distinctSubjects ?n") == counted("(COUNT(DISTINCT ?s) AS ?n)")
    assert described_rows("?n", "void:properties ?n") == counted("(COUNT(DISTINCT ?p) AS ?n)")
    partition = "void:propertyPartition [ void:property ?p ; void:triples ?n ]"
    assert described_rows("?p ?n", partition) == counted("?p (COUNT(*) AS ?n)", "GROUP BY ?p")
    classes = rows(graph, "SELECT ?c (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?c } GROUP BY ?c")
    assert described_rows("?c ?n", "void:classPartition [ void:class ?c ; void:entities ?n ]") == classes
    assert described_rows("?n", "void:classes ?n") == [(str(len(classes)),)]
    studies = rows(graph, "SELECT ?s WHERE { ?s a <https://w3id.org/trialkg/ontology#Study> }")
    assert described_rows("?n", "void:entities ?n ; void:triples ?t") == [(str(len(studies)),)]
    assert described_rows("?s", "void:exampleResource ?s")[0] in studies


@pytest.mark.parametrize(("name", "compressed"), [("a.nt", False), ("a.ttl.gz", True), ("a.nq.zst", True)])
def test_the_digest_and_size_are_those_of_the_file(tmp_path: Path, name: str, compressed: bool) -> None:
    path, about = described(tmp_path, name, SEED, manifest=True)
    manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text("utf-8"))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    query = "SELECT ?v ?size WHERE { ?file spdx:checksum [ spdx:checksumValue ?v ] ; dcat:byteSize ?size }"
    assert rows(about, DCAT + query) == [(digest, str(path.stat().st_size))]
    assert manifest["sha256"] == digest
    assert len(rows(about, DCAT + "SELECT ?c WHERE { ?file dcat:compressFormat ?c }")) == compressed
    (subject,) = rows(about, VOID + "SELECT ?s WHERE { ?s a void:DatasetDescription }")
    assert digest.startswith(subject[0].rpartition("/")[2])


def test_the_source_of_the_records_is_named(tmp_path: Path) -> None:
    _, about = described(tmp_path, "a.ttl")
    licences = rows(about, VOID + "SELECT ?x ?licence WHERE { ?x dcterms:license ?licence }")
    assert len(licences) == 3
    assert {licence for _, licence in licences} == {TERMS}
    labels = [text for (text,) in rows(about, "SELECT ?o WHERE { ?s ?p ?o FILTER isLiteral(?o) }")]
    assert any(
        "National Library of Medicine" in text and text.startswith("Source: ClinicalTrials.gov") for text in labels
    )
    assert f"kg {kg.__version__}" in labels
    (span,) = rows(about, DCAT + "SELECT ?from ?to WHERE { ?x dcat:startDate ?from ; dcat:endDate ?to }")
    manifest = tmp_path / "b.ttl.manifest.json"
    export(INPUTS, tmp_path / "b.ttl", manifest=True)
    assert list(span) == list(json.loads(manifest.read_text("utf-8"))["versionHolder"].values())
    (left_out,) = [text for text in labels if "Left out:" in text]
    assert "e-mail addresses" in left_out


def test_the_same_export_has_the_same_description(tmp_path: Path) -> None:
    descriptions = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        described(tmp_path / folder, "a.trig")
        descriptions.append((tmp_path / folder / "a.trig.void.ttl").read_bytes())
    assert descriptions[0] == descriptions[1]
    assert str(tmp_path).encode() not in descriptions[0]


def test_there_are_no_blank_nodes_and_every_iri_is_described(tmp_path: Path) -> None:
    _, about = described(tmp_path, "a.ttl")
    terms = {term for quad in about for term in (quad.subject, quad.object)}
    assert not any(isinstance(term, ox.BlankNode) for term in terms)
    subjects = {quad.subject for quad in about}
    namespace = "https://w3id.org/trialkg/dataset/"
    assert {term for term in terms if isinstance(term, ox.NamedNode) and term.value.startswith(namespace)} <= subjects


def test_superseded_records_are_not_counted(tmp_path: Path) -> None:
    record = json.loads((DATA / "studies" / "NCT00200928.json").read_text("utf-8"))
    (tmp_path / "new.json").write_text(json.dumps(record), "utf-8")
    record["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"]["date"] = "1999-01-01"
    (tmp_path / "a_old.json").write_text(json.dumps(record), "utf-8")
    both, about = described(tmp_path, "both.nt", tmp_path / "a_old.json", tmp_path / "new.json")
    alone, again = described(tmp_path, "alone.nt", tmp_path / "new.json")
    assert both.read_bytes() == alone.read_bytes()
    query = VOID + "SELECT ?n WHERE { ?file void:triples ?n ; void:entities 1 }"
    assert rows(about, query) == rows(again, query) != []


def test_the_base_can_be_set(tmp_path: Path) -> None:
    path, about = described(tmp_path, "a.nt", SEED, SEED, base="https://example.org/data")
    (subject,) = rows(about, VOID + "SELECT ?s WHERE { ?s a void:DatasetDescription }")
    assert subject[0].startswith("https://example.org/data/dataset/")
    (count,) = rows(about, VOID + "SELECT ?n WHERE { ?file void:triples ?n ; void:entities ?e }")
    assert int(count[0]) == len(loaded(path, "application/n-triples"))


def test_standard_output_cannot_be_described() -> None:
    command = [sys.executable, "-m", "kg", "export", str(SEED), "-o", "-", "--describe"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"- is a stream" in done.stderr
