"""The ontology as RDF/XML, which Protégé and owlready2 load, and as a file in any format by ``kg ontology``."""

from __future__ import annotations

import gzip
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.ontology.files import folder
from kg.ontology.vocabulary import CT, OWL, RDF
from tests.issues.test_owl_dl import hermit, needs_java

KG = [sys.executable, "-m", "kg", "ontology"]
XML = folder("ontology") / "trialkg.owl"
FORMATS = {
    "ttl": ox.RdfFormat.TURTLE,
    "owl": ox.RdfFormat.RDF_XML,
    "rdf": ox.RdfFormat.RDF_XML,
    "nt": ox.RdfFormat.N_TRIPLES,
    "jsonld": ox.RdfFormat.JSON_LD,
}


def canonical(data: bytes, format_: ox.RdfFormat) -> ox.Dataset:
    dataset = ox.Dataset(ox.parse(data, format=format_))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def run(*arguments: str, code: int = 0) -> tuple[bytes, str]:
    done = subprocess.run([*KG, *arguments], capture_output=True, check=False)
    assert done.returncode == code, done.stderr
    return done.stdout, done.stderr.decode()


@pytest.mark.parametrize("extension", FORMATS)
def test_every_format_has_the_same_statements_and_the_same_bytes_each_time(tmp_path: Path, extension: str) -> None:
    output = tmp_path / f"o.{extension}"
    assert run("-o", str(output)) == (b"", "")
    assert run("-o", "-", "-f", extension)[0] == output.read_bytes()
    turtle = canonical((folder("ontology") / "trialkg.ttl").read_bytes(), ox.RdfFormat.TURTLE)
    assert canonical(output.read_bytes(), FORMATS[extension]) == turtle


def test_standard_output_has_turtle() -> None:
    assert run()[0] == run("-o", "-")[0] == (folder("ontology") / "trialkg.ttl").read_bytes()


def test_a_name_without_a_format_is_one_sentence(tmp_path: Path) -> None:
    name = str(tmp_path / "o.docx")
    message = run("-o", name, code=2)[1]
    assert (
        message == f"kg: The format of {name} is unknown; end it in .ttl, .owl, .rdf, .nt, .jsonld, or pass --format.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_does_not_exist_is_one_sentence(tmp_path: Path) -> None:
    message = run("-o", str(tmp_path / "no" / "o.owl"), code=1)[1]
    assert message.count("\n") == 1
    assert "cannot be written" in message


def test_a_file_is_compressed_by_its_name(tmp_path: Path) -> None:
    run("-o", str(tmp_path / "o.owl.gz"))
    assert gzip.decompress((tmp_path / "o.owl.gz").read_bytes()) == XML.read_bytes()


def test_subjects_are_sorted() -> None:
    about = "{" + RDF + "}about"
    subjects = [about_ for node in ET.fromstring(XML.read_bytes()) if (about_ := node.get(about))]
    assert subjects == sorted(set(subjects))


def test_owlready2_loads_it() -> None:
    owlready2 = pytest.importorskip("owlready2")
    world = owlready2.World()
    ontology = world.get_ontology(XML.as_uri()).load()
    namespace = ontology.get_namespace(CT)
    assert namespace.Study in set(ontology.classes())
    assert namespace.enrollmentCount in set(ontology.data_properties())
    assert namespace.location in set(ontology.object_properties())
    assert "sample size" in map(str, namespace.enrollmentCount.altLabel)
    turtle = ox.parse(path=str(folder("ontology") / "trialkg.ttl"))
    classes = {quad.subject for quad in turtle if quad.object == ox.NamedNode(OWL + "Class")}
    assert len(set(ontology.classes())) == len(classes)


@needs_java
def test_the_parser_of_protege_loads_it(tmp_path: Path) -> None:
    """HermiT reads files with the OWL API, as Protégé does."""
    shutil.copy(XML, tmp_path / "o.owl")
    assert "owl#Thing is satisfiable" in hermit(tmp_path / "o.owl")
