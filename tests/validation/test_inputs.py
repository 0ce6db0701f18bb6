"""Graphs in pieces have the findings of whole graphs."""

from __future__ import annotations

import random
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.export.run import export
from kg.rdf.formats import format_of
from kg.store.study_runs import Scattered
from kg.validation.findings import Finding
from kg.validation.inputs import read_graphs, read_in_memory
from kg.validation.rules import check
from kg.validation.run import validate
from kg.validation.shacl import Checker
from tests.conftest import STUDIES

PART = "<https://w3id.org/trialkg/part/{}-arm-1>"
STATEMENT = "<{}> <https://w3id.org/trialkg/ontology#arm> <{}> .\n"


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("lines") / "a.nt"
    export(map(str, STUDIES), path)
    return path.read_text("utf-8").splitlines(keepends=True)


def whole(name: str) -> list[Finding]:
    checker = Checker()
    return [finding for graph in read_in_memory(name) for finding in check(graph, checker)]


def sentences(findings: list[Finding]) -> list[str]:
    return [str(finding).removeprefix(f"{finding.file}, ") for finding in findings]


def damaged(line: str, chance: random.Random) -> str:
    """Return a statement, left out, with another predicate, or with a value of another type."""
    subject, predicate, _ = line.split(" ", 2)
    return chance.choice(("", line.replace("/ontology#", "/ontology#x", 1), f'{subject} {predicate} "x"@fr .\n', line))


@pytest.mark.parametrize("name", ["a.nt", "a.ttl"])
@pytest.mark.parametrize("number", range(3))
def test_pieces_have_the_findings_of_the_whole_graph(lines: list[str], tmp_path: Path, name: str, number: int) -> None:
    chance = random.Random(number)
    changed = [damaged(line, chance) if chance.random() < 0.01 else line for line in lines]
    path = tmp_path / name
    path.write_text("".join(changed), "utf-8")
    assert len([*read_graphs(str(path), pieces=True)]) == len(STUDIES) + 1
    result = validate([str(path)])
    assert sentences(result.findings) == sentences(whole(str(path)))
    assert len(result.findings) > 100
    assert (result.graphs, result.triples) == (1, len({*ox.parse("".join(changed), format=ox.RdfFormat.TURTLE)}))


def test_a_part_of_another_study_is_one_finding_as_in_named_graphs(lines: list[str], tmp_path: Path) -> None:
    one, other = (f"https://clinicaltrials.gov/study/{path.stem}" for path in STUDIES[:2])
    part = f"https://w3id.org/trialkg/part/{STUDIES[1].stem}-arm-1"
    moved = [line for line in lines if line != STATEMENT.format(other, part)]
    first = next(i for i, line in enumerate(moved) if line.startswith(f"<{one}>"))
    moved.insert(first, STATEMENT.format(one, part))
    (tmp_path / "a.nt").write_text("".join(moved), "utf-8")
    (found,) = (
        finding for finding in validate([str(tmp_path / "a.nt")]).findings if finding.focus == ox.NamedNode(one)
    )
    assert f"part:{STUDIES[1].stem}-arm-1, which is a part of another study" in str(found)
    assert not any(
        "no statement that refers to it" in text for text in sentences(validate([str(tmp_path / "a.nt")]).findings)
    )


@pytest.mark.parametrize(
    "statement",
    [
        "_:a <http://e.org/p> 1 .",
        f"<http://e.org/arm> <http://e.org/p> {PART.format('NCT00000001')} .",
        "<http://e.org/Drug> <http://www.w3.org/2000/01/rdf-schema#subClassOf> <http://e.org/Substance> .",
        f"{PART.format('NCT00000001')} <http://e.org/p> 1 . <http://e.org/a> <http://e.org/p> 1 , 2 . "
        f"{PART.format('NCT00000002')} <http://e.org/p> 1 . {PART.format('NCT00000001')} <http://e.org/q> 1 .",
    ],
)
def test_other_rdf_is_one_graph_in_memory(tmp_path: Path, statement: str) -> None:
    path = tmp_path / "a.ttl"
    path.write_text(statement)
    with pytest.raises(Scattered):
        [*read_graphs(str(path), pieces=True)]
    result = validate([str(path)])
    assert (result.graphs, sentences(result.findings)) == (1, sentences(whole(str(path))))
    assert not format_of("a.ttl").graphs
