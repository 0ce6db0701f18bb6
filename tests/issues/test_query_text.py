"""Query files as editors save them, and data that would act on a terminal or a page."""

from __future__ import annotations

import io
import os
import re
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pyoxigraph as ox
import pytest

import kg
from kg.cli.table import show
from tests.conftest import SEED
from tests.query.test_engine import KG, kg_query
from tests.terminal import shown

QUERY = "SELECT * {?s ?p ?o} LIMIT 1"
HOSTILE = "x\x1b[2J\x1b]0;pwn\x07\x9b31m\u202ez\r\u2066\x7f\x85"
SHOWN = r"x\u001B[2J\u001B]0;pwn\u0007\u009B31m\u202Ez \u2066\u007F\u0085"
ALL = "SELECT ?o { ?s ?p ?o }"
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_a_query_file_may_begin_with_a_byte_order_mark(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    data = (mark + QUERY).encode(encoding)
    (tmp_path / "bom.rq").write_bytes(data)
    assert len(kg.query(str(tmp_path / "bom.rq"), SEED)) == 1
    command = [*KG, "query", "-", "-d", str(SEED), "-f", "csv"]
    done = subprocess.run(command, input=data, capture_output=True, check=True)
    assert len(done.stdout.splitlines()) == 2
    assert len(kg.query("\ufeff" + QUERY, SEED)) == 1


def test_a_header_after_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    text = "#+ parameters:\n#+   - name: n\n#+     type: integer\n#+     description: A number\nSELECT ?n {\n"
    (tmp_path / "own.rq").write_text(text + "  VALUES ?n { 1 }\n}\n", "utf-8-sig")
    assert kg.query(str(tmp_path / "own.rq"), SEED, {"n": "7"})[0]["n"] == 7


def test_a_picture_of_a_query_with_a_byte_order_mark_is_drawn(tmp_path: Path) -> None:
    text = "#+ summary: A title of its own\nSELECT ?s ?o { ?s ct:arm ?o }"
    (tmp_path / "bom.rq").write_text(text, "utf-8-sig")
    command = [*KG, "draw", str(SEED), "--query", str(tmp_path / "bom.rq"), "-o", str(tmp_path / "page.html")]
    subprocess.run(command, capture_output=True, check=True)
    assert "A title of its own" in (tmp_path / "page.html").read_text("utf-8")


def test_a_query_that_is_not_text_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "own.rq").write_bytes(b"SELECT \xff")
    assert "cannot be read" in kg_query(str(tmp_path / "own.rq"), "-d", str(SEED), code=2)[1]
    done = subprocess.run([*KG, "query", "-", "-d", str(SEED)], input=b"SELECT \xff", capture_output=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(b"kg: The query on standard input cannot be read")


@pytest.fixture
def hostile() -> ox.Store:
    store = ox.Store()
    iri = ox.NamedNode("http://a/\u202es")
    store.add(ox.Quad(iri, ox.NamedNode("http://a/p"), ox.Literal(HOSTILE)))
    return store


def test_tables_show_what_a_terminal_would_act_on(hostile: ox.Store) -> None:
    assert kg.query(ALL, hostile).table() == f"o\n{'-' * len(SHOWN)}\n{SHOWN}\n"
    assert not RAW.search(kg.query("SELECT * { ?s ?p ?o }", hostile).table())
    output = io.StringIO()
    from rich.console import Console

    show(kg.query(ALL, hostile), Console(file=output, width=200))
    assert SHOWN in output.getvalue()
    assert not RAW.search(output.getvalue())


def test_a_graph_is_shown_as_turtle_that_is_the_same_graph(hostile: ox.Store) -> None:
    answer = kg.query("CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }", hostile)
    assert not RAW.search(answer.table())
    assert [quad.triple for quad in ox.parse(answer.table().encode(), format=ox.RdfFormat.TURTLE)] == answer.triples


def test_notebooks_show_it_too(hostile: ox.Store) -> None:
    for text in ("SELECT * { ?s ?p ?o }", "CONSTRUCT { ?s ?p ?o } { ?s ?p ?o }"):
        page = kg.query(text, hostile)._repr_html_()
        assert not RAW.search(page)
        assert r"\u001B[2J" in page
    assert 'href="http://a/%E2%80%AEs"' in kg.query("SELECT ?s { ?s ?p ?o }", hostile)._repr_html_()


def test_files_keep_the_data_as_they_are(hostile: ox.Store) -> None:
    answer = kg.query(ALL, hostile)
    for name in ("csv", "tsv", "json"):
        assert "\u202ez" in answer.serialize(name).decode()
    root = ET.fromstring(answer.serialize("xml"))
    assert "\ufffd[2J" in "".join(root.itertext()), "XML 1.0 has no control characters"


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals of this kind here")
@pytest.mark.parametrize("name", ["table", "csv", "tsv", "json", "xml"])
def test_a_terminal_sees_no_escape_sequence_in_any_format(tmp_path: Path, hostile: ox.Store, name: str) -> None:
    hostile.dump(str(tmp_path / "a.nt"), ox.RdfFormat.N_TRIPLES, from_graph=ox.DefaultGraph())
    seen = shown([*KG, "query", ALL, "-d", str(tmp_path / "a.nt"), "-f", name], PYTHONIOENCODING="utf-8")
    assert not RAW.search(seen.replace("\r\n", "\n").replace("\t", " "))


def test_messages_quote_data_without_its_escape_sequences(tmp_path: Path) -> None:
    import orjson

    modules = {
        "identificationModule": {"nctId": "NCT00000001", "briefTitle": "T"},
        "statusModule": {"startDateStruct": {"date": "x\x9b31m\x9b2J\u202eevil"}},
    }
    (tmp_path / "a\x1b.json").write_bytes(orjson.dumps({"protocolSection": modules}))
    message = kg_query("SELECT ?s { ?s a ct:Study }", "-d", str(tmp_path / "a\x1b.json"))[1]
    assert r'found "x\u009B31m\u009B2J\u202Eevil"' in message
    assert not RAW.search(message)
