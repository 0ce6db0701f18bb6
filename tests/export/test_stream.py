"""Exports by the compiled emitter are those of the records that the reader splits and parses."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest

from kg.errors import InputError
from kg.export.exporter import Exporter
from kg.export.stream import Export, StreamExporter, studies
from kg.records import splitter
from kg.records.reader import Record, StreamReader, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

EXPORTER = Exporter(grouped=True)


def study(number: int, **more: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"}}, "hasResults": False, **more}


PLAIN = [study(1), study(2, derivedSection={"text": '} , {"a": [1]} \\" ]'}), study(3)]
NESTED = study(4, extra={"more": [study(5)]}), study(6, extra={" more": {"derivedSection": {}}}), {"extra": study(7)}
ODD = (
    '{"a": 1}',
    "[]",
    "{}",
    "null",
    "]",
    "}",
    '"',
    "{",
    "x",
    '{"protocolSection": {',
    '{"hasResults": false',
    "\x0b",
    "\0",
)
SEPARATORS = "\n", ", ", "", "]\n[", "\t\r\n ,", " " * 300, "\x0c"


def chunks(data: str, size: int) -> Iterator[bytes]:
    return (data.encode()[at : at + size] for at in range(0, len(data), size))


def emitted(data: Iterator[bytes], problems: list[InputError]) -> Iterator[Export | Record]:
    return StreamExporter(StreamReader("a.json", problems.append), EXPORTER).stream(data)


def parsed(data: Iterator[bytes], problems: list[InputError]) -> Iterator[Record]:
    return split(data, "a.json", problems.append)


def exported(
    records: Iterable[Export | Record], problems: list[InputError]
) -> tuple[list[tuple[int, bytes]], list[str]]:
    """Return the exports with their record numbers, and the problems."""
    exports = [(position.number, study.data) for position, study in studies(records, EXPORTER, problems.append)]
    return exports, [str(problem) for problem in problems]


@pytest.mark.parametrize("piece_size", [1, 200, splitter.SIZE])
@pytest.mark.parametrize("chunk_size", [100, 1 << 20])
def test_the_emitter_finds_the_same_studies_as_the_splitter(
    chunk_size: int, piece_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also among broken JSON, and where one study seems to be inside another."""
    monkeypatch.setattr(splitter, "SIZE", piece_size)
    choice = random.Random(chunk_size)
    plain = [json.dumps(record, indent=choice.choice([None, 1])) for record in PLAIN * 3]
    nested = [json.dumps(record, indent=choice.choice([None, 1])) for record in NESTED]
    count = 0
    for _ in range(300):
        values = choice.sample(plain, 5) + choice.sample([*nested, *ODD], choice.randrange(4))
        choice.shuffle(values)
        data = "".join(value + choice.choice(SEPARATORS) for value in values)
        problems: list[InputError] = []
        result = exported(emitted(chunks(data, chunk_size), problems), problems)
        problems = []
        assert result == exported(parsed(chunks(data, chunk_size), problems), problems)
        count += len(result[0])
    assert count > 1000
