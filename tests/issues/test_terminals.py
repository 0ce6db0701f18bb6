"""Control characters, escape sequences and bidirectional marks of data never reach a terminal.

``kg store info``, ``kg coverage``, ``kg export -o -``, errors of usage and reprs in notebooks wrote them raw.
"""

from __future__ import annotations

import ast
import os
import re
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

import kg
from kg.errors import FieldError, UsageError
from kg.export.report import Report
from kg.ontology.vocabulary import CT
from kg.store.dataset import open_dataset
from kg.store.embedded import build
from tests.query.test_engine import KG
from tests.terminal import shown

EVIL = "x\x1b[2J\x1b]0;pwn\x07\x9b31m\u202ez\r\u2066\u200f\x7f\x85[red]"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
NUMBER = "NCT00000001"
needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals of this kind here")


def record() -> dict[str, Any]:
    """A record with hostile text in every kind of place: titles, names, keys, codes, dates, versions."""
    return {
        "protocolSection": {
            "identificationModule": {"nctId": NUMBER, "briefTitle": EVIL, "organization": {"fullName": EVIL}},
            "statusModule": {"startDateStruct": {"date": EVIL}, "overallStatus": EVIL, "whyStopped": EVIL},
            "sponsorCollaboratorsModule": {"leadSponsor": {"name": EVIL, "class": EVIL}},
            "conditionsModule": {"conditions": [EVIL]},
            "referencesModule": {"seeAlsoLinks": [{"url": f"https://example.org/{EVIL}"}]},
            EVIL: {EVIL: EVIL},
        },
        "derivedSection": {
            "miscInfoModule": {"versionHolder": EVIL},
            "conditionBrowseModule": {"meshes": [{"id": "D000690", "term": EVIL}]},
        },
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the record, a file with a hostile name, a graph and a store."""
    top = tmp_path_factory.mktemp("hostile")
    (top / "a.json").write_bytes(orjson.dumps(record()))
    (top / "\x1b[31m\u202e[red].json").write_bytes(orjson.dumps(record()))
    (top / "broken\x1b[31m\u202e[red].json").write_text('{"protocolSection": ')
    holder = ox.Quad(ox.NamedNode("http://a/s"), ox.NamedNode(CT + "versionHolder"), ox.Literal(EVIL))
    store = ox.Store()
    store.extend([holder, ox.Quad(ox.NamedNode("http://a/\u202e"), ox.NamedNode("http://a/p"), ox.Literal(EVIL))])
    store.dump(str(top / "a.nt"), ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    build([top / "a.json", top / "a.nt"], top / "a.kgstore", report=Report())
    (top / "evil.rq").write_bytes(f'#+ summary: a\nSELECT * {{ ?s ?p "{EVIL[:4]}\u202e" }}\r\n'.encode())
    (top / "mesh.tsv").write_text("D000690\tALS\t\tC10.1\n")
    return top


COMMANDS = [
    ["export", "a.json", "-o", "-"],
    *(["export", "a.json", "-o", "-", "-f", name] for name in ("ntriples", "nquads", "trig", "jsonld", "rdfxml")),
    ["export", "a.json", "-o", "x.nt", "--report", "-"],
    ["export", ".", "-o", "x.nt"],
    ["export", "\x1b[31m\u202e[red].json", "broken\x1b[31m\u202e[red].json", "-o", "x.nt"],
    ["export", "a.json", "-o", "no\x1b[31m\u202e/x.nt"],
    ["export", "a.json", "-o", "x.\x1b[31m\u202e"],
    ["export", "a.json", "-o", "x.nt", "--base", "\x1b[31m\u202e"],
    ["export", "a.json", "-o", "x.nt", "--jobs", "\x1b[31m\u202e"],
    ["export", "a.json", "-o", "x.nt", "--\x1b[31m\u202e"],
    ["\x1b[31m\u202e"],
    ["--\x1b[31m\u202e"],
    ["store", "info", "a.kgstore"],
    ["store", "info", "no\x1b[31m\u202e"],
    ["store", "update", "a.kgstore", "a.json"],
    ["store", "remove", "a.kgstore", "\x1b[31m\u202e"],
    ["coverage", "a.json", "--all"],
    ["coverage", "a.json", "--json", "-"],
    ["fields"],
    ["plan"],
    ["restore", "a.kgstore", "-o", "-"],
    ["validate", "a.kgstore"],
    ["validate", "a.json", "--report", "-"],
    ["validate", "a.kgstore", "--engine", "pyshacl"],
    ["mesh", "build", "mesh.tsv", "-o", "-"],
    ["mesh", "check", "a.json", "--mesh", "mesh.tsv"],
    ["network", "a.json", "-o", "x.graphml"],
    ["draw", "a.json", "-o", "x\x1b[31m\u202e.html"],
    ["draw", "a.json", "--around", "\x1b[31m\u202e", "-o", "x.html"],
    ["query", "SELECT * { ?s ?p ?o }", "-d", "a.kgstore"],
    *(["query", "SELECT * { ?s ?p ?o }", "-d", "a.kgstore", "-f", name] for name in ("csv", "tsv", "json", "xml")),
    ["query", "CONSTRUCT WHERE { ?s ?p ?o }", "-d", "a.kgstore"],
    ["query", "CONSTRUCT WHERE { ?s ?p ?o }", "-d", "a.kgstore", "-f", "ntriples"],
    ["query", "evil.rq", "-d", "a.kgstore"],
    ["query", "evil.rq", "-d", "a.kgstore", "--explain"],
    ["query", "evil.rq", "--show"],
    ["query", "SELECT \x9b31m\u202e", "-d", "a.kgstore"],
    ["query", "no\x1b[31m\u202e", "-d", "a.kgstore"],
    ["query", "arms", "-d", "a.json", "-p", "\x1b[31m\u202e=1"],
    ["load", "a.json", "--preset", "qlever", "-o", "ql\u202e"],
    ["load", "a.json", "--to", "http://127.0.0.1:9/\x1b[31m\u202e"],
    ["ontology", "-o", "x.\x1b[31m\u202e"],
]  # fmt: skip


@needs_terminal
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda arguments: ascii(" ".join(arguments)))
def test_no_command_writes_control_characters_of_data(folder: Path, arguments: list[str]) -> None:
    seen = shown([*KG, *arguments], errors=True, cwd=folder, PYTHONUTF8="1").replace("\r\n", "\n").replace("\t", " ")
    assert seen.strip()
    assert "Traceback" not in seen
    assert not RAW.search(seen), ascii(seen)


@needs_terminal
def test_what_is_shown_is_the_same_graph(folder: Path) -> None:
    seen = shown([*KG, "export", "a.json", "-o", "-", "-f", "ntriples"], cwd=folder, PYTHONUTF8="1")
    as_file = kg.graph([folder / "a.json"])
    assert {*ox.parse(seen.encode(), format=ox.RdfFormat.N_TRIPLES)} == {
        *ox.parse(as_file.serialize(format="nt").encode(), format=ox.RdfFormat.N_TRIPLES)
    }


@needs_terminal
@pytest.mark.parametrize("arguments", [["export", "a.json", "-o", "-", "-f", "parquet"], ["draw", "a.json", "-o", "-"]])
def test_bytes_that_are_no_text_are_not_written_to_a_terminal(folder: Path, arguments: list[str]) -> None:
    seen = shown([*KG, *arguments], errors=True, cwd=folder, PYTHONUTF8="1").replace("\r\n", "\n")
    assert not RAW.search(seen.replace("\t", " "))


@needs_terminal
def test_names_with_markup_are_shown_as_they_are(folder: Path) -> None:
    seen = shown([*KG, "export", "broken\x1b[31m\u202e[red].json", "-o", "x.nt"], errors=True, cwd=folder)
    assert "[red].json" in seen


def test_the_texts_of_objects_have_no_control_characters(folder: Path) -> None:
    study = kg.study(NUMBER, folder / "a.json")
    with open_dataset(folder / "a.json") as store:
        answer = kg.query("SELECT * { ?s ?p ?o }", store)
    objects = [
        study,
        study.drawing(),
        kg.graph([folder / "a.json"]),
        answer,
        UsageError(EVIL),
        FieldError(EVIL, file=EVIL),
    ]
    for object_ in objects:
        assert not RAW.search(repr(object_)), object_
        assert not RAW.search(str(object_)) or isinstance(object_, type(kg.graph([]))), object_
    assert not RAW.search(study._repr_html_())


def test_only_one_module_of_the_command_line_prints() -> None:
    for path in (Path(kg.__file__).parent / "cli").glob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        calls = [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]
        printing = {"click.echo", "click.secho", "print", "sys.stdout.write", "sys.stderr.write"}
        assert path.name == "base.py" or not printing & {*calls}, path
