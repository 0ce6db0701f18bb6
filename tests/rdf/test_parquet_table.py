"""Lines of N-Quads as a table of Arrow: the extension and Python split them alike."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from kg.export.run import export
from kg.rdf import parquet
from kg.rdf.parquet import COLUMNS, PLAIN, TAGGED, table
from native.fuzz.inputs import SMALL, other_lines
from tests.conftest import DATA, MADE, SEED

needs_extension = pytest.mark.skipif(native() is None, reason="the extension was not built")

OBJECTS = {
    b'"plain"': ("plain", PLAIN, None),
    b'""': ("", PLAIN, None),
    b'"dog"@en': ("dog", TAGGED, "en"),
    b'"5"^^<x:int>': ("5", "x:int", None),
    b"<x:o>": ("x:o", None, None),
    rb'"\" <a> <b> .\\"': ('" <a> <b> .\\', PLAIN, None),
    rb'"\\\"\n\r\t\b\f"@de': ('\\"\n\r\t\b\f', TAGGED, "de"),
    r'"\u0001é漢🧬> .\\"^^<x:t>'.encode(): ("\x01é漢🧬> .\\", "x:t", None),
    b'"a"@en-GB': ("a", TAGGED, "en-GB"),
    b'"@en"': ("@en", PLAIN, None),
    b'"^^<x:t>"': ("^^<x:t>", PLAIN, None),
}


@pytest.fixture(params=["extension", "python"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a test with the extension, if it was built, and without."""
    if request.param == "python":
        monkeypatch.setattr(parquet, "_buffers", lambda _: None)


def rows(lines: bytes) -> list[tuple[str | None, ...]]:
    """Return the rows of the table of some lines."""
    columns = table(lines)
    columns.validate(full=True)
    return [*zip(*(columns[name].to_pylist() for name in COLUMNS), strict=True)]


@pytest.mark.usefixtures("either")
def test_each_form_of_an_object() -> None:
    tokens = [*OBJECTS, *reversed(OBJECTS)]
    for end in range(len(tokens) + 1):
        lines = b"".join(b"<x:s%d> <x:p> %s <x:g> .\n" % (i, token) for i, token in enumerate(tokens[:end]))
        expected = [(f"x:s{i}", "x:p", *OBJECTS[token], "x:g") for i, token in enumerate(tokens[:end])]
        assert rows(lines) == expected


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(
    "lines",
    [
        b"<x:s> <x:p> <x:o> <x:g> .",
        b"<x:s> <x:p> <x:o> .\n",
        b"<x:s> <x:p> <x:o> <x:g>\n",
        b'<x:s> <x:p> "open <x:g> .\n',
        b'<x:s> <x:p> "a"x <x:g> .\n',
        b'<x:s> <x:p> "a"@ <x:g> .\n',
        b'<x:s> <x:p> "a"^^x <x:g> .\n',
        b"_:b <x:p> <x:o> <x:g> .\n",
        b"<x:s> <x:p> <x:o> <x:g> .\n\n",
        b"<x:s> <x:p> <x:o> <x:g> .\n# <x:s>\n",
        b"<x:s",
        b"\n",
    ],
)
def test_other_lines_are_refused(lines: bytes) -> None:
    with pytest.raises(ValueError, match="no line of N-Quads"):
        table(lines)


@needs_extension
def test_the_extension_splits_the_lines_of_an_export_as_python_does(tmp_path: Path) -> None:
    from kg._emitter import columns

    export([DATA / "studies", DATA / "made", SEED, MADE], tmp_path / "all.nq")
    lines = (tmp_path / "all.nq").read_bytes()
    assert lines.count(b"\n") > 10_000
    assert rows(lines) == [*parquet.rows(lines)]
    assert columns(memoryview(lines)) == columns(lines)


def python_rows(lines: bytes) -> Any:
    """Return the rows as Python splits lines, or ``None`` for lines that it refuses."""
    try:
        return [*parquet.rows(lines)]
    except ValueError:
        return None


@needs_extension
def test_the_extension_agrees_with_python_on_other_lines() -> None:
    choice, taken = random.Random(4), 0
    for _ in range(20_000):
        lines = other_lines(b"<x:s> <x:p> %s <x:g> .\n" % choice.choice([*OBJECTS]), choice)
        expected = python_rows(lines)
        if expected is None:  # the export writes no such lines, so the extension may accept them
            continue
        assert rows(lines) == expected
        taken += 1
    assert taken > 1000


@needs_extension
def test_no_memory_is_lost() -> None:
    from kg._emitter import columns

    lines = Exporter(graphs=True).from_json(SMALL).data
    tracemalloc.start()
    try:
        for text in (lines, lines[:-9], rb'<a> <b> "\u0000" <c> .'):
            held = []
            for _ in range(4):
                for _ in range(30):
                    columns(text)
                held.append(tracemalloc.get_traced_memory()[0])
            assert held[-1] - held[1] < 2000
    finally:
        tracemalloc.stop()
