"""What reasoners for OWL 2 DL take: the data as they are not, the graph of ``ontology/owl-dl.rq`` in whole."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.ontology.files import folder
from kg.ontology.vocabulary import CT, OWL, RDF, XSD

ONTOLOGY = folder("ontology") / "trialkg.ttl"
QUERY = folder("ontology") / "owl-dl.rq"
KNOWN = {XSD + name for name in ("string", "boolean", "integer", "decimal", "dateTime")} | {RDF + "langString"}
needs_java = pytest.mark.skipif(shutil.which("java") is None, reason="HermiT needs Java")


def construct(tmp_path: Path, record: dict[str, Any], more: str = "") -> Path:
    """The graph that the recipe of the documentation makes of a record and the ontology."""
    (tmp_path / "trials.nt").write_bytes(Exporter()(record).data + more.encode())
    output = tmp_path / "dl.nt"
    data = ["--data", str(tmp_path / "trials.nt"), "--data", str(ONTOLOGY)]
    command = [sys.executable, "-m", "kg", "query", str(QUERY), *data, "-f", "ntriples", "-o", str(output)]
    subprocess.run(command, check=True, capture_output=True)
    return output


def hermit(path: Path) -> str:
    """What HermiT says of the consistency of a graph."""
    import owlready2

    jars = Path(owlready2.__file__).parent / "hermit"
    classes = f"{jars}:{jars / 'HermiT.jar'}"
    command = [
        "java",
        "-cp",
        classes,
        "org.semanticweb.HermiT.cli.CommandLine",
        "-k",
        path.as_uri(),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def quads(path: Path) -> list[ox.Quad]:
    return list(ox.parse(path=str(path), format=ox.RdfFormat.N_TRIPLES))


def test_every_statement_is_there_with_a_datatype_of_owl(tmp_path: Path, seed: dict[str, Any]) -> None:
    found = quads(construct(tmp_path, seed))
    before = quads(tmp_path / "trials.nt")
    assert {(quad.subject, quad.predicate) for quad in before} <= {(quad.subject, quad.predicate) for quad in found}
    assert {quad.object.datatype.value for quad in found if isinstance(quad.object, ox.Literal)} <= KNOWN
    given = {quad.object.datatype.value for quad in before if isinstance(quad.object, ox.Literal)}
    assert {XSD + "date", XSD + "gYearMonth", "http://www.opengis.net/ont/geosparql#wktLiteral"} <= given
    date = ox.NamedNode(CT + "startDate")
    assert [quad.object for quad in found if quad.predicate == date] == [ox.Literal("2015-09")]


def test_words_in_the_place_of_a_code_are_left_out(tmp_path: Path, seed: dict[str, Any]) -> None:
    seed = {**seed, "protocolSection": {**seed["protocolSection"]}}
    seed["protocolSection"]["statusModule"] = {**seed["protocolSection"]["statusModule"], "overallStatus": "DREAMING"}
    found = quads(construct(tmp_path, seed))
    objects = {quad.subject for quad in found if quad.object == ox.NamedNode(OWL + "ObjectProperty")}
    assert ox.NamedNode(CT + "overallStatus") in objects
    assert [quad for quad in found if quad.predicate in objects and isinstance(quad.object, ox.Literal)] == []


@needs_java
def test_hermit_refuses_the_data_as_they_are(tmp_path: Path, seed: dict[str, Any]) -> None:
    both = tmp_path / "both.nt"
    axioms = ox.serialize((quad.triple for quad in ox.parse(path=str(ONTOLOGY))), format=ox.RdfFormat.N_TRIPLES)
    both.write_bytes(Exporter()(seed).data + (axioms or b""))
    assert "UnsupportedDatatypeException" in hermit(both)


@needs_java
def test_hermit_takes_the_graph_and_finds_it_consistent(tmp_path: Path, seed: dict[str, Any]) -> None:
    assert "owl#Thing is satisfiable" in hermit(construct(tmp_path, seed))


@needs_java
def test_hermit_finds_a_contradiction_in_the_data(tmp_path: Path, seed: dict[str, Any]) -> None:
    arm = f"<https://w3id.org/trialkg/part/NCT02059759-arm-1> <{RDF}type> <{CT}Outcome> .\n"
    assert "Inconsistent ontology" in hermit(construct(tmp_path, seed, arm))
