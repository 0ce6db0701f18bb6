"""Lines of N-Quads in columns: the extension cuts them as Python does."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from kg.export.run import export
from kg.rdf.columns import COLUMNS, PLAIN, TAGGED, Column, carefully, coded
from tests.conftest import DATA, MADE, SEED
from tests.native.fuzz import SMALL, other_lines

needs_extension = pytest.mark.skipif(native() is None, reason="the extension was not built")

SAID = {
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


def places(runs: bytes) -> list[int]:
    """The numbers that runs stand for, and zeros behind the last."""
    width, at, found = runs[0], 1, list[int]()
    while at < len(runs):
        length, shift = 0, 0
        while True:
            length |= (runs[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if runs[at - 1] < 0x80:
                break
        if length & 1:
            size = (length >> 1) * width
            bits = int.from_bytes(runs[at : at + size], "little")
            found += [bits >> width * i & (1 << width) - 1 for i in range(length >> 1 << 3)]
        else:
            size = (width + 7) // 8
            found += [int.from_bytes(runs[at : at + size], "little")] * (length >> 1)
        at += size
    return found


def values(column: Column) -> list[str | None]:
    """What a column holds, row by row, and nothing where there is no row."""
    texts, at = [], 0
    while at < len(column.texts):
        size = int.from_bytes(column.texts[at : at + 4], "little")
        texts.append(column.texts[at + 4 : at + 4 + size].decode())
        at += 4 + size
    assert len(texts) == len({*texts}) == column.different
    assert [text.encode() for text in (min(texts, default=""), max(texts, default=""))] == [*column[-2:]]
    known = [bool(byte >> bit & 1) for byte in column.known for bit in range(8)]
    left = iter(places(column.runs))
    return [texts[next(left)] if each else None for each in known]


@pytest.mark.parametrize("cut", [coded, carefully])
def test_each_form_of_an_object_is_taken_apart(cut: type) -> None:
    tokens = [*SAID, *reversed(SAID)]
    lines = b"".join(b"<x:s%d> <x:p> %s <x:g%d> .\n" % (i // 3, token, i // 5) for i, token in enumerate(tokens))
    columns = cut(lines)
    found = {name: values(column)[: len(tokens)] for name, column in zip(COLUMNS, columns, strict=True)}
    assert [column.nothing for column in columns] == [found[name].count(None) for name in COLUMNS]
    rows = zip(found["object"], found["datatype"], found["language"], strict=True)
    assert [*rows] == [SAID[token] for token in tokens]
    assert found["subject"] == [f"x:s{i // 3}" for i in range(len(tokens))]
    assert found["graph"] == [f"x:g{i // 5}" for i in range(len(tokens))]
    assert {*found["predicate"]} == {"x:p"}


@pytest.mark.parametrize("cut", [coded, carefully])
def test_nothing_makes_empty_columns(cut: type) -> None:
    assert cut(b"") == (Column(b"\1", b"", 0, b"", 0, b"", b""),) * len(COLUMNS)


@pytest.mark.parametrize("cut", [coded, carefully])
def test_places_that_repeat_stand_as_one(cut: type) -> None:
    chance = random.Random(3)
    for different in (1, 2, 3, 255, 256, 257, 3000):
        expected: list[int] = []
        while len(expected) < different * 3:
            expected += [chance.randrange(different)] * chance.choice([1, 1, 1, 2, 7, 8, 9, 16, 200])
        first = {place: i for i, place in enumerate(dict.fromkeys(expected))}
        lines = b"".join(b"<x:s> <x:p%d> <x:o> <x:g> .\n" % place for place in expected)
        subject, predicate, *_ = cut(lines)
        assert places(predicate.runs)[: len(expected)] == [first[place] for place in expected]
        assert len(places(predicate.runs)) < len(expected) + 8
        assert len(subject.runs) <= 5


@pytest.mark.parametrize(
    "lines",
    [
        b"<x:s> <x:p> <x:o> <x:g> .",
        b"<x:s> <x:p> <x:o> .\n",
        b"<x:s> <x:p> <x:o> <x:g>\n",
        b'<x:s> <x:p> "open <x:g> .\n',
        b'<x:s> <x:p> "a"x <x:g> .\n',
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
        coded(lines)


@needs_extension
def test_the_extension_cuts_every_line_that_is_written_as_python_does(tmp_path: Path) -> None:
    from kg._emitter import columns

    export([DATA / "studies", DATA / "made", SEED, MADE], tmp_path / "all.nq")
    lines = (tmp_path / "all.nq").read_bytes()
    assert lines.count(b"\n") > 10_000
    assert columns(lines) == carefully(lines)
    assert columns(memoryview(lines)) == carefully(lines)


@needs_extension
def test_the_extension_says_what_python_says_or_leaves_it_to_python() -> None:
    from kg._emitter import columns

    choice, taken = random.Random(4), 0
    for _ in range(20_000):
        lines = other_lines(b"<x:s> <x:p> %s <x:g> .\n" % choice.choice([*SAID]), choice)
        found = columns(lines)
        try:
            assert found in (carefully(lines), None)
        except ValueError:  # nobody writes such lines, so the extension may take them
            continue
        taken += found is not None
    assert taken > 1000


@needs_extension
def test_what_is_taken_for_columns_is_given_back() -> None:
    from kg._emitter import columns

    lines = Exporter(graphs=True).from_json(SMALL).data
    tracemalloc.start()
    try:
        for given in (lines, lines[:-9], rb'<a> <b> "\u0000" <c> .'):
            held = []
            for _ in range(4):
                for _ in range(30):
                    columns(given)
                held.append(tracemalloc.get_traced_memory()[0])
            assert held[-1] - held[1] < 2000
    finally:
        tracemalloc.stop()
