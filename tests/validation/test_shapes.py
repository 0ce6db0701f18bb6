"""The shapes as SHACL: pySHACL finds violations exactly where the export reports a field."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pyshacl
import pytest
import rdflib
from rdflib import SH

from kg.errors import Repaired
from kg.ontology.files import folder
from tests.conftest import WithShared
from tests.export.test_exporter import change

EXPORTER = WithShared(contacts=True)


def violations(shapes: rdflib.Graph, record: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the distinct pairs of focus node and path of the violations in the graph of one record.

    pySHACL looks for codes in the data graph, so they are added to it.
    """
    data = rdflib.Graph().parse(folder("ontology") / "codes.ttl")
    data.parse(data=EXPORTER(record).data, format="nt")
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none", advanced=False)
    assert isinstance(report, rdflib.Graph)
    return sorted(
        {
            (str(report.value(result, SH.focusNode)), str(report.value(result, SH.resultPath)))
            for result in report.objects(None, SH.result)
        }
    )


def test_violations_match_the_reported_fields(
    shapes: rdflib.Graph, seed: dict[str, Any], made: dict[str, Any], studies: list[dict[str, Any]]
) -> None:
    small = sorted(studies, key=lambda record: len(str(record)))[:8]
    faulty = [record for record in studies if EXPORTER(record).errors]
    assert faulty
    for record in [seed, made, *small, *faulty]:
        exported = EXPORTER(record)
        reported = [error for error in exported.errors if not isinstance(error, Repaired)]
        assert len(violations(shapes, record)) == len(reported), exported.study


WRONG = [
    ("protocolSection.statusModule.startDateStruct.date", "soon", "startDate"),
    ("protocolSection.statusModule.overallStatus", "DREAMING", "overallStatus"),
    ("protocolSection.designModule.enrollmentInfo.count", "many", "enrollmentCount"),
    ("protocolSection.armsInterventionsModule.interventions.0.name", None, "rdf-schema#label"),
    ("protocolSection.armsInterventionsModule.interventions.0.armGroupLabels.0", "nowhere", "interventionArm"),
    ("protocolSection.referencesModule.references.0.pmid", "x", "pubmed"),
]


@pytest.mark.parametrize(("path", "value", "name"), WRONG, ids=[name for _, _, name in WRONG])
def test_each_invalid_value_is_a_violation(
    shapes: rdflib.Graph, seed: dict[str, Any], path: str, value: Any, name: str
) -> None:
    changed = change(seed, path, value)
    names = Counter(path.rpartition("#")[2] for _, path in violations(shapes, changed))
    assert names[name.rpartition("#")[2]] >= 1
    assert names.total() == len(EXPORTER(changed).errors)
