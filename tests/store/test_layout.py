"""The layout of stores: the statements of a study are found by their subjects, and leave it in a graph of their own."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg.errors import UsageError
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.stream import exports
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import CT, STUDY
from kg.store import layout
from kg.store.dataset import open_store, statements
from kg.store.embedded import build, remove, update
from kg.store.info import store_info
from tests.conftest import STUDIES

RECORDS = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The 1,659 real records, which are not part of the repository."""
KG = [sys.executable, "-m", "kg"]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The studies as N-Quads, with the ontology as stores have it."""
    output = tmp_path_factory.mktemp("layout") / "all.nq"
    command = [*KG, "export", *map(str, STUDIES), "-o", str(output), "--with-ontology"]
    subprocess.run(command, check=True, capture_output=True)
    return output


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("layout") / "s"
    build(STUDIES, folder, report=Report())
    return folder


def normal(path: Path) -> set[ox.Quad]:
    """The statements of a file, with literals as a store has them."""
    store = ox.Store()
    store.load(path=str(path), format=ox.RdfFormat.N_QUADS)
    return {*store}


def by_graph(quads: set[ox.Quad]) -> dict[str, set[ox.Triple]]:
    graphs: dict[str, set[ox.Triple]] = {}
    for quad in quads:
        graphs.setdefault(str(quad.graph_name), set()).add(quad.triple)
    return graphs


@pytest.mark.parametrize("source", [*STUDIES, *([RECORDS] if RECORDS.exists() else [])], ids=lambda p: p.name)
def test_every_subject_is_of_one_study_and_refers_to_it(source: Path) -> None:
    owners: dict[object, str] = {}
    for _, study in exports([str(source)], Exporter(), lambda _: None):
        node = ox.NamedNode(STUDY + study.study)
        quads = [*ox.parse(study.data, format=ox.RdfFormat.N_TRIPLES)]
        referring = {quad.subject for quad in quads if quad.object == node and quad.subject != node}
        subjects = {quad.subject for quad in quads}
        assert subjects == referring | {node}
        assert {study_of(subject) for subject in subjects} == {study.study}
        assert all(owners.setdefault(subject, study.study) == study.study for subject in subjects)


def test_the_statements_of_each_study_are_those_of_its_graph_in_a_file(exported: Path, built: Path) -> None:
    graphs = by_graph(normal(exported))
    with open_store(built) as store:
        assert layout.studies(store) == sorted(path.stem for path in STUDIES)
        for study, quads in layout.by_study(store):
            assert layout.has_study(store, study)
            assert len(quads) == len({quad.triple for quad in quads})
            assert {quad.triple for quad in quads} == graphs[str(layout.graph_of(study))]
        assert {*layout.leaving(store)} == normal(exported)
    assert {*statements([str(built)])} == normal(exported)


def test_a_store_has_no_graph_of_a_study(built: Path) -> None:
    with open_store(built) as store:
        assert not [name for name in store.named_graphs() if "/record/" in str(name)]
        assert store_info(store).statements == sum(1 for _ in layout.leaving(store))


def test_data_of_others_keeps_its_graph_and_survives_updates(tmp_path: Path) -> None:
    """Also statements of the default graph, and some about a study that does not have that part."""
    lines = [
        "<https://example.org/a> <https://example.org/p> <https://example.org/b>",
        "<https://example.org/a> <https://example.org/p> <https://example.org/b> <https://example.org/g>",
        f"<{STUDY}{STUDIES[0].stem}-x> <https://example.org/p> <https://example.org/b>",
        f"<https://w3id.org/trialkg/part/{STUDIES[0].stem}-arm-99> <https://example.org/p> <https://example.org/b>",
    ]
    (tmp_path / "other.nq").write_text(" .\n".join([*lines, ""]))
    other = normal(tmp_path / "other.nq")
    build([*STUDIES[:2], tmp_path / "other.nq"], tmp_path / "s", report=Report())
    with open_store(tmp_path / "s") as store:
        assert other <= {*layout.others(store)}
        assert layout.has_loose_statements(store)
        assert not other & {quad for _, quads in layout.by_study(store) for quad in quads}
    remove(tmp_path / "s", [STUDIES[0].stem])
    update(tmp_path / "s", STUDIES[:1], report=Report())
    with open_store(tmp_path / "s") as store:
        assert other <= {*layout.leaving(store)}


def test_a_store_of_the_former_layout_is_read_and_converted_but_not_updated(exported: Path, tmp_path: Path) -> None:
    former = ox.Store(str(tmp_path / "former"))
    former.load(path=str(exported), format=ox.RdfFormat.N_QUADS)
    former.flush()
    del former
    for write in (partial(update, inputs=STUDIES, report=Report()), partial(remove, numbers=[])):
        with pytest.raises(UsageError, match="has the layout of an earlier version of kg or of another program"):
            write(tmp_path / "former")
    assert {*statements([str(tmp_path / "former")])} == normal(exported)
    build([tmp_path / "former"], tmp_path / "new", report=Report())
    assert {*statements([str(tmp_path / "new")])} == normal(exported)
    assert update(tmp_path / "new", STUDIES, report=Report()).unchanged == len(STUDIES)


def test_a_study_that_refers_to_another_one_keeps_its_statements(tmp_path: Path) -> None:
    """Only what has the number of a study is of it, whatever refers to the study."""
    build(STUDIES[:2], tmp_path / "s", report=Report())
    first, second = (ox.NamedNode(STUDY + path.stem) for path in STUDIES[:2])
    link = ox.Quad(first, ox.NamedNode(CT + "related"), second, ox.DefaultGraph())
    with open_store(tmp_path / "s", read_only=False) as store:
        store.add(link)
        store.flush()
        assert link in layout.statements(store, STUDIES[0].stem)
        assert link not in layout.statements(store, STUDIES[1].stem)
    del store
