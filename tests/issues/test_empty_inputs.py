"""A run that found no study replaced an existing output: ``echo 'Internal Server Error' | kg export - -o prod.nt``."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kg.cli import main
from kg.errors import NothingFoundError
from tests.conftest import DATA

INPUTS = {
    "error.txt": "Internal Server Error",
    "empty.json": "[]",
    "page.json": '{"studies": [], "totalCount": 0}',
    "nothing.json": "",
    "other.json": '{"a": 1}',
    "broken.json": '[{"protocolSection": ',
    "no-number.json": '{"protocolSection": {}}',
}
FORMATS = ("nt", "ttl", "nq", "trig", "jsonld", "rdf", "parquet", "nt.gz", "nq.zst")
OLD = b"an output of yesterday"


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in INPUTS.items():
        Path(name).write_text(text)
    Path("empty.nt").touch()


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [*map(str, arguments)])


def refused(result: Result) -> bool:
    """Whether a command wrote one sentence and ended with status 1."""
    return result.exit_code == 1 and result.stdout == "" and len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("extension", FORMATS)
def test_an_existing_output_is_kept(name: str, extension: str) -> None:
    output = Path(f"out.{extension}")
    output.write_bytes(OLD)
    before = sorted(Path().iterdir())
    assert refused(result := run("export", name, "-o", output)), result.output
    assert output.read_bytes() == OLD
    assert sorted(Path().iterdir()) == before


def test_nothing_is_created_or_written_to_a_stream() -> None:
    before = sorted(Path().iterdir())
    assert refused(run("export", "empty.json", "-o", "-"))
    assert refused(run("export", "empty.json", "-o", "new.nt", "--with-ontology", "--manifest", "--describe", "--sort"))
    assert refused(run("store", "build", "empty.json", "-o", "store"))
    assert refused(run("store", "build", "empty.nt", "-o", "store"))
    assert refused(run("load", "empty.json", "--preset", "qlever", "-o", "files"))
    assert refused(run("load", "empty.nt", "--preset", "qlever", "-o", "files"))
    assert sorted(Path().iterdir()) == before


@pytest.mark.parametrize("name", ["empty.json", "error.txt"])
@pytest.mark.parametrize(
    "command",
    [
        ["coverage", "--json", "out.xml"],
        ["network", "-f", "graphml", "-o", "out.xml"],
        ["query", "arms", "-f", "xml", "-o", "out.xml", "-d"],
        ["mesh", "check", "--mesh", str(DATA / "mesh/mesh.nt"), "--json", "out.xml"],
    ],
)
def test_other_commands_keep_their_output(command: list[str], name: str) -> None:
    Path("out.xml").write_bytes(OLD)
    assert refused(result := run(*command, name)), result.output
    assert Path("out.xml").read_bytes() == OLD


@pytest.mark.parametrize(
    "command",
    [
        ["mesh", "build", "-f", "ntriples", "-o", "out.xml"],
        ["network", "-f", "graphml", "-o", "out.xml"],
        ["query", "arms", "-f", "xml", "-o", "out.xml", "-d"],
        ["restore", "-o", "out.xml"],
    ],
)
def test_an_empty_rdf_file_is_no_result(command: list[str]) -> None:
    Path("out.xml").write_bytes(OLD)
    assert refused(result := run(*command, "empty.nt")), result.output
    assert Path("out.xml").read_bytes() == OLD


def test_a_store_is_not_updated_from_nothing() -> None:
    assert run("store", "build", DATA / "studies", "-o", "store").exit_code == 0
    for name in INPUTS:
        assert refused(result := run("store", "update", "store", name)), result.output


def test_several_inputs_without_studies_are_reported_each_and_once_together() -> None:
    result = run("export", "error.txt", "nothing.json", "-o", "out.nt", "--report", "report.jsonl")
    assert result.stderr.splitlines()[-1] == (
        "kg: error.txt, nothing.json: hold no study record, so nothing was written."
    )
    assert len(result.stderr.splitlines()) == 3
    assert [json.loads(line)["file"] for line in Path("report.jsonl").read_text().splitlines()] == [
        "error.txt",
        "nothing.json",
    ]


def test_the_parts_of_an_earlier_export_with_dask_are_kept() -> None:
    from kg.export.dask import export

    Path("out").mkdir()
    Path("out/_manifest.json").write_bytes(OLD)
    with pytest.raises(NothingFoundError, match=r"empty\.json: holds no study record"):
        export(["empty.json"], "out", format="ntriples")
    assert Path("out/_manifest.json").read_bytes() == OLD


def test_an_empty_page_among_others_is_no_problem() -> None:
    result = run("export", "page.json", DATA / "studies", "-o", "out.nt")
    assert result.exit_code == 0, result.output
