"""A record of 20 MB took 9 GB: short texts kept blocks of 4 KiB, and values, statements and errors had no limit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.errors import RecordError
from kg.export.exporter import Exporter
from kg.export.report import Report
from kg.export.run import export
from kg.records import limits
from kg.records.saved_page import records

MODULES = {
    "keywords": {"conditionsModule": {"keywords": [f"k{i}" for i in range(120_000)]}},
    "locations": {
        "contactsLocationsModule": {"locations": [{"facility": f"F{i}", "city": "C"} for i in range(40_000)]}
    },
    "equal": {"conditionsModule": {"keywords": [""] * 400_000}},
}
_PEAK = """
import resource, sys
from kg.export import native
if sys.argv[3] == "interpreter":
    native.native = lambda: None
from kg.export.run import export
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
export([sys.argv[1]], sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def record(modules: dict[str, Any]) -> bytes:
    identification = {"nctId": "NCT00000001", "briefTitle": "T"}
    return orjson.dumps({"protocolSection": {"identificationModule": identification, **modules}})


@pytest.mark.parametrize("engine", ["emitter", "interpreter"])
@pytest.mark.parametrize("extension", [".nt", ".ttl", ".jsonld", ".rdf"])
@pytest.mark.parametrize("name", MODULES)
def test_peak_memory(tmp_path: Path, name: str, extension: str, engine: str) -> None:
    source = tmp_path / "a.json"
    source.write_bytes(record(MODULES[name]))
    command = [sys.executable, "-c", _PEAK, str(source), str(tmp_path / f"a{extension}"), engine]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 200 << 10  # 120,000 blocks of 4 KiB are 480 MB


def refusal(modules: dict[str, Any]) -> str:
    with pytest.raises(RecordError) as refused:
        Exporter().from_json(record(modules))
    return str(refused.value)


def test_too_many_statements_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_STATEMENTS", 1000)
    arms = {"armGroups": [{"label": str(i), "interventionNames": ["Drug: A"] * 2} for i in range(100)]}
    drugs = {"interventions": [{"type": "DRUG", "name": "A"}] * 100}
    assert "more than 1,000 statements" in refusal({"armsInterventionsModule": arms | drugs})


def test_emitter_and_interpreter_have_the_same_limit() -> None:
    source = (Path(__file__).parents[2] / "native" / "output.c").read_text()
    assert f"#define MAX_TRIPLES {limits.MAX_STATEMENTS} " in source


def test_too_many_errors_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ERRORS", 1000)
    expected = "NCT00000001: has more than 1,000 values that do not match their shapes."
    assert refusal({"conditionsModule": {"keywords": [7] * 1001}}) == expected
    assert refusal({"conditionsModule": {"keywords": ["\0"] * 1001}}) == expected
    cities = {"locations": [{"facility": str(i), "city": 7} for i in range(1001)]}
    assert refusal({"contactsLocationsModule": cities}) == expected


def test_a_record_with_too_many_values_is_lost_and_the_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_VALUES", 1000)
    monkeypatch.setattr(limits, "_SMALL", 0)
    lists = {"newModule": [[]] * 1000}
    other = record({}).replace(b"NCT00000001", b"NCT00000002")
    (tmp_path / "a.jsonl").write_bytes(record(lists) + b"\n" + other + b"\n")
    report = export([tmp_path / "a.jsonl"], tmp_path / "a.nt", report=Report())
    assert [error.study for error in report.problems] == ["NCT00000001"]
    assert "values, too many to be parsed" in str(report.problems[0])
    assert report.totals.studies == 1
    assert not report.lossless


@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_record_of_a_saved_page_with_too_many_values_is_refused(quote: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_VALUES", 1000)
    monkeypatch.setattr(limits, "_SMALL", 0)
    studies = [record({"newModule": [[]] * 1000}), record({"newModule": [[]] * 400})] * 2
    text = "Status: COMPLETED\n" + "\n".join(study.decode().replace('"', quote) for study in studies)
    found = [isinstance(study, RecordError) and study.problem == limits.TOO_MANY for study in records(text)]
    assert found == [True, False] * 2
