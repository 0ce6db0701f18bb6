"""The field table and the HTML page of the ontology are complete, match the sample, and are safe to display."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from typing import Any

import pyoxigraph as ox
import pytest

from kg.coverage import fields, formats
from kg.mapping import plan
from kg.ontology import model
from kg.ontology.files import folder
from kg.ontology.vocabulary import CT, OWL, RDF
from tests.conftest import MADE, STUDIES
from tools.docs import html

PLAN = plan.shipped_plan()
ROWS = fields.field_rows(PLAN)
OWL_TEXT = (folder("ontology") / "trialkg.ttl").read_text("utf-8")
PAGE = html.page(PLAN, OWL_TEXT)


def run(*arguments: str) -> str:
    command = [sys.executable, "-m", "kg", "fields", *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True).stdout


def test_each_field_of_the_plan_has_a_row() -> None:
    assert [row.path for row in ROWS] == [path for path, _, _ in PLAN.walk() if path]
    assert all(row.property and row.of_class and row.value and row.cardinality and row.definition for row in ROWS)


def at(record: Any, path: str) -> list[Any]:
    """Return the values at a path."""
    values = [record]
    for step in path.split("."):
        name, many = step.removesuffix("[]"), step.endswith("[]")
        values = [value[name] for value in values if isinstance(value, dict) and name in value]
        values = [item for value in values for item in value] if many else values
    return values


def test_counts_and_examples_match_the_sample() -> None:
    records = [json.loads(path.read_text("utf-8")) for path in [*STUDIES, MADE]]
    for row, field in zip(ROWS, (field for path, _, field in PLAN.walk() if path), strict=True):
        values = [value for record in records for value in at(record, row.path)]
        assert row.count == len(values), row.path
        if field.derive is None and row.example and len(row.example) < fields.EXAMPLE_WIDTH:
            assert row.example in {fields.shorten(value) for value in values}, row.path


def test_the_example_of_a_year_is_a_year() -> None:
    (row,) = [row for row in ROWS if row.property == "ct:startYear"]
    assert re.fullmatch(r"\d{4}", row.example)


def test_examples_are_short_and_have_no_contact_data() -> None:
    hidden = {path for path, _, field in PLAN.walk() if field.is_contact_data}
    assert len(hidden) > 5
    assert {row.example for row in ROWS if row.path in hidden} == {""}
    assert all(len(row.example) <= 60 and "\n" not in row.example for row in ROWS)
    persons = [row for row in ROWS if row.of_class == "ct:Official" and row.property == "rdfs:label"]
    assert [row.example for row in persons] == ["Made name"]
    assert "@" not in re.sub(r"text @\w+", "", formats.as_markdown(ROWS))


def test_formats_have_the_same_content() -> None:
    rows = json.loads(run("--format", "json"))
    assert [list(row) for row in rows] == [list(fields.COLUMNS)] * len(ROWS)
    header, *lines = csv.reader(io.StringIO(run("--format", "csv"), newline=""))
    assert header == list(fields.COLUMNS)
    assert lines == [[str(value) for value in row.values()] for row in rows]
    assert run("--format", "markdown") == formats.as_markdown(ROWS)
    table = run()
    assert "overallStatus" in table
    assert "scheme:Status" in table


def test_each_markdown_row_has_all_columns() -> None:
    odd = fields.FieldRow("a|b", "ct:x", "", "`", "0..1", 1, "| ``` <b> \\", "[a](b) | <script> *x*")
    (line,) = [line for line in formats.as_markdown([odd]).splitlines() if "script" in line]
    assert len(re.findall(r"(?<!\\)\|", line)) == len(fields.COLUMNS) + 1
    assert "\\<script\\>" in line
    assert "](" not in line
    for line in formats.as_markdown(ROWS).splitlines():
        if line.startswith("| "):
            assert len(re.findall(r"(?<!\\)\|", line)) == len(fields.COLUMNS) + 1, line


class Reader(HTMLParser):
    """Strict parser: elements must be properly nested."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: Counter[str] = Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def ids(reader: Reader) -> list[str]:
    return [value for _, name, value in reader.attributes if name == "id"]


def test_the_page_is_valid_and_self_contained() -> None:
    reader = read(PAGE)
    assert set(reader.tags) & {"script", "link", "img", "iframe", "object", "form"} == set()
    assert {name for _, name, _ in reader.attributes} <= {"href", "id", "class", "lang", "charset", "name", "content"}
    assert "url(" not in PAGE
    assert "@import" not in PAGE
    links = [value for _, name, value in reader.attributes if name == "href"]
    assert all(link.startswith(("#", "http://", "https://")) for link in links)


def test_every_term_is_on_the_page() -> None:
    anchors = ids(read(PAGE))
    assert [name for name, count in Counter(anchors).items() if count > 1] == []
    graph = ox.Store()
    graph.load(OWL_TEXT.encode(), format=ox.RdfFormat.TURTLE)
    for type_ in ("Class", "ObjectProperty", "DatatypeProperty"):
        for quad in graph.quads_for_pattern(None, ox.NamedNode(RDF + "type"), ox.NamedNode(OWL + type_)):
            assert isinstance(quad.subject, ox.NamedNode)
            if quad.subject.value.startswith(CT):
                assert quad.subject.value.removeprefix(CT) in anchors
    assert {"code-PHASE2", "scheme-Phase", "startDate", "Study", "rdfs-label"} <= set(anchors)


def test_every_internal_link_has_a_target() -> None:
    reader = read(PAGE)
    targets = {value[1:] for _, name, value in reader.attributes if name == "href" and value.startswith("#")}
    assert targets - set(ids(reader)) == set()


@pytest.mark.parametrize("markup", ["<script>alert(1)</script>", "\" onclick='x'", "&lt;b&gt;"])
def test_texts_of_the_ontology_are_escaped(tmp_path: Any, markup: str) -> None:
    quoted = markup.replace('"', '\\"')
    for file in model.FILES:
        text = (folder("ontology") / file).read_text("utf-8")
        text = text.replace('"The acronym or short name', f'"{quoted} The acronym or short name')
        text = text.replace("https://w3id.org/trialkg/organization/{name}", f"https://x.org/{quoted}/{{name}}")
        (tmp_path / file).write_text(text, "utf-8")
    changed = plan.build_plan(model.read(tmp_path / file for file in model.FILES))
    owl = OWL_TEXT.replace('"A small vocabulary', f'"{quoted} A small vocabulary')
    reader = read(html.page(changed, owl))
    assert "script" not in reader.tags
    assert not any(name.startswith("on") for _, name, _ in reader.attributes)
    assert reader.text.count(markup) >= 3
