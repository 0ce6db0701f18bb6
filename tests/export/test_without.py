"""Exports without some sections: as of records that do not have them, and said wherever that matters."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest
from click.testing import CliRunner

from kg import coverage, export
from kg.cli import base, main
from kg.errors import NothingFoundError, RecordError, UsageError
from kg.export.exporter import Exporter
from kg.export.native import native
from kg.mapping.json_tree import leaves
from kg.mapping.plan import LEFT_OUT, UNMAPPED
from kg.mapping.sections import SECTIONS, chosen, holds, plan_without
from kg.rdf.parse import quads
from kg.restore.run import restore

STUDIES = Path("tests/data/studies")
RECORDS = [orjson.loads(path.read_bytes()) for path in sorted(STUDIES.glob("*.json"))]
CHOICES = [*((name,) for name in SECTIONS), ("outcomes", "results"), tuple(SECTIONS)]

choices = pytest.mark.parametrize("names", CHOICES, ids="-".join)


def removed(record: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return a record without the JSON of some sections."""
    record = copy.deepcopy(record)
    for path in (path for name in names for path in SECTIONS[name]):
        _remove(record, path.split("."))
    return record


def _remove(value: dict[str, Any], keys: list[str]) -> None:
    """Remove the value at some keys, and what is empty without it."""
    if keys[0] in value and keys[1:]:
        _remove(value[keys[0]], keys[1:])
    if not keys[1:] or not value.get(keys[0], True):
        value.pop(keys[0], None)


def lines(data: bytes, *other_than: str) -> set[bytes]:
    marks = [f"<{iri}>".encode() for iri in other_than]
    return {line for line in data.splitlines() if not any(mark in line for mark in marks)}


@choices
def test_it_equals_the_export_of_a_record_without_them(names: tuple[str, ...]) -> None:
    exporter, full = Exporter(plan_without(names)), Exporter()
    for record in RECORDS:
        own, expected = exporter(record), full(removed(record, names))
        hidden = [LEFT_OUT, UNMAPPED] if "unmapped" in names else [LEFT_OUT]
        assert lines(own.data, LEFT_OUT) == lines(expected.data, *hidden)
        assert own.shared == expected.shared
        assert own.data.count(b"ontology#leftOut>") == len(names)
        assert own.triples == own.data.count(b"\n")


@pytest.mark.skipif(native() is None, reason="the extension was not built")
@pytest.mark.parametrize("grouped", [False, True])
@choices
def test_the_emitter_leaves_them_out_too(names: tuple[str, ...], grouped: bool) -> None:
    exporter = Exporter(plan_without(names), grouped=grouped, graphs=True)
    for record in RECORDS:
        emitted, interpreted = exporter.try_json(orjson.dumps(record)), exporter(record)
        assert emitted is not None
        assert emitted.data == interpreted.data
        assert (emitted.triples, emitted.unmapped.kept) == (interpreted.triples, interpreted.unmapped.kept)


@pytest.mark.parametrize("extension", ["nt", "nq", "ttl", "trig", "jsonld", "rdf"])
def test_all_formats_have_the_same_statements(tmp_path: Path, extension: str) -> None:
    for name in ("a.nt", f"b.{extension}"):
        export(str(STUDIES), tmp_path / name, without=["results", "locations"])
    one, other = ({quad.triple for quad in quads(str(tmp_path / name))} for name in ("a.nt", f"b.{extension}"))
    assert one == other
    named = {triple.object.value for triple in one if triple.predicate.value == LEFT_OUT}
    assert named == {"locations", "results"}


def test_no_choice_changes_nothing(tmp_path: Path) -> None:
    export(str(STUDIES), tmp_path / "a.ttl")
    export(str(STUDIES), tmp_path / "b.ttl", without=())
    assert (tmp_path / "a.ttl").read_bytes() == (tmp_path / "b.ttl").read_bytes()


def test_manifest_and_description_say_it(tmp_path: Path) -> None:
    export(str(STUDIES), tmp_path / "a.nt", without=["results"], manifest=True, describe=True)
    assert orjson.loads((tmp_path / "a.nt.manifest.json").read_bytes())["without"] == ["results"]
    graph = ox.Store()
    graph.load(path=str(tmp_path / "a.nt.void.ttl"))
    predicate = ox.NamedNode(LEFT_OUT)
    assert [quad.object.value for quad in graph.quads_for_pattern(None, predicate, None)] == ["results"]  # type: ignore[union-attr]


@pytest.mark.parametrize("names", [("results",), ("locations", "unmapped"), tuple(SECTIONS)], ids="-".join)
def test_coverage_counts_them_as_left_out(names: tuple[str, ...]) -> None:
    everything, own = coverage(str(STUDIES)), coverage(str(STUDIES), without=names)
    paths = [path for record in RECORDS for path in leaves(record)]
    in_sections = sum(holds(names, path) for path in paths)
    assert in_sections > 100
    before = {path: item for path, item in everything.paths.items() if holds(names, path)}
    contacts = sum(item.left_out for item in before.values())
    dropped = everything.total("unmapped") if "unmapped" in names else 0
    assert own.total("left_out") == everything.total("left_out") + in_sections - contacts + dropped
    assert own.total("values") == everything.total("values")
    others = sum(item.unmapped for path, item in everything.paths.items() if not holds(names, path))
    assert own.total("unmapped") == (0 if "unmapped" in names else others)
    assert "left out by choice" in own.summary()


def test_records_are_not_restored(tmp_path: Path) -> None:
    export("tests/data/NCT02059759.txt", tmp_path / "a.nt", without=["results", "locations"])
    problem = "NCT02059759: has no locations and results, left out by choice, so its record cannot be restored"
    with pytest.raises(RecordError, match=problem):
        restore([str(tmp_path / "a.nt")], str(tmp_path / "a.jsonl"))
    with pytest.raises(NothingFoundError, match=problem):
        restore([str(tmp_path / "a.nt")], str(tmp_path / "a.jsonl"), reject=lambda _: None)
    assert not (tmp_path / "a.jsonl").exists()


def test_names() -> None:
    assert tuple(SECTIONS) == base.SECTIONS
    assert chosen(["results", "documents", "results"]) == ("documents", "results")
    with pytest.raises(UsageError, match="choose from annotations"):
        chosen(["result"])


@pytest.mark.parametrize("command", ["export", "coverage"])
def test_commands(tmp_path: Path, command: str) -> None:
    output = ["-o", str(tmp_path / "a.nt")] if command == "export" else []
    arguments = [command, "tests/data/NCT02059759.txt", "--without", "locations", *output]
    run = CliRunner().invoke(main, arguments)
    assert run.exit_code == 0, run.output
    assert CliRunner().invoke(main, [*arguments, "--without", "x"]).exit_code == 2
