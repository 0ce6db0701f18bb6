"""A record is compared with a store without reading the graph, unless its literals may be held as one."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.export.report import Report
from kg.registry.opening import open_target
from kg.registry.targets import Target
from kg.store.embedded import build
from tests.conftest import STUDIES


def compared(target: Target, record: dict[str, Any]) -> str:
    number = record["protocolSection"]["identificationModule"]["nctId"]
    difference = target.compare(number, orjson.dumps(record))
    return difference.kind if difference else ""


@pytest.mark.parametrize("path", STUDIES, ids=lambda path: path.stem)
def test_a_record_is_the_same_with_any_leaf_changed_back(path: Path, tmp_path: Path) -> None:
    record = orjson.loads(path.read_bytes())
    build([record], tmp_path / "s", report=Report())
    other = copy.deepcopy(record)
    other["derivedSection"]["miscInfoModule"]["versionHolder"] = "2030-01-01"
    fewer, more, dated = (copy.deepcopy(record) for _ in range(3))
    fewer["protocolSection"].pop("sponsorCollaboratorsModule")
    more["protocolSection"]["identificationModule"]["nctIdAliases"] = ["NCT00000001"]
    dated["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"] = {"date": "2030-01-01"}
    with open_target(str(tmp_path / "s"), contacts=False, change=None, reject=lambda _: None) as target:
        kinds = [compared(target, each) for each in (record, other, fewer, more, dated)]
    assert kinds == ["", "", "re-derived", "re-derived", "changed"]


def test_values_that_a_store_holds_as_one(tmp_path: Path, made: dict[str, Any]) -> None:
    """The made-up record has values of every kind."""
    build([made], tmp_path / "s", report=Report())
    fewer = copy.deepcopy(made)
    del fewer["protocolSection"]["designModule"]["phases"]
    with open_target(str(tmp_path / "s"), contacts=False, change=None, reject=lambda _: None) as target:
        assert compared(target, made) == ""
        assert compared(target, fewer) == "re-derived"
