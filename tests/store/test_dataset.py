"""Inputs of any kind, and any mix of kinds, become one store."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

import kg
from kg.draw.graph import open_graph
from kg.errors import InputError, SourceError, UsageError
from kg.export.interpreter import Interpreter
from kg.export.native import native
from kg.export.report import Report
from kg.store.dataset import Inputs, classify_inputs, open_dataset, statements
from kg.store.embedded import build
from tests.conftest import SEED, STUDIES

STUDY_COUNT = "SELECT (COUNT(DISTINCT ?study) AS ?n) { ?study a ct:Study }"


def test_inputs_are_grouped_by_kind(tmp_path: Path) -> None:
    build([SEED], tmp_path / "a.kgstore", report=Report())
    rdf = tmp_path / "b.nt.gz"
    rdf.write_bytes(gzip.compress(b""))
    names = list(map(str, (tmp_path / "a.kgstore", rdf, SEED)))
    assert classify_inputs(names) == Inputs(names[:1], names[1:2], names[2:])
    assert classify_inputs(names).single_store is None
    assert classify_inputs(names[:1]).single_store == tmp_path / "a.kgstore"


def test_missing_and_empty_inputs_are_rejected(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No input is given"):
        classify_inputs([])
    with pytest.raises(UsageError, match="No such file"):
        classify_inputs([tmp_path / "no.ttl"])
    with pytest.raises(UsageError, match="No such file"):
        statements([str(tmp_path / "no.ttl")])
    (tmp_path / "empty.json").write_text("{}")
    with pytest.raises(SourceError, match="nothing was written"), open_dataset(tmp_path / "empty.json"):
        pass


def test_records_rdf_stores_and_graph_objects_are_one_dataset(tmp_path: Path) -> None:
    build(STUDIES[:2], tmp_path / "a.kgstore", report=Report())
    graph = kg.graph(STUDIES[2])
    graph.serialize(tmp_path / "b.ttl", "turtle")
    mixed = [tmp_path / "a.kgstore", tmp_path / "b.ttl", *STUDIES[:5]]
    for data, count in ((STUDIES[:5], 5), (mixed, 5), (mixed[:2], 3), (graph, 1)):
        assert kg.query(STUDY_COUNT, data).rows == [{"n": count}]


@pytest.mark.skipif(native() is None, reason="the C extension is not built")
def test_records_are_exported_by_the_compiled_emitter(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(Interpreter, "study", fail)
    with open_dataset(STUDIES[:3]) as store:
        assert len(store) > 1000
    assert len(open_graph(map(str, STUDIES[:3]), _raise).store) > 500


def _raise(error: InputError) -> None:
    raise error
