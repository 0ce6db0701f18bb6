"""Literals were written that strict parsers cannot read: escapes and what precedes a literal were not counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.errors import SourceError
from kg.export.exporter import Exporter
from kg.export.run import export
from kg.rdf.formats import FORMATS
from kg.rdf.parse import quads
from kg.records.sanitize import LINE, LONGEST

MIB = 1 << 20
NAME = ("sponsorCollaboratorsModule", "leadSponsor")


def record(**modules: Any) -> dict[str, Any]:
    identification = {"nctId": "NCT00000001", "briefTitle": "T"}
    return {"protocolSection": {"identificationModule": identification, **modules}}


def described(text: str) -> dict[str, Any]:
    return record(descriptionModule={"detailedDescription": text})


RECORDS = {
    "text": described("x" * (LINE - 18)),
    "escapes": described("\n" * (9 * MIB)),
    "beside others": record(designModule={"phases": ["x" * 9 * MIB, "y" * 9 * MIB]}),
    "name in an IRI": record(sponsorCollaboratorsModule={"leadSponsor": {"name": "É" * 4 * MIB, "class": "OTHER"}}),
    "unmapped": record(newModule={"text": "x" * 17 * MIB}),
}


@pytest.mark.parametrize("name", RECORDS)
@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
def test_what_is_written_can_be_read(tmp_path: Path, name: str, format_: Any) -> None:
    (tmp_path / "a.json").write_bytes(orjson.dumps(RECORDS[name]))
    output = tmp_path / f"a{format_.extension}"
    report = export([tmp_path / "a.json"], output)
    assert sum(1 for _ in quads(str(output))) == report.totals.triples
    assert report.problems
    assert report.lossless


@pytest.mark.parametrize("grouped", [False, True])
def test_listings_too_long_for_a_literal_are_left_out(grouped: bool) -> None:
    meshes = [{"id": f"D{i:06d}", "term": "t" * 500} for i in range(35_000)]
    data = record() | {"derivedSection": {"conditionBrowseModule": {"meshes": meshes}}}
    exported = Exporter(grouped=grouped).from_json(orjson.dumps(data))
    assert [(error.problem, error.study) for error in exported.errors] == [("too large", "NCT00000001")]
    assert b"asListed" not in exported.data


def test_the_longest_text_is_whole_and_a_longer_one_is_cut_to_it() -> None:
    for text in ("x" * (LONGEST - 2), "\n" * (LONGEST // 2 - 1)):
        exported = Exporter().from_json(orjson.dumps(described(text)))
        assert not exported.errors
        assert Exporter().from_json(orjson.dumps(described(text + "y"))).data == exported.data


def test_a_line_that_is_too_long_is_an_error_of_the_input(tmp_path: Path) -> None:
    (tmp_path / "a.nt").write_bytes(b'<http://e.org/s> <http://e.org/p> "' + b"x" * LINE + b'" .\n')
    with pytest.raises(SourceError, match="too long to be read"):
        list(quads(str(tmp_path / "a.nt")))
