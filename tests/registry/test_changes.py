"""Changes as JSON and RDF, and their counts."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest

from kg.ontology.files import folder
from kg.ontology.vocabulary import CT
from kg.registry.change_output import statements, write_changes
from kg.registry.changes import CHANGED, GONE, NEW, REDERIVED, Change, SyncCounts
from kg.registry.differences import ValueChange
from kg.store.registry_state import RegistryState, quads

VALUES = (
    ValueChange("a", old="x", new=None),
    ValueChange("b[]", new=True),
    ValueChange("c[1].d", old=1.5),
    ValueChange("e", old={"f": [1]}, new=[]),
)
CHANGES = [
    Change("NCT00000001", NEW, "One", "2026-11-27T09:00:05"),
    Change("NCT00000002", CHANGED, "Two\x1b", "2026-11-27T09:00:05", VALUES),
    Change("NCT00000002", REDERIVED, "Two", "2026-11-27T09:00:05"),
    Change("NCT00000003", GONE, "Three", "an odd version"),
]


def test_a_change_is_read_as_it_was_written() -> None:
    assert [Change.from_dict(orjson.loads(orjson.dumps(change.as_dict()))) for change in CHANGES] == CHANGES


def test_rdf_and_json_lines_have_the_same_changes(tmp_path: Path) -> None:
    write_changes(str(tmp_path / "c.jsonl"), CHANGES)
    assert [*map(orjson.loads, (tmp_path / "c.jsonl").read_bytes().splitlines())] == [c.as_dict() for c in CHANGES]
    expected = {*statements(CHANGES)}
    for name in ("c.ttl", "c.nt", "c.nq", "c.trig", "c.jsonld", "c.rdf"):
        write_changes(str(tmp_path / name), CHANGES)
        store = ox.Store()
        store.load(path=str(tmp_path / name))
        assert {quad.triple for quad in store} == expected, name


def test_changes_of_one_study_and_version_have_different_iris() -> None:
    changes = {triple.subject for triple in statements(CHANGES) if triple.object == ox.NamedNode(CT + "Change")}
    assert len(changes) == len(CHANGES)


def test_every_term_of_the_ontology_is_written() -> None:
    declared = ox.parse(path=str(folder("ontology") / "changes.ttl"), format=ox.RdfFormat.TURTLE)
    terms = {quad.subject for quad in declared if isinstance(quad.subject, ox.NamedNode)}
    state = RegistryState("https://example.org", {}, "2026-11-27T09:00:05", "2.0.5", compared="2026-11-27T09:00:05Z")
    written = [*statements(CHANGES), *(quad.triple for quad in quads(state))]
    used = {term for triple in written for term in (triple.predicate, triple.object)}
    assert terms - used == set()


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [
        ([NEW], "new"),
        ([NEW, CHANGED], "new"),
        ([NEW, GONE], ""),
        ([NEW, GONE, NEW], "new"),
        ([CHANGED], "changed"),
        ([CHANGED, REDERIVED], "changed"),
        ([REDERIVED, REDERIVED], "rederived"),
        ([CHANGED, GONE], "gone"),
        ([GONE, NEW], "changed"),
        ([GONE], "gone"),
    ],
)
def test_a_study_counts_once(kinds: list[str], expected: str) -> None:
    is_there = kinds[-1] != GONE
    counts = SyncCounts.of({"NCT00000001": kinds}, 7 + is_there, "")
    assert counts == SyncCounts(unchanged=7, **({expected: 1} if expected else {}))
    assert counts.total == 7 + is_there
