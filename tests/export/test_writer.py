"""Writing: atomic, deterministic, the newer of two versions, in every format."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib
import zstandard
from rdflib.compare import isomorphic

import kg
from kg.errors import OutputError, RecordError, UsageError
from kg.export import writer
from kg.export.report import Report
from kg.export.run import export
from kg.rdf.atomic import temporary_file, temporary_folder
from kg.rdf.formats import FORMATS
from kg.rdf.parse import FORMATS as PARSERS
from kg.rdf.parse import quads
from tests.conftest import DATA, SEED, STUDIES

ALL = [DATA / "studies", DATA / "made", SEED]


def written(inputs: list[Path], output: Path, **options: Any) -> bytes:
    export(inputs, output, **options)
    return output.read_bytes()


def triples(path: Path, name: str) -> set[tuple[str, str, str]]:
    if name == "parquet":
        return {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in quads(str(path))}
    parsed = ox.parse(path=str(path), format=PARSERS[name])
    return {(str(quad.subject), str(quad.predicate), str(quad.object)) for quad in parsed}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_holds_the_same_graph_and_passes_a_strict_parser(tmp_path: Path, name: str) -> None:
    output = tmp_path / ("all" + FORMATS[name].extension)
    report = export(ALL, output)
    export(ALL, tmp_path / "reference.nt")
    assert report.totals.studies == len(STUDIES) + 2
    assert triples(output, name) == triples(tmp_path / "reference.nt", "ntriples")
    if name in ("turtle", "ntriples", "nquads", "trig"):
        assert sum(1 for _ in ox.parse(path=str(output), format=PARSERS[name])) == report.totals.triples


@pytest.mark.parametrize(
    ("name", "parser"), [("jsonld", "json-ld"), ("rdfxml", "xml"), ("turtle", "turtle"), ("trig", "trig")]
)
def test_rdflib_reads_the_same_graph(tmp_path: Path, name: str, parser: str) -> None:
    output = tmp_path / ("seed" + FORMATS[name].extension)
    export([SEED], output)
    found = rdflib.Dataset(default_union=True).parse(output, format=parser)
    graph = rdflib.Graph()
    for triple in found.triples((None, None, None)):
        graph.add(triple[:3])
    assert isomorphic(graph, kg.graph(SEED))


def test_pyld_expands_the_json_ld_to_the_same_graph(tmp_path: Path) -> None:
    from pyld import jsonld

    document = json.loads(written([SEED], tmp_path / "seed.jsonld"))
    lines = jsonld.to_rdf(document, {"format": "application/n-quads"})
    graph = rdflib.Graph().parse(data=lines, format="nt")
    assert isomorphic(graph, kg.graph(SEED))


def test_the_context_of_json_ld_is_the_one_that_ships(tmp_path: Path) -> None:
    document = json.loads(written([SEED], tmp_path / "seed.jsonld"))
    shipped = json.loads((Path(__file__).parents[2] / "ontology" / "context.jsonld").read_text("utf-8"))
    assert document["@context"] == shipped["@context"]
    study = next(node for node in document["@graph"] if "ct:Study" in node["@type"])
    assert study["phase"] == ["code:PHASE2"]
    assert study["enrollmentCount"] == 36
    assert study["startDate"] == {"@value": "2015-09", "@type": "xsd:gYearMonth"}
    assert study["completionDate"] == {"@value": "2016-05-25", "@type": "xsd:date"}


def test_each_study_has_a_graph_of_its_own_that_describes_itself(tmp_path: Path) -> None:
    export(ALL, tmp_path / "all.nq")
    store = ox.Store()
    store.load(path=str(tmp_path / "all.nq"), format=ox.RdfFormat.N_QUADS)
    graphs = {str(graph.value) for graph in store.named_graphs()}  # type: ignore[union-attr]
    assert "https://w3id.org/trialkg/graph/shared" in graphs
    graphs.remove("https://w3id.org/trialkg/graph/shared")
    assert len(graphs) == len(STUDIES) + 2
    assert "https://w3id.org/trialkg/record/NCT02059759" in graphs
    derived = "http://www.w3.org/ns/prov#wasDerivedFrom"
    for quad in store.quads_for_pattern(None, ox.NamedNode(derived), None):
        assert quad.subject == quad.graph_name
    assert sum(1 for _ in store.quads_for_pattern(None, ox.NamedNode(derived), None)) == len(graphs)


@pytest.mark.parametrize("name", FORMATS)
def test_the_bytes_depend_on_nothing_but_the_input(tmp_path: Path, name: str) -> None:
    """Another process, another hash seed, another order of arguments, files and archive members."""
    extension = FORMATS[name].extension
    first = written([SEED, *STUDIES[:6]], tmp_path / ("first" + extension))
    shuffled = [*reversed(STUDIES[:6]), SEED]
    command = [sys.executable, "-m", "kg", "export", *map(str, shuffled), "-o", str(tmp_path / ("second" + extension))]
    subprocess.run(command, check=True, env=os.environ | {"PYTHONHASHSEED": "77"}, capture_output=True)
    assert (tmp_path / ("second" + extension)).read_bytes() == first


def test_the_order_of_archive_members_does_not_matter(tmp_path: Path) -> None:
    for name, paths in (("a.zip", STUDIES[:6]), ("b.zip", STUDIES[5::-1])):
        (tmp_path / name[0]).mkdir()
        with zipfile.ZipFile(tmp_path / name[0] / "studies.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in paths:
                archive.write(path, path.name)
    one = written([tmp_path / "a" / "studies.zip"], tmp_path / "one.ttl")
    assert written([tmp_path / "b" / "studies.zip"], tmp_path / "two.ttl") == one


@pytest.mark.parametrize("extension", [".ttl", ".nt.gz", ".jsonld.zst", ".trig"])
def test_sorting_makes_the_order_of_records_in_a_file_not_matter(tmp_path: Path, extension: str) -> None:
    lines = [json.dumps(json.loads(path.read_text("utf-8"))) for path in STUDIES[:8]]
    (tmp_path / "a.jsonl").write_text("\n".join(lines), "utf-8")
    (tmp_path / "b.jsonl").write_text("\n".join(lines[::-1]), "utf-8")
    one = written([tmp_path / "a.jsonl"], tmp_path / ("one" + extension), in_order=True)
    assert written([tmp_path / "b.jsonl"], tmp_path / ("two" + extension), in_order=True) == one
    assert unpacked(one, extension) == unpacked(written(STUDIES[:8], tmp_path / ("three" + extension)), extension)


def test_the_manifest_of_a_sorted_file_has_its_hash(tmp_path: Path) -> None:
    data = written(STUDIES[:3], tmp_path / "a.nt.gz", in_order=True, manifest=True)
    manifest = json.loads((tmp_path / "a.nt.gz.manifest.json").read_text())
    assert manifest["sha256"] == hashlib.sha256(data).hexdigest()


def unpacked(data: bytes, extension: str) -> bytes:
    if extension.endswith(".gz"):
        return gzip.decompress(data)
    if extension.endswith(".zst"):
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data)).read()
    return data


@pytest.mark.parametrize("extension", [".nt.gz", ".ttl.zst", ".jsonld.gz"])
def test_compressed_output_is_the_plain_output_compressed(tmp_path: Path, extension: str) -> None:
    plain = written(ALL, tmp_path / ("plain" + extension.rpartition(".")[0]))
    assert unpacked(written(ALL, tmp_path / ("packed" + extension)), extension) == plain


# ---------------------------------------------------------------- the same study twice


def version(nct: str, updated: str, holder: str, title: str) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": nct, "briefTitle": title},
            "statusModule": {"lastUpdatePostDateStruct": {"date": updated}},
        },
        "derivedSection": {"miscInfoModule": {"versionHolder": holder}},
    }


OLD = ("2024-01-01", "2025-01-01")
NEW = ("2024-06-01", "2024-07-01")
SAME_UPDATE = ("2024-01-01", "2025-02-01")
CASES = {
    "newer last": ([OLD, NEW], 1),
    "newer first": ([NEW, OLD], 0),
    "version holder decides": ([SAME_UPDATE, OLD], 0),
    "last read wins a tie": ([OLD, OLD], 1),
    "three": ([OLD, NEW, SAME_UPDATE], 1),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("extension", [".ttl", ".nt", ".jsonld", ".rdf", ".trig.gz", ".nq.zst", ".jsonld.zst"])
def test_the_newer_version_wins_and_the_report_says_so(tmp_path: Path, case: str, extension: str) -> None:
    versions, winner = CASES[case]
    others = [version(f"NCT0000000{i}", *OLD, "other") for i in (1, 2, 3)]
    same = [version("NCT00000009", *each, f"version {i}") for i, each in enumerate(versions)]
    mixed = [others[0], same[0], others[1], *same[1:], others[2]]
    for i, record in enumerate(mixed):
        (tmp_path / f"{i}.json").write_text(json.dumps(record), "utf-8")
    files = [tmp_path / f"{i}.json" for i in range(len(mixed))]
    found = written(files, tmp_path / ("out" + extension), report=(report := Report()), manifest=True)
    assert report.superseded == len(versions) - 1
    assert report.lossless
    assert {error.study for error in report.problems} == {"NCT00000009"}
    kept = [path for path in files if f"version {winner}" in path.read_text() or "other" in path.read_text()]
    again = Report()
    alone = written(kept, tmp_path / ("again" + extension), report=again)
    assert unpacked(found, extension) == unpacked(alone, extension)
    assert report.totals == again.totals
    manifest = json.loads((tmp_path / ("out" + extension + ".manifest.json")).read_text())
    assert manifest["sha256"] == hashlib.sha256(found).hexdigest()
    assert manifest["studies"] == 4


def test_the_graph_of_the_api_takes_the_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "two.jsonl"
    path.write_text("\n".join(json.dumps(version("NCT00000009", *each, each[0])) for each in (NEW, OLD)), "utf-8")
    assert [str(label) for label in kg.graph(path).objects(None, rdflib.RDFS.label)] == ["2024-06-01"]


def test_an_output_of_before_is_no_input(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(version("NCT00000009", *OLD, "a")))
    first = written([tmp_path], tmp_path / "out.ttl", manifest=True)
    report = Report()
    assert written([tmp_path], tmp_path / "out.ttl", manifest=True, report=report) == first
    assert report.lossless


# ---------------------------------------------------------------- atomic


def test_a_failed_run_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    output = tmp_path / "out.ttl"
    output.write_text("old")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.json").write_text('{"protocolSection": {"identificationModule": {"nctId": "x"}}}')
    with pytest.raises(RecordError):
        export([SEED, tmp_path / "in"], output, strict=True)
    assert output.read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out.ttl"]


def test_a_new_file_has_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    export([SEED], tmp_path / "out.ttl")
    (tmp_path / "plain").touch()
    assert (tmp_path / "out.ttl").stat().st_mode == (tmp_path / "plain").stat().st_mode


WRONG_USE: dict[str, Callable[[Path], list[Any]]] = {
    "is unknown; use one of the extensions": lambda folder: [[SEED], folder / "out.txt"],
    "is a folder": lambda folder: [[SEED], folder],
    "is also an input": lambda _: [[SEED], SEED],
    "is a URL": lambda _: [[SEED], "s3://bucket/out.ttl"],
    "No input": lambda folder: [[], folder / "out.ttl"],
}


@pytest.mark.parametrize("words", WRONG_USE)
def test_wrong_use_is_told_before_anything_is_written(tmp_path: Path, words: str) -> None:
    inputs, output = WRONG_USE[words](tmp_path)
    with pytest.raises(UsageError, match=words):
        export(inputs, output, format="turtle" if words == "is also an input" else None)
    assert list(tmp_path.iterdir()) == []


def test_a_link_is_followed_and_a_pipe_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "real.ttl").touch()
    (tmp_path / "link.ttl").symlink_to(tmp_path / "real.ttl")
    export([SEED], tmp_path / "link.ttl")
    assert (tmp_path / "link.ttl").is_symlink()
    assert (tmp_path / "real.ttl").stat().st_size > 1000
    os.mkfifo(tmp_path / "pipe")
    command = [sys.executable, "-m", "kg", "export", str(SEED), "-o", str(tmp_path / "pipe"), "-f", "turtle"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL):
        assert (tmp_path / "pipe").read_bytes() == (tmp_path / "real.ttl").read_bytes()
    assert (tmp_path / "pipe").is_fifo()


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"cannot be written: No such file or directory\."):
        export([SEED], tmp_path / "nowhere" / "out.ttl")


def test_what_killed_runs_left_is_taken_away(tmp_path: Path) -> None:
    """Files, folders, and folders that were not locked yet or no longer; but nothing that is in use."""
    target = tmp_path / "x.nt"
    (tmp_path / ".x.nt.0000.part").write_bytes(b"half")
    (tmp_path / ".x.nt.0001.part").mkdir()
    (tmp_path / ".x.nt.0002.part").mkdir()
    (tmp_path / ".x.nt.0002.part" / "lock").touch()
    (tmp_path / ".x.nt.0002.part" / "0").touch()
    with temporary_folder(target) as folder, temporary_file(target) as file:
        assert {path.name for path in tmp_path.iterdir()} == {folder.name, Path(file.name).name}
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["x.ttl", "x.nt", "x.nq", "x.trig", "x.jsonld", "x.rdf", "x.parquet", "x.ttl.gz"])
def test_an_output_of_before_is_written_over_whatever_was_kept_in_it(
    tmp_path: Path, seed: dict[str, Any], name: str
) -> None:
    """What no shape reads is kept as JSON, which begins as a study record does."""
    if name.endswith(".parquet"):
        pytest.importorskip("pyarrow")
    source = tmp_path / "study.json"
    section = seed["protocolSection"] | {"newModule": {"key": 1}}
    source.write_text(json.dumps(seed | {"protocolSection": section}), "utf-8")
    export([source], tmp_path / name)
    before = (tmp_path / name).read_bytes()
    export([source], tmp_path / name)
    assert (tmp_path / name).read_bytes() == before


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is told what is not needed")
def test_a_long_output_is_dropped_from_memory_over_the_ends_of_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    step, ahead, dropped = 1000, 4000, list[tuple[int, int]]()
    monkeypatch.setattr(writer, "_STEP", step)
    monkeypatch.setattr(writer, "_AHEAD", ahead)
    with tempfile.TemporaryFile() as file:

        def told(_: int, begin: int, size: int, advice: int) -> None:
            assert begin >= 0 < size
            assert advice == os.POSIX_FADV_DONTNEED
            if begin + size <= file.tell() - ahead:
                dropped.append((begin, begin + size))

        monkeypatch.setattr(os, "posix_fadvise", told)
        drain = writer._Drain(file, read_again=False)
        for size in (300, 700, 7500, 100) * 20:
            file.write(bytes(size))
            drain()
    assert len(dropped) > 20
    assert dropped[0][0] == 0
    assert all(after[0] <= before[1] - step for before, after in pairwise(dropped))
