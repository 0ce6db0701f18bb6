"""A store with MeSH and studies stays equal to a fresh build, whatever the records call a term."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.export.report import Report
from kg.ontology.vocabulary import RDF, RDFS
from kg.store.dataset import open_store
from kg.store.embedded import build, remove, update
from tests.store.test_embedded import written

TERM = "http://id.nlm.nih.gov/mesh/D000001"
VOCABULARY = "http://id.nlm.nih.gov/mesh/vocab#"


def study(number: int, name: str, day: int) -> dict[str, Any]:
    return {
        "protocolSection": {
            "identificationModule": {"nctId": f"NCT0000000{number}", "briefTitle": "A trial"},
            "statusModule": {"lastUpdatePostDateStruct": {"date": f"2020-01-{day:02d}"}},
        },
        "derivedSection": {"conditionBrowseModule": {"meshes": [{"id": "D000001", "term": name}]}},
    }


def mesh(place: Path) -> Path:
    place.write_text(
        f'<{TERM}> <{RDFS}label> "Asthma"@en .\n<{TERM}> <{RDF}type> <{VOCABULARY}Descriptor> .\n'
        f'<{TERM}> <{VOCABULARY}identifier> "D000001" .\n'
    )
    return place


@pytest.mark.parametrize(
    "names",
    [
        ["Wheeze", None],
        ["Asthma", "Wheeze"],
        ["Asthma", "Wheeze", None],
        ["asthma", "Asthma", "asthma"],
        ["Asthma", None],
    ],
)
@pytest.mark.parametrize("others", [[], ["ASTHMA"], ["Asthma", "Wheeze", "Wheeze"]])
def test_labels_of_mesh_follow_those_of_the_records(tmp_path: Path, names: list[str | None], others: list[str]) -> None:
    rest = [study(i, name, 1) for i, name in enumerate(others, 2)]
    terms, file = mesh(tmp_path / "mesh.nt"), tmp_path / "records.jsonl"
    rest.append(study(9, "", 1) | {"derivedSection": {}})
    build([written([study(1, names[0] or "", 1), *rest], file), terms], tmp_path / "s", report=Report())
    for day, name in enumerate(names[1:], 2):
        if name is None:
            remove(tmp_path / "s", ["NCT00000001"])
        else:
            update(tmp_path / "s", [written([study(1, name, day)], file)], report=Report())
        first = [] if name is None else [study(1, name, day)]
        build([written([*first, *rest], file), terms], tmp_path / f"fresh{day}", report=Report())
        with open_store(tmp_path / "s") as store, open_store(tmp_path / f"fresh{day}") as fresh:
            assert {*store} == {*fresh}
            assert len(store) == len({quad.triple for quad in store})
