"""``-f nt`` was refused, ``kg export x.json | less`` demanded ``-o``, ``kg fields enrollment`` and ``kg query arms
FILE`` had one argument too many, and ``kg draw`` and ``kg network`` named one view in two ways."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

import kg
from kg.cli import export, main, mesh
from kg.cli import query as query_command
from kg.query.result_formats import EXTENSIONS as RESULT_EXTENSIONS
from kg.rdf.formats import FORMATS, NAMES
from tests.conftest import DATA, SEED

RECORDS = sorted((DATA / "studies").glob("*.json"))[:2]


def run(*words: object, code: int = 0) -> Result:
    result = CliRunner().invoke(main, [str(word) for word in words])
    assert result.exit_code == code, result.output
    return result


@pytest.mark.parametrize(("name", "format_"), NAMES.items())
def test_export_takes_the_extension_of_a_format(tmp_path: Path, name: str, format_: str) -> None:
    run("export", SEED, "-o", tmp_path / "a", "-f", name)
    run("export", SEED, "-o", tmp_path / "b", "-f", format_)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    kg.export(SEED, tmp_path / "c", format=name.upper())
    assert (tmp_path / "c").read_bytes() == (tmp_path / "a").read_bytes()


def test_the_extensions_of_the_commands_are_those_of_the_formats() -> None:
    for command in (export, mesh):
        extensions = {item.extension[1:]: item.name for item in FORMATS.values() if item.name in command.FORMATS}
        assert dict.fromkeys(command.FORMATS) | command.EXTENSIONS == dict.fromkeys(command.FORMATS) | {
            name: format_ for name, format_ in extensions.items() if name != format_
        }
    names = {extension[1:]: name for extension, name in RESULT_EXTENSIONS.items() if extension[1:] != name}
    assert names == query_command.EXTENSIONS


@pytest.mark.parametrize("name", [".csv", "CSV", "srj", "txt", "tsv"])
def test_query_takes_the_extension_of_a_format(name: str) -> None:
    assert run("query", "arms", SEED, "-f", name).stdout


@pytest.mark.parametrize(
    "words", [["plan", "--source", "-f", "nt"], ["fields", "-f", "md"], ["fields", "--format", ".csv"]]
)
def test_other_commands_take_extensions_too(words: list[str]) -> None:
    assert run(*words).stdout


def test_an_unknown_format_is_refused_with_the_names() -> None:
    assert "'nt3' is not one of 'turtle', 'ntriples'" in run("export", SEED, "-f", "nt3", code=2).stderr
    with pytest.raises(kg.UsageError, match=r"^Unknown format nt3; the formats are turtle, ntriples"):
        kg.export(SEED, "out", format="nt3")


def test_export_without_an_output_writes_turtle_to_a_pipe() -> None:
    words = [sys.executable, "-m", "kg", "export", str(SEED)]
    done = subprocess.run(words, capture_output=True, check=True)
    assert done.stdout == (Path(__file__).parents[1] / "golden" / "NCT02059759.ttl").read_bytes()
    assert subprocess.run([*words, "-f", "nt"], capture_output=True, check=True).stdout.count(b"\n") == 826


@pytest.mark.parametrize(
    "words", [["export", str(SEED)], ["restore", "x.nq"], ["mesh", "build", str(DATA / "mesh" / "desc.xml")]]
)
def test_without_an_output_a_terminal_is_told_what_to_do(words: list[str]) -> None:
    parent, child = os.openpty()
    try:
        done = subprocess.run([sys.executable, "-m", "kg", *words], stdout=child, stderr=subprocess.PIPE, check=False)
    finally:
        os.close(child)
        os.close(parent)
    assert done.returncode == 2
    assert done.stderr.startswith(b"kg: No output is given; name a file, such as -o ")
    assert done.stderr.count(b"\n") == 1


def test_restore_and_mesh_write_to_a_pipe_too(tmp_path: Path) -> None:
    run("export", SEED, "-o", tmp_path / "a.nq")
    assert json.loads(run("restore", tmp_path / "a.nq").stdout)["protocolSection"]
    assert run("mesh", "build", DATA / "mesh" / "desc.xml", "-f", "nt").stdout.startswith("<http")


def test_fields_are_searched() -> None:
    table = run("fields", "enrollment", "-f", "csv").stdout.splitlines()
    assert 2 < len(table) < 10
    assert all("enrollment" in line.lower() for line in table[1:])
    assert run("fields", "ENROLLMENT", "-f", "csv").stdout.splitlines() == table
    both = run("fields", "enrollment", "integer", "-f", "csv").stdout.splitlines()
    assert 1 < len(both) < len(table)
    assert run("fields", "zebra", code=1).stderr == "kg: No field matches zebra; kg fields lists all.\n"


def test_query_takes_data_as_arguments(tmp_path: Path) -> None:
    expected = run("query", "arms", "--data", SEED, "-f", "csv").stdout
    assert run("query", "arms", SEED, "-f", "csv").stdout == expected
    text = "SELECT (COUNT(*) AS ?n) { ?s ct:record ?r }"
    mixed = run("query", text, RECORDS[0], SEED, "--data", RECORDS[1], "-f", "csv")
    assert mixed.stdout.split() == ["n", "3"]
    run("query", "arms", tmp_path / "no.nt", code=2)
    assert "is also an input" in run("query", "arms", SEED, "-o", SEED, "-f", "csv", code=2).stderr


def test_an_endpoint_and_data_exclude_each_other() -> None:
    done = run("query", "arms", SEED, "--endpoint", "http://127.0.0.1:1/sparql", code=2)
    assert done.stderr == f"kg: An endpoint has its own data; leave out {SEED} or --endpoint.\n"


def test_one_view_has_one_name_in_draw_and_network(tmp_path: Path) -> None:
    for name in ("conditions-interventions", "condition-intervention"):
        run("draw", *RECORDS, SEED, "--view", name, "-o", tmp_path / f"{name}.svg")
        run("network", *RECORDS, SEED, "--view", name, "-o", tmp_path / f"{name}.gexf")
    for suffix in (".svg", ".gexf"):
        old, new = (tmp_path / f"{name}{suffix}" for name in ("condition-intervention", "conditions-interventions"))
        assert old.read_bytes() == new.read_bytes()
    graph = kg.to_networkx(SEED)
    for old, new in (("sponsor-condition", "sponsors-conditions"), ("site-study", "sites-studies")):
        assert set(kg.projection(graph, old)) == set(kg.projection(graph, new))


def test_an_unknown_view_is_refused_in_one_sentence() -> None:
    with pytest.raises(kg.UsageError, match=r"^Unknown view towns; the views are conditions-interventions, "):
        kg.drawing(SEED, view="towns")
    with pytest.raises(kg.UsageError, match=r"^The views of a graph are core and all, not towns"):
        kg.to_networkx(SEED, view="towns")
    graph = kg.to_networkx(SEED)
    with pytest.raises(kg.UsageError, match=r"^Unknown view towns; the views of two kinds are conditions-interv"):
        kg.projection(graph, "towns")


def test_every_format_option_has_the_short_form() -> None:
    for name in main.list_commands(click.Context(main)):
        command = main.get_command(click.Context(main), name)
        for parameter in command.params if command else ():
            if "--format" in parameter.opts:
                assert "-f" in parameter.opts, name
