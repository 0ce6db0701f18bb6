"""Studies from JSON in any layout; a broken record costs no other record."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from kg.errors import Incomplete, InputError, RecordError, SourceError, UsageError
from kg.records import splitter
from kg.records.reader import Record, read, split

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


def study(number: int, **more: Any) -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": f"NCT{number:08}"}}, "hasResults": False, **more}


THREE = [study(1), study(2, derivedSection={"text": '} , {"a": [1]} \\" ]'}), study(3)]
IDS = ["NCT00000001", "NCT00000002", "NCT00000003"]


@pytest.fixture(autouse=True, params=[1, 200, splitter.SIZE], ids=lambda size: f"pieces of {size}")
def pieces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size of pieces makes no difference."""
    monkeypatch.setattr(splitter, "SIZE", request.param)


def chunked(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def run(data: bytes | str, size: int = 1 << 20) -> tuple[list[Record], list[InputError]]:
    lost: list[InputError] = []
    raw = data.encode() if isinstance(data, str) else data
    return list(split(chunked(raw, size), "a.json", lost.append)), lost


def ids(records: list[Record]) -> list[str]:
    return [record.data["protocolSection"]["identificationModule"]["nctId"] for record in records]


LAYOUTS = {
    "array": json.dumps(THREE),
    "compact array": orjson.dumps(THREE).decode(),
    "pretty array": json.dumps(THREE, indent=2),
    "array with indent 0": json.dumps(THREE, indent=0),
    "CRLF": json.dumps(THREE, indent=2).replace("\n", "\r\n"),
    "lines": "\n".join(map(json.dumps, THREE)) + "\n",
    "CRLF lines": "\r\n".join(map(json.dumps, THREE)),
    "lines with blank ones": "\n\n \n".join(map(json.dumps, THREE)),
    "one array per line": "\n".join(json.dumps([each]) for each in THREE),
    "concatenated": "".join(map(json.dumps, THREE)),
    "pretty and concatenated": "\n".join(json.dumps(each, indent=4) for each in THREE),
    "page": json.dumps({"studies": THREE, "nextPageToken": "NF0g5JGHkPQ"}),
    "last page, total first": json.dumps({"totalCount": 3, "studies": THREE}, indent=1),
    "token first": json.dumps({"nextPageToken": None, "studies": THREE}),
    "two pages": json.dumps({"studies": THREE[:2], "nextPageToken": "x"}) + "\n" + json.dumps({"studies": THREE[2:]}),
    "BOM": "\ufeff" + json.dumps(THREE),
    "own first key": json.dumps([{"_id": {"$oid": "7"}, **each} for each in THREE]),
    "own first key, lines": "\n".join(json.dumps({"_id": 7, **each}) for each in THREE),
    "own first key, page": json.dumps({"studies": [{"_id": 7, **each} for each in THREE]}, indent=2),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_layouts_and_chunk_sizes_do_not_matter(layout: str, size: int) -> None:
    records, lost = run(LAYOUTS[layout], size)
    assert all(isinstance(error, Incomplete) for error in lost)
    assert len(lost) == (layout == "page")
    assert [record.number for record in records] == [1, 2, 3]
    assert [{key: value for key, value in record.data.items() if key != "_id"} for record in records] == THREE


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig", "utf-32"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_encodings(codec: str, size: int) -> None:
    mark = "\ufeff" if codec.endswith(("le", "be")) else ""
    text = mark + json.dumps([study(1, derivedSection={"name": "Nīmes 𝒳 €"})], ensure_ascii=False)
    records, lost = run(text.encode(codec), size)
    assert lost == []
    assert records[0].data["derivedSection"]["name"] == "Nīmes 𝒳 €"


def test_incomplete_utf16_is_reported() -> None:
    records, lost = run(json.dumps(THREE[:2]).encode("utf-16") + b"\x00")
    assert ids(records) == IDS[:2]
    assert [str(error) for error in lost] == ["a.json: is not valid UTF-16 text."]


DEEP = '{"hasResults":' + "[" * 10_000 + "]" * 10_000 + "}"
BROKEN = {
    "truncated line": (f"{json.dumps(THREE[0])}\n{json.dumps(THREE[1])[:60]}\n{json.dumps(THREE[2])}", [1, 3]),
    "word for a value": (json.dumps([THREE[0], "X", THREE[2]]).replace('"X"', json.dumps(THREE[1])[:-6] + "}"), [1, 3]),
    "garbage line": (f"{json.dumps(THREE[0])}\nhello, 'world'\n{json.dumps(THREE[2])}", [1, 3]),
    "another object": (json.dumps([THREE[0], {"a": [{"b": 1}]}, THREE[2]]), [1, 3]),
    "a string": (json.dumps([THREE[0], "text", THREE[2]]), [1, 3]),
    "numbers": (json.dumps([THREE[0], 1, 2, 3, THREE[2]]), [1, 3]),
    "another object, pretty": (json.dumps([THREE[0], {"a": [{"b": 1}]}, THREE[2]], indent=2), [1, 3]),
    "deep": (f'{json.dumps(THREE[0])}\n{{"hasResults":{"[" * 10_000}{"]" * 10_000}}}\n{json.dumps(THREE[2])}', [1, 3]),
    "own first key": ('[{"_id": 1 "x": {}}, ' + json.dumps({"_id": 2, **THREE[1]}) + ", 5]", [2]),
    "own first key, truncated line": (
        '{"_id": {"a"\n' + "\n".join(json.dumps({"_": 0, **s}) for s in THREE),
        [2, 3, 4],
    ),
    "huge number": ('[{"hasResults": ' + "1" * 5000 + "}," + json.dumps(THREE[1]) + "]", [2]),
    "raw NUL in a text": ('[{"hasResults": "a\0b"},' + json.dumps(THREE[1]) + "]", [2]),
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("size", [1, 7, 64, 1 << 20])
def test_a_broken_record_costs_no_other(name: str, size: int) -> None:
    text, numbers = BROKEN[name]
    records, lost = run(text, size)
    expected = run(text)[1]
    assert [record.number for record in records] == numbers
    assert lost
    assert all(isinstance(error, RecordError) and error.file == "a.json" and error.record for error in lost)
    assert [str(error) for error in lost] == [str(error) for error in expected]


def test_messages_have_the_record_number_and_the_byte() -> None:
    _, lost = run('[{"hasResults": true}, {"a": 1}, {"hasResults": tru}]')
    assert [str(error) for error in lost] == [
        r'a.json, record 2: found "{\"a\": 1}", expected a study record (an object with protocolSection) at byte 23.',
        "a.json, record 3: invalid JSON at byte 48 (Expecting value).",
    ]


def test_messages_have_the_id_of_a_broken_study() -> None:
    _, lost = run(json.dumps([study(7), study(8)])[:-10])
    assert lost[0].study == "NCT00000008"


@pytest.mark.parametrize("text", ["[]", '{"studies": []}', '{"studies":[],"totalCount":0}', " [ ]\n", "[[], []]"])
def test_an_empty_list_is_not_an_error(text: str) -> None:
    assert run(text) == ([], [])


@pytest.mark.parametrize(
    "text", ["", "  \n", "hello", "a,b\n1,2\n", "%PDF-1.4\n\x00\xff{}", "# Title\n\n[link](x)\n{% raw %}"[:8], "null"]
)
def test_a_file_without_a_record_is_reported(text: str) -> None:
    records, lost = run(text)
    assert records == []
    assert [error.file for error in lost] == ["a.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty."),
        ("hello", 'is a message and no study record ("hello")'),
        ("null", 'is a message and no study record ("null")'),
        ("a,b,c\n1,2,3\n", "holds no study record"),
    ],
)
def test_a_file_without_json_holds_no_study_record(text: str, message: str) -> None:
    (error,) = run(text)[1]
    assert str(error).startswith(f"a.json: {message}")


def test_a_list_truncated_between_two_studies_is_reported() -> None:
    records, lost = run(json.dumps(THREE)[:-1] + ",")
    assert len(records) == 3
    assert "ends before its list is closed" in str(lost[0])


def test_a_study_truncated_by_the_end_of_the_file_is_reported() -> None:
    records, lost = run(json.dumps({"studies": THREE})[:-40])
    assert ids(records) == IDS[:2]
    assert [error.record for error in lost] == [3]


@pytest.mark.parametrize(
    "text",
    [
        '{"FullStudiesResponse": {"APIVrs": "1.01.05"}}',
        '{\n "StudyFieldsResponse": {}\n}',
        '{"Study": {"ProtocolSection": {}}}',
        '<?xml version="1.0"?>\n<clinical_study rank="1"></clinical_study>',
    ],
)
def test_legacy_formats_are_named(text: str) -> None:
    records, lost = run(text)
    assert records == []
    assert isinstance(lost[0], SourceError)
    assert "API v2" in str(lost[0])


def test_values_that_only_the_json_module_parses_are_read() -> None:
    records, lost = run(
        b'[{"hasResults": NaN}, {"hasResults": "\\ud800"}, {"hasResults": "\\udcff"}, {"hasResults": "\\u0000"}]'
    )
    assert lost == []
    assert str(records[0].data["hasResults"]) == "nan"
    assert [record.data["hasResults"] for record in records[1:]] == ["\ud800", "\udcff", "\0"]


def test_an_invalid_study_is_still_a_record() -> None:
    records, lost = run('[{"protocolSection": 5}, {"protocolSection": {}}, {"x": 1, "resultsSection": {}}]')
    assert (len(records), lost) == (3, [])


def test_the_start_of_a_study_inside_a_string_is_ignored() -> None:
    inside = study(1, derivedSection={"text": '{"protocolSection": {', "b": 'x {"', "c": "{"})
    assert [record.data for record in run(json.dumps([inside, inside]))[0]] == [inside, inside]


@pytest.mark.parametrize("size", [7, 64, 1 << 20])
def test_a_record_over_the_size_limit_costs_no_other(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(splitter, "SIZE", min(splitter.SIZE, 500))
    monkeypatch.setattr(splitter, "UNSPLIT", 1000)
    monkeypatch.setattr(splitter, "MAX_RECORD", 2000)
    records, lost = run(json.dumps([THREE[0], study(9, derivedSection="x" * 9000), THREE[2]]), size)
    assert ids(records) == [IDS[0], IDS[2]]
    assert [record.number for record in records] == [1, 3]
    assert "is larger than" in str(lost[0])
    assert lost[0].study == "NCT00000009"


@pytest.mark.parametrize("form", [json.dumps, lambda many: "\n".join(map(json.dumps, many))])
@pytest.mark.parametrize("size", [64, 1 << 20])
def test_a_long_file_of_studies_that_start_with_other_keys(
    monkeypatch: pytest.MonkeyPatch, form: Callable[[Any], str], size: int
) -> None:
    monkeypatch.setattr(splitter, "UNSPLIT", 1000)
    monkeypatch.setattr(splitter, "MAX_RECORD", 30_000)
    records, lost = run(form([{"_id": 0, **study(number)} for number in range(200)]), size)
    assert ids(records) == [f"NCT{number:08}" for number in range(200)]
    assert lost == []


@pytest.mark.parametrize("size", [64, 1 << 20])
def test_studies_with_sorted_keys_are_split_too(size: int) -> None:
    """No part contains more than one of them, since a broken one would cost its neighbours."""
    made = [study(number, derivedSection={"text": "x"}) for number in range(50)]
    text = json.dumps(made, sort_keys=True).encode()
    pieces = [each for piece in splitter.Splitter().pieces(chunked(text, size)) for each in piece.studies()]
    assert len(pieces) == 51
    broken = text.replace(b'"NCT00000007"', b'"NCT0000"0007"')
    records, lost = run(broken, size)
    assert (len(records), len(lost)) == (49, 1)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_memory_stays_low_for_a_record_of_200_megabytes() -> None:
    program = """if True:
        from kg.records.reader import split
        def chunks():
            yield b'[{"hasResults": "'
            for _ in range(200): yield b"x" * 1000000
            yield b'"}, {"hasResults": true}]'
        lost = []
        assert len(list(split(chunks(), "a", lost.append))) == 1 and len(lost) == 1
        peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
        assert int(peak.split()[1]) < 130 << 10, peak
    """
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_time_for_many_losses_is_linear() -> None:
    records, lost = run("[" + "{}," * 20_000 + '"é", {"a" 1}' * 2000 + "]")
    assert records == []
    assert len(lost) > 20_000


def test_inputs_are_read_in_order_and_after_a_failure(tmp_path: Path) -> None:
    for name, text in {
        "b.json": json.dumps(study(2)),
        "a.json": "{",
        "c.json": json.dumps([study(3), study(4)]),
    }.items():
        (tmp_path / name).write_text(text)
    lost: list[InputError] = []
    records = list(read([tmp_path / "c.json", tmp_path / "b.json", tmp_path / "a.json"], lost.append))
    assert ids(records) == ["NCT00000002", "NCT00000003", "NCT00000004"]
    assert [record.number for record in records] == [1, 1, 2]
    assert len(lost) == 1


def test_a_missing_input_is_reported_before_anything_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(study(1)))
    with pytest.raises(UsageError, match=r"nothing\.json"):
        read([tmp_path / "a.json", tmp_path / "nothing.json"], lambda _: None)
