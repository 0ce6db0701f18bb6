"""The JSON-LD context: lists are arrays, JSON literals are JSON, and all parsers give the triples of the export."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest
import rdflib
from pyld import jsonld

from kg.export.exporter import Exporter
from kg.mapping.plan import shipped_plan
from kg.ontology.vocabulary import RDF
from kg.rdf.jsonld import compact, frame, shipped_context
from kg.records.reader import holds_studies

Triples = set[tuple[str, ...]]


def document(record: dict[str, Any], exporter: Exporter) -> tuple[bytes, bytes]:
    """The N-Triples of a record, and its JSON-LD."""
    lines = exporter(record).data
    head, _, tail, encode = frame(exporter.prefixes)
    return lines, head + encode(lines) + tail


def parsed(data: bytes, syntax: ox.RdfFormat) -> Triples:
    return {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in ox.parse(data, format=syntax)}


def by_rdflib(data: bytes) -> Triples:
    graph = rdflib.Graph().parse(data=data, format="json-ld")
    return parsed(graph.serialize(format="nt", encoding="utf-8"), ox.RdfFormat.N_TRIPLES)


ODD = {
    "one": 1.0,
    "two": [{"z": None, "a": "é\n</script>"}, -0.5, 2**60, 1e-9],
    "\U0001f600": 1,
    "\uffee": 2,
}


@pytest.mark.parametrize("more", [{}, {"plain": {"b": [1, 2.5], "a": "x"}}, ODD, {"one": 1.0}, {"large": 2**60}])
def test_every_parser_reads_the_triples_of_the_export(seed: dict[str, Any], made: dict[str, Any], more: Any) -> None:
    for record in (seed, made):
        odd = copy.deepcopy(record)
        odd["protocolSection"] |= more
        lines, written = document(odd, Exporter(contacts=True))
        expected = parsed(lines, ox.RdfFormat.N_TRIPLES)
        assert parsed(written, ox.RdfFormat.JSON_LD) == expected
        lines_of_pyld = jsonld.to_rdf(json.loads(written), {"format": "application/n-quads"})
        assert parsed(lines_of_pyld.encode(), ox.RdfFormat.N_QUADS) == expected


def test_rdflib_reads_them_too(seed: dict[str, Any]) -> None:
    lines, written = document(seed, Exporter(contacts=True))
    assert by_rdflib(written) == parsed(lines, ox.RdfFormat.N_TRIPLES)


def test_a_list_is_an_array_however_many_values_it_has(seed: dict[str, Any], studies: list[dict[str, Any]]) -> None:
    context = shipped_context()
    sets = {name for name, term in context.items() if isinstance(term, dict) and term.get("@container") == "@set"}
    assert {"condition", "phase", "secondaryId", "conditionMesh", "primaryOutcome"} <= sets
    assert not sets & {"label", "enrollmentCount", "leadSponsor", "identifier"}
    single = 0
    for record in (seed, *studies):
        for node in orjson.loads(document(record, Exporter())[1])["@graph"]:
            for name, value in node.items():
                if name in sets:
                    assert isinstance(value, list), name
                    single += len(value) == 1
    assert single > 100


def test_the_context_says_of_every_property_whether_it_is_a_list() -> None:
    context = shipped_context()
    terms = {term["@id"]: term for term in context.values() if isinstance(term, dict)}
    prefixes = {name: value for name, value in context.items() if isinstance(value, str)}
    for _, entity, field in shipped_plan().walk():
        term = terms.get(compact(field.shape.path, prefixes))
        if term is not None and field.many:
            assert term.get("@container") == "@set", (entity.local, field.local)


def test_json_literals_are_json(studies: list[dict[str, Any]]) -> None:
    listed = [
        node["asListed"]
        for record in studies
        for node in orjson.loads(document(record, Exporter())[1])["@graph"]
        if "asListed" in node
    ]
    assert listed
    assert all(isinstance(value, dict) for value in listed)


def test_what_is_kept_of_a_record_is_text_and_no_record(seed: dict[str, Any], tmp_path: Path) -> None:
    """As an object it would look like a study record to whatever reads records."""
    record = copy.deepcopy(seed)
    record["protocolSection"]["new"] = {"b": [1, 2.5], "a": "x"}
    (tmp_path / "a.jsonld").write_bytes(document(record, Exporter())[1])
    study = orjson.loads((tmp_path / "a.jsonld").read_bytes())["@graph"][0]
    assert study["unmapped"] == '{"protocolSection":{"new":{"a":"x","b":[1,2.5]}}}'
    assert not holds_studies(str(tmp_path / "a.jsonld"))


def test_json_that_a_processor_would_write_otherwise_is_a_typed_text() -> None:
    exporter = Exporter()
    subject, predicate = "https://clinicaltrials.gov/study/NCT00000001", "https://w3id.org/trialkg/ontology#asListed"
    line = f'<{subject}> <{predicate}> "{{\\"b\\":1.0,\\"a\\":1}}"^^<{RDF}JSON> .\n'.encode()
    head, _, tail, encode = frame(exporter.prefixes)
    written = head + encode(line) + tail
    assert orjson.loads(written)["@graph"][0]["ct:asListed"] == {"@value": '{"b":1.0,"a":1}', "@type": "rdf:JSON"}
    assert parsed(written, ox.RdfFormat.JSON_LD) == parsed(line, ox.RdfFormat.N_TRIPLES)


def test_the_context_is_the_one_that_ships() -> None:
    path = Path(__file__).parents[2] / "ontology" / "context.jsonld"
    assert json.loads(path.read_text("utf-8"))["@context"] == shipped_context()
