"""JSON-LD documents are parsed in parts, with the same statements as in one."""

from __future__ import annotations

from pathlib import Path

import orjson
import pyoxigraph as ox
import pytest

from kg.errors import SourceError
from kg.export.run import export
from kg.rdf import jsonld_parts
from kg.rdf.parse import quads
from tests.conftest import STUDIES


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jsonld") / "a.jsonld"
    export(map(str, STUDIES), path)
    return path


def statements(data: bytes) -> list[ox.Quad]:
    return [*ox.parse(data, format=ox.RdfFormat.JSON_LD)]


def count(path: Path) -> int:
    with path.open("rb") as file:
        return sum(1 for _ in jsonld_parts.parts(file))


def test_parts_have_the_statements_of_the_document(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonld_parts, "SIZE", 100_000)
    assert count(document) > 10
    assert [*quads(str(document))] == statements(document.read_bytes())


def test_other_layouts_are_one_document(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonld_parts, "SIZE", 20_000)
    value = orjson.loads(document.read_bytes())
    path = tmp_path / "a.jsonld"
    expected = statements(document.read_bytes())
    for data in (orjson.dumps(value), orjson.dumps(value, option=orjson.OPT_INDENT_2), b"[]"):
        path.write_bytes(data)
        assert count(path) == 1
        assert [*quads(str(path))] == (expected if data != b"[]" else [])


def test_a_truncated_document_is_an_error(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonld_parts, "SIZE", 100_000)
    data, path = document.read_bytes(), tmp_path / "a.jsonld"
    for end in (len(data) // 2, data.index(b"\n", len(data) // 2) + 1, len(data) - 2, len(data) - 4, 20_000, 5):
        path.write_bytes(data[:end])
        with pytest.raises(SourceError):
            [*quads(str(path))]
