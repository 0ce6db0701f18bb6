"""Studies are processed one at a time, whatever the format of the file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.store.dataset import statement_runs, statements
from kg.store.study_runs import Scattered, note_in_memory, runs, together
from tests.cli.test_command import run
from tests.memory import peak, write_numbered

FEW, MANY = 50, 250
GROWTH = 25
"""MB by which the memory for many studies may exceed that for few; 160,000 statements in memory need more than 50."""
A, B = "<http://e.org/study/NCT00000001>", "<http://e.org/part/NCT00000002-arm-1>"


def quads(*subjects: str) -> Iterator[ox.Quad]:
    return ox.parse("".join(f"{s} <http://e.org/p> {i} .\n" for i, s in enumerate(subjects)), format=ox.RdfFormat.TRIG)


def test_runs_follow_subjects_and_graphs() -> None:
    assert [(r.graph, r.study, len([*r.statements])) for r in runs(quads(A, A, B, "<http://e.org/x>", "[]", A))] == [
        *((None, "NCT00000001", 2), (None, "NCT00000002", 1), (None, "", 2), (None, "NCT00000001", 1))
    ]
    graph = "http://e.org/record/NCT00000003"
    own = ox.parse(f"<{graph}> {{ {A} a {A} . {B} a {A} }}", format=ox.RdfFormat.TRIG)
    assert [(r.graph, r.study) for r in runs(own)] == [(graph, "NCT00000003")]


def test_a_second_run_of_a_study_is_detected() -> None:
    assert [r.study for r in together(runs(quads(A, "<http://e.org/x>", B, "<http://e.org/y>")))][::2] == [
        *("NCT00000001", "NCT00000002")
    ]
    with pytest.raises(Scattered):
        [*together(runs(quads(A, B, A)))]


def test_the_runs_of_a_store_have_the_statements_that_leave_it(sizes: Path) -> None:
    store = str(exported(sizes / f"{FEW}.kgstore"))
    found = [(item.graph, item.study, [quad.triple for quad in item.statements]) for item in statement_runs([store])]
    leaving = [*statements([store])]
    assert [triple for *_, triples in found for triple in triples] == [quad.triple for quad in leaving]
    assert [study for _, study, _ in found if study] == sorted({quad[0] for quad in map(_key, leaving) if quad[0]})
    assert {(study, graph) for graph, study, _ in found if study} == {key for key in map(_key, leaving) if key[0]}


def _key(quad: ox.Quad) -> tuple[str, str | None]:
    [item] = runs([quad])
    return item.study, item.graph


def test_a_large_input_is_noted() -> None:
    notes: list[str] = []
    note_in_memory(notes.append, "a.ttl", 1_000, 500)
    note_in_memory(notes.append, "a.ttl", 12_000_000, 500)
    assert notes == [
        "a.ttl does not keep the statements of each study together, so 12,000,000 statements are held in memory, "
        "which needs about 6.0 GB."
    ]


@pytest.fixture(scope="module")
def sizes(tmp_path_factory: pytest.TempPathFactory, seed: dict[str, Any]) -> Path:
    folder = tmp_path_factory.mktemp("sizes")
    for count in (FEW, MANY):
        write_numbered(seed, count, folder / f"{count}.jsonl")
    return folder


def growth(command: str, folder: Path, format_: str, *words: object) -> float:
    few, many = (peak(command, exported(folder / f"{count}.{format_}"), *words) for count in (FEW, MANY))
    return many - few


def exported(path: Path) -> Path:
    if not path.exists():
        words = ("store", "build") if path.suffix == ".kgstore" else ("export",)
        run(*words, path.with_suffix(".jsonl"), "-o", path)
    return path


linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")


@linux
@pytest.mark.parametrize("output", ["nt.graphml", "ttl.gexf", "kgstore.graphml"])
def test_memory_of_networks_does_not_grow(sizes: Path, tmp_path: Path, output: str) -> None:
    assert growth("network", sizes, output.partition(".")[0], "-o", tmp_path / output) < GROWTH


@linux
@pytest.mark.parametrize("format_", ["nt", "trig", "jsonld", "kgstore"])
def test_memory_of_restored_records_does_not_grow(sizes: Path, tmp_path: Path, format_: str) -> None:
    assert growth("restore", sizes, format_, "-o", tmp_path / "a.jsonl") < GROWTH


@linux
@pytest.mark.parametrize("format_", ["nt", "ttl", "kgstore"])
def test_memory_of_validation_does_not_grow(sizes: Path, format_: str) -> None:
    assert growth("validate", sizes, format_) < GROWTH
