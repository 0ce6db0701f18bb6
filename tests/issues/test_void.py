"""The description of an export as a schema: which properties the resources of a class have, with which values."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.export.tally import count_statements
from kg.ontology.vocabulary import CT, RDF
from kg.rdf.formats import FORMATS
from tests.export.test_void import described, loaded, rows

VOID = "PREFIX void: <http://rdfs.org/ns/void#> PREFIX void-ext: <http://ldf.fi/void-ext#> "
SCHEMA = """
SELECT DISTINCT ?subjectClass ?prop ?objectClass ?objectDatatype WHERE {
  ?cp void:class ?subjectClass ; void:propertyPartition ?pp .
  ?pp void:property ?prop .
  OPTIONAL {
    { ?pp void:classPartition [ void:class ?objectClass ] }
    UNION { ?pp void-ext:datatypePartition [ void-ext:datatype ?objectDatatype ] }
  }
}
"""
"""What tools ask a description for (sparql-editor and sparql-llm of the SIB)."""


@pytest.mark.parametrize("name", ["nquads", "turtle", "jsonld"])
def test_the_partitions_of_a_class_are_those_of_the_merged_graph(tmp_path: Path, name: str) -> None:
    path, about = described(tmp_path, "all" + FORMATS[name].extension)
    graph = loaded(path, FORMATS[name].media_type)

    def counted(count: str, where: str = "", group: str = "") -> list[tuple[str, ...]]:
        """Rows of class, property, group and count, over the distinct statements of all graphs."""
        merged = f"{{ SELECT DISTINCT ?s ?p ?o ?c {group} WHERE {{ ?s ?p ?o ; a ?c . {where} }} }}"
        return rows(graph, f"SELECT ?c ?p {group} ({count} AS ?n) WHERE {{ {merged} }} GROUP BY ?c ?p {group}")

    def values(what: str, *names: str) -> list[tuple[str, ...]]:
        select = " ".join(f"?{name}" for name in ("c", "p", *names))
        pattern = "?cp void:class ?c ; void:entities ?e ; void:propertyPartition ?pp . ?pp void:property ?p"
        return rows(about, f"{VOID} SELECT {select} WHERE {{ {pattern} . {what} }}")

    assert values("?pp void:triples ?n", "n") == counted("COUNT(*)")
    assert values("?pp void:distinctSubjects ?n", "n") == counted("COUNT(DISTINCT ?s)")
    of_class = "?pp void:classPartition [ void:class ?oc ; void:triples ?n ]"
    assert values(of_class, "oc", "n") == counted("COUNT(*)", "?o a ?oc", "?oc")
    of_type = "?pp void-ext:datatypePartition [ void-ext:datatype ?d ; void:triples ?n ]"
    typed = "FILTER isLiteral(?o) BIND (datatype(?o) AS ?d)"
    assert values(of_type, "d", "n") == counted("COUNT(*)", typed, "?d")


def test_tools_find_the_schema(tmp_path: Path) -> None:
    _, about = described(tmp_path, "all.nq")
    found = about.query(VOID + SCHEMA)
    assert isinstance(found, ox.QuerySolutions)
    schema = {tuple(term and term.value for term in solution) for solution in found}  # type: ignore[union-attr]
    assert (CT + "Study", CT + "primaryOutcome", CT + "Outcome", None) in schema
    assert (CT + "Study", CT + "leadSponsor", CT + "Organization", None) in schema
    string = "http://www.w3.org/2001/XMLSchema#string"
    assert (CT + "Arm", CT + "description", None, string) in schema
    assert (CT + "Study", CT + "overallStatus", None, None) in schema


def test_classes_may_come_after_what_else_is_said_and_statements_twice() -> None:
    type_, study = f"<{RDF}type>".encode(), b"<e:study/NCT00000001>"
    statements = [
        (study, b"<e:has>", b"<e:org/A>"),
        (study, b"<e:name>", b'"a name"@en'),
        (study, b"<e:name>", b'"a name"@en'),
        (b"<e:org/A>", b"<e:name>", b'"A"'),
        (study, type_, f"<{CT}Study>".encode()),
        (study, type_, b"<e:Trial>"),
        (b"<e:study/NCT00000002>", b"<e:has>", b"<e:org/A>"),
        (b"<e:org/A>", b"<e:name>", b'"A"'),
        (b"<e:study/NCT00000002>", type_, b"<e:Trial>"),
        (b"<e:org/A>", type_, b"<e:Org>"),
    ]
    found = count_statements(statements, (b"<e:study/",), (b"<e:org/",))
    assert (found.triples, found.subjects) == (8, 3)
    assert found.example == "e:study/NCT00000001"
    assert found.classes == {CT + "Study": 1, "e:Trial": 2, "e:Org": 1}
    assert found.properties == {"e:has": 2, "e:name": 2, RDF + "type": 4}
    has = found.partitions["e:Trial"]["e:has"]
    assert (has.triples, has.subjects, has.classes, has.datatypes) == (2, 2, Counter({"e:Org": 2}), Counter())
    assert found.partitions[CT + "Study"]["e:name"].datatypes == {RDF + "langString": 1}
    assert found.partitions["e:Org"]["e:name"].datatypes == {"http://www.w3.org/2001/XMLSchema#string": 1}
