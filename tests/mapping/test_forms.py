"""Forms of values: the emitter writes the same tokens as the converters."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator

import orjson
import pytest

from kg.export.exporter import Exporter
from kg.export.native import native
from kg.mapping.datatypes import SAMPLES, Form
from tests.conftest import STUDIES

pytestmark = pytest.mark.skipif(
    native() is None and not os.environ.get("KG_CI"), reason="the emitter is not built: there was no C compiler"
)

STYLES = {"turtle": Exporter(grouped=True), "lines": Exporter(graphs=True)}
TEXTS = [
    *("", " ", "a", "A1", "Ä", "a b", 'a "b" \\', "a\nb", "1 ", "١", "²", "0", "-", "-1", "--1", "+1", "1-", "007"),
    *(".5", "-.5", "5.", ".", "1.2.3", "-0", "-0.0", "1e5", "45.20", "9" * 40, "0." + "9" * 40),
    *("2015", "0000", "0999", "20150", "2015-", "2015-00", "2015-12", "2015-13", "2015-1", "0000-01", "2015-09-"),
    *("2015-02-28", "2015-02-29", "2016-02-29", "1900-02-29", "2000-02-29", "2015-04-31", "2015-12-31", "2015-12-32"),
    *("0000-01-01", "0001-01-01", "2015-00-01", "2015-01-00", "2015/01/01", "2015-01-01 ", "20-15-01-01", "٢٠١٥-٠١-٠١"),
    *("2015-01-01T00:00", "2015-01-01T23:59", "2015-01-01T24:00", "2015-01-01T12:60", "2015-02-30T01:02"),
    *("2015-01-01T01:02:03", "2015-01-01 01:02", "2026-02-20 @ 6:46 PM", "18 Years", "http://a.org/b"),
]  # fmt: skip
NUMBERS = [
    *("0", "-0", "7", "-7", "10", "123456789012345", "1234567890123456", "12345678901234567890", "0.0", "-0.0", "-0.5"),
    *("0.5", "0.50", "5.0", "5.00", "-5.0", "10.0", "1e5", "1E-7", "1.5e3", "0.0001", "0.00001", "0.000000000000001"),
    *("123456789.012345", "123456789.0123456", "0.12345678901234567", "99999999999999.9", "1.7976931348623157"),
    *("true", "false", "null"),
]
POINTS = [
    '{{"lat":{},"lon":{}}}'.format(*pair)
    for pair in (
        *(("37.80437", "-122.2708"), ("0", "0"), ("-0.0", "1"), ("1", "-0"), ("90", "180"), ("-90.0", "-180.0")),
        *(("89.99999", "179.99999"), ("90.00001", "0"), ("0", "180.1"), ("100", "10"), ("1000", "1"), ("1.50", "2")),
        *(("1e1", "2"), ('"1"', "2"), ("1", "null"), ("0.00001", "0.5"), ("1.2345678901234567", "2"), ("07", "1")),
    )
] + ['{"lon":1,"lat":2}', '{ "lat": 1, "lon": 2 }', '{"lat":1}', '{"lat":1,"lon":2,"x":3}', '{"lat":1,"lon":2', "{}"]


def near(choice: random.Random) -> str:
    """Return a text close to a value of some form."""
    text = list(choice.choice([*TEXTS[20:], *(str(value) for value, _ in SAMPLES.values())]))
    for _ in range(choice.randrange(3)):
        if text:
            text[choice.randrange(len(text))] = choice.choice("0123456789-.T: aZ")
    return "".join(text)


def values() -> Iterator[bytes]:
    """Yield the JSON of many values."""
    yield from (number.encode() for number in NUMBERS + POINTS)
    yield from map(orjson.dumps, TEXTS)
    choice = random.Random(7)
    for _ in range(3000):
        text = near(choice)
        yield orjson.dumps(text)
        yield text.encode()


def is_json(json: bytes) -> bool:
    try:
        orjson.loads(json)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("style", STYLES)
def test_every_reader_gives_the_token_of_its_converter(style: str) -> None:
    """Run the extension with one reader at a time, on records whose only field it reads."""
    from kg.export.compiler import Code, Op, Shape

    emitter_class = native()
    assert emitter_class is not None
    programs = STYLES[style].emitter.programs
    inputs = {json for json in values() if is_json(json)}
    accepted = 0

    for reader, spellings in zip(programs.readers, programs.spellings, strict=True):
        if not spellings:
            continue
        types = (((b"id", Shape.SCALAR, 0), (b"x", Shape.ANYTHING, 0)),)
        op = Op(Code.DERIVE, 1, 0, 0, key=b"x")
        callbacks = [lambda *_: b"callback"] * 2
        words = (b"",) * len(programs.words)
        emitter = emitter_class(types, ((op,),), (spellings,), words, ((0,),) * 4, *callbacks, lambda *_: None)
        for json in inputs:
            run = emitter(b'{"id":"A","x":%b}' % json)
            assert run is not None, json
            token = run[0].removeprefix(b"A ").removesuffix(b" .\n")
            if token != b"callback":
                accepted += 1
                assert token == reader(orjson.loads(json)), (json, spellings)
    assert accepted > 1000


def test_every_form_is_used() -> None:
    readers = [reader for exporter in STYLES.values() for reader in exporter.emitter.programs.spellings]
    assert {form for spellings in readers for form, _, _ in spellings} == set(Form)


def test_a_base_may_contain_a_sample() -> None:
    for base in ("https://example.org/Xq0Z/", "https://example.org/90817263/"):
        for grouped in (True, False):
            exporter = Exporter(grouped=grouped, base=base)
            for path in STUDIES[:3]:
                exported = exporter.try_json(path.read_bytes())
                assert exported is not None
                assert exported.data == exporter(orjson.loads(path.read_bytes())).data


def test_a_form_that_a_reader_does_not_accept_has_no_spelling() -> None:
    from kg.export.compiler import spelling

    assert spelling(lambda _: None, Form.WORD) is None
    assert spelling(lambda _: b"other", Form.WORD) is None
