"""Saved study pages: text or HTML, a Python literal or JSON."""

from __future__ import annotations

import ast
import html
import json
import time
from pathlib import Path
from typing import Any

import pytest

from kg.errors import InputError, RecordError, SourceError
from kg.records.reader import Record, split
from kg.records.saved_page import MAX_SIZE, is_page, record, records

SEED = (Path(__file__).parents[1] / "data" / "NCT02059759.txt").read_text(encoding="utf-8")
LITERAL = SEED[SEED.index("{") :]
HEADER = {
    "igniteCreationDate": "2025-12-24 @ 2:55 PM",
    "igniteModificationDate": "2026-02-20 @ 6:46 PM",
    "isGeneTherapy": True,
    "hasAdverseEvents": False,
}
WANTED: dict[str, Any] = {**ast.literal_eval(LITERAL), "pageHeader": HEADER}


def run(data: str | bytes, size: int = 1 << 20) -> tuple[list[Record], list[InputError]]:
    lost: list[InputError] = []
    raw = data.encode() if isinstance(data, str) else data
    chunks = (raw[at : at + size] for at in range(0, len(raw), size))
    return list(split(chunks, "p.txt", lost.append)), lost


def study(text: str) -> str:
    return "{'protocolSection': {'text': " + text + "}}"


FORMS = {
    "as saved": SEED,
    "CRLF": SEED.replace("\n", "\r\n"),
    "JSON": SEED.replace(LITERAL, json.dumps(ast.literal_eval(LITERAL))),
    "pretty JSON": SEED.replace(LITERAL, json.dumps(ast.literal_eval(LITERAL), indent=2)),
    "escaped": html.escape(SEED),
    "escaped, other entities": html.escape(SEED).replace("&#x27;", "&#39;"),
    "escaped JSON": html.escape(SEED.replace(LITERAL, json.dumps(ast.literal_eval(LITERAL)))),
    "HTML": f"<!DOCTYPE html>\n<html><body><pre>{html.escape(SEED)}</pre></body></html>",
    "HTML, quotes not escaped": f"<html><pre>{html.escape(SEED, quote=False)}</pre>",
    "HTML, a script before and after": f"<p><script>x = {{'a': 1}}; '<b>'</script><style>p {{}}</style>"
    f"<!-- {{'b': 2}} --><pre title=\"a > b\">{html.escape(SEED)}</pre><script>{{'c': 3}}</script>",
    "HTML, elements": "<div>"
    + "".join(f"<div><b>{html.escape(line)}</b></div>" for line in SEED.splitlines())
    + "<footer>About: us</footer></div>",
    "text before tags": f"Viewing<br>{html.escape(SEED)}<p>bye",
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_the_page_gives_the_record_and_the_header(form: str) -> None:
    assert record(FORMS[form]) == WANTED


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_page_is_detected_by_its_content(form: str, codec: str) -> None:
    found, lost = run(FORMS[form].encode(codec), 1000)
    assert lost == []
    assert [(each.data, each.number) for each in found] == [(WANTED, 1)]


def test_a_page_may_be_a_literal_without_a_header() -> None:
    assert run(LITERAL)[0][0].data == ast.literal_eval(LITERAL)
    assert run(html.escape(LITERAL))[0][0].data == ast.literal_eval(LITERAL)


def test_literals_in_a_list_or_in_lines_are_all_read() -> None:
    many = [{"protocolSection": {"n": number}} for number in range(3)]
    assert [each.data for each in run(repr(many))[0]] == many
    found, lost = run("\n".join([repr(many[0]), "{'protocolSection': {'n': oops}}", repr(many[2])]))
    assert [(each.data, each.number) for each in found] == [(many[0], 1), (many[2], 3)]
    assert [error.record for error in lost] == [2]


@pytest.mark.parametrize(
    "text",
    [
        "</script><b>x</b> a < b & c &lt; d",
        "it's",
        'say "it\'s"',
        "\\ \n \t \x00 \x7f \x85",
        "𝒳 ī",
        "{'a': 1}",
        "}",
        "\ud800",
    ],
)
def test_strings_are_kept_unchanged(text: str) -> None:
    page = "Brief Title: </script> a <b> c\n\n" + study(repr(text))
    data = record(page)
    assert data["protocolSection"]["text"] == text
    assert data["pageHeader"] == {"briefTitle": "</script> a <b> c"}


@pytest.mark.parametrize("value", ["-1.5e+10", "43.61093", "0", "None", "True", "[]", "{}", "[1, [2, {'a': None}]]"])
def test_values(value: str) -> None:
    assert record(study(value))["protocolSection"]["text"] == ast.literal_eval(value)


@pytest.mark.parametrize(
    "value",
    [
        "__import__('os')",
        "1 + 1",
        "(1, 2)",
        "b'x'",
        "f'{x}'",
        "nan",
        "{1}",
        "1_000",
        "0x10",
        "lambda: 0",
        "...",
        "9" * 5000,
        "1e99999",
        "'\\N{nothing}'",
        "'\\x1'",
        "[" * 300 + "]" * 300,
        "# note\n1",
        "'open",
        "[1,",
        "*x",
    ],
)
def test_anything_but_a_literal_is_rejected(value: str) -> None:
    with pytest.raises(RecordError):
        record(study(value))


def test_nesting_of_json_is_limited_too() -> None:
    with pytest.raises(RecordError, match="nested"):
        record("Status: X\n" + '{"protocolSection": ' + "[" * 100_000)


def test_a_page_over_the_size_limit_is_rejected() -> None:
    with pytest.raises(RecordError, match="64 MiB"):
        record("x" * (MAX_SIZE + 1))


@pytest.mark.parametrize(
    "bomb",
    [study("'" + "\\x41" * 500_000 + "'"), study("[" + "'a'," * 300_000 + "]"), study("'" + "\\" * 500_001)]
    + ["<p>" + part * 100_000 for part in ("<!--x>", '<a b="', "<script>", "<!", "</", "&", "<![x>", "<")]
    + ["{'" * 200_000, "{" * 500_000 + "'", "Aa " * 300_000 + ": x", "{&#x27;a" * 50_000],
)
def test_no_input_takes_long(bomb: str) -> None:
    start = time.perf_counter()
    for _ in records(bomb):
        pass
    run(bomb)
    assert time.perf_counter() - start < 10


def test_header_values_that_are_in_the_record_are_omitted() -> None:
    page = "Viewing Study NCT1\n\nStatus: A  B\nPhase: 2\nEmpty:\nFlag: True\nhttp://x\n\n" + study("'A B'")
    assert record(page)["pageHeader"] == {"phase": "2", "flag": True}


def test_a_page_without_a_record_is_reported() -> None:
    for text in ("<html><body>Nothing here</body></html>", "Status: none\n"):
        found, lost = run(text)
        assert found == []
        assert len(lost) == 1
        assert isinstance(lost[0], SourceError)
        with pytest.raises(RecordError, match="holds no study record"):
            record(text)


def test_a_literal_that_is_not_a_study_is_reported() -> None:
    with pytest.raises(RecordError, match="expected a study record"):
        record("Status: X\n{'a': 1}")


def test_a_truncated_page_is_reported() -> None:
    for end, message in ((-1, "unexpected end of the page"), (5000, "unexpected unterminated string")):
        found, lost = run(SEED.rstrip()[:end])
        assert found == []
        assert isinstance(lost[0], RecordError)
        assert message in str(lost[0])


@pytest.mark.parametrize(
    "text", ['{"a": 1}', "[1]", 'garbage\n{"protocolSection": 1}', "a,b\n1,2", "ERROR: x\n" + '{"hasResults": true}']
)
def test_json_and_other_text_is_not_a_page(text: str) -> None:
    assert not is_page(text)
