"""Results of studies: counts, references to groups, and the two library queries about them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pyshacl
import pytest
import rdflib
from rdflib import SH

import kg
from kg.export.exporter import Exported
from kg.mapping.plan import Role, shipped_plan
from kg.ontology.files import folder
from tests.conftest import DATA, WithShared
from tests.export.test_exporter import at, change, leaves, rows

CT = "https://w3id.org/trialkg/ontology#"
CODE = "https://w3id.org/trialkg/code/"
PART = "https://w3id.org/trialkg/part/"
STUDY = "https://clinicaltrials.gov/study/"
DECIMAL = ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal")
QUERIES = Path(__file__).parents[2] / "queries"
OUTCOMES = "resultsSection.outcomeMeasuresModule.outcomeMeasures"
EXPORTER = WithShared(contacts=True)


@pytest.fixture(scope="module")
def with_results(studies: list[dict[str, Any]], made: dict[str, Any]) -> list[dict[str, Any]]:
    """The records among the fixtures that have results."""
    found = [record for record in [*studies, made] if "resultsSection" in record]
    assert len(found) == 13
    return found


def quads(exported: Exported) -> Iterator[ox.Quad]:
    return ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES)


# ---------------------------------------------------------------- the queries, checked by hand against the JSON


def answers(query: str, *studies: str) -> list[list[str]]:
    """The rows of a library query over real records, in its order, with the NCT numbers of studies."""
    graph = kg.graph(*(DATA / "studies" / f"{study}.json" for study in studies))
    found = graph.query((QUERIES / query).read_text("utf-8"))
    return [["" if value is None else str(value).removeprefix(STUDY) for value in row] for row in found]


def test_serious_events_of_two_records() -> None:
    """Groups with affected participants, the default of the query."""
    placebo = "Placebo Glycerin SLIT"
    leukemia = ["Acute Lymphoblastic Leukemia", "Immune system disorders"]
    testosterone = {
        "Hypotension": ("Vascular disorders", "0", "1"),
        "Lymphocytic leukemia": ("Blood and lymphatic system disorders", "0", "1"),
        "Pulmonary embolism": ("Respiratory, thoracic and mediastinal disorders", "0", "1"),
        "Sepsis": ("Infections and infestations", "0", "1"),
        "Vomiting and constipation secondary to gastroparesis": ("Gastrointestinal disorders", "1", "0"),
        "Neuroendocrine tumor": ("Endocrine disorders", "1", "0"),
        "Vomiting and bloody stools": ("Gastrointestinal disorders", "1", "0"),
    }
    assert answers("serious_events.rq", "NCT02304991", "NCT03887936") == [
        ["NCT02304991", "EG001", placebo, *leukemia, "1", "25"],
        *(
            ["NCT03887936", "EG000", "Testosterone Arm", event, organ, affected, "46"]
            for event, (organ, affected, _) in testosterone.items()
            if affected != "0"
        ),
        *(
            ["NCT03887936", "EG001", "Placebo Arm", event, organ, affected, "46"]
            for event, (organ, _, affected) in testosterone.items()
            if affected != "0"
        ),
    ]


def test_primary_results_of_two_records() -> None:
    score = ["NCT02304991", "Desensitization After 36 Months of Peanut SLIT or Placebo SLIT", "", ""]
    test = ["score on a scale", "t-test, 2 sided", "0.002"]
    bone = ["NCT03887936", "Finite Element Analysis of Bone to Measure Bone Strength"]
    change_of = "Change (%) from baseline in "
    testosterone = {
        "stiffness of radius at 6 months": ("1.2", "1.6"),
        "failure load of radius at 6 months": ("1.6", "0.88"),
        "stiffness of tibia at 6 months": ("-0.50", "-0.45"),
        "failure load of tibia at 6 months": ("-0.41", "-0.36"),
        "stiffness of the radius at 12 months": ("0.69", "0.52"),
        "failure load of radius at 12 months": ("0.74", "0.09"),
        "stiffness of tibia at 12 months": ("-0.01", "0.44"),
        "failure load of tibia in 12 months": ("0.08", "0.37"),
    }
    assert answers("primary_results.rq", "NCT02304991", "NCT03887936") == [
        [*score, "Peanut (Liquid Peanut Extract) SLIT", "4.9", *test],
        [*score, "Placebo Glycerin SLIT", "2.5", *test],
        *(
            [*bone, change_of + row, "", group, value, "% change", "Kruskal-Wallis", "<0.05"]
            for row, values in testosterone.items()
            for group, value in zip(("Testosterone Arm", "Placebo Arm"), values, strict=True)
        ),
    ]


# ---------------------------------------------------------------- nothing is lost, nothing is moved

KINDS = {
    "Measurement": ("measurements",),
    "MeasureGroup": ("groups",),
    "EventGroup": ("eventGroups",),
    "Denominator": ("denoms",),
    "DenominatorCount": ("counts",),
    "Analysis": ("analyses",),
    "AdverseEvent": ("seriousEvents", "otherEvents"),
    "EventStat": ("stats",),
    "FlowPeriod": ("periods",),
    "FlowCount": ("achievements", "reasons"),
}
"""Class -> keys of the lists of the JSON that hold its nodes."""


def elements(value: Any, keys: tuple[str, ...]) -> int:
    """The number of elements of the lists under some keys, at any depth of a value."""
    if isinstance(value, list):
        return sum(elements(below, keys) for below in value)
    if not isinstance(value, dict):
        return 0
    own = sum(len(value[key]) for key in keys if key in value)
    return own + sum(elements(below, keys) for below in value.values())


def test_counts_agree_with_the_json(with_results: list[dict[str, Any]]) -> None:
    for record in with_results:
        types = Counter(quad.object.value for quad in quads(EXPORTER(record)) if quad.predicate.value.endswith("#type"))
        results = record["resultsSection"]
        expected = {name: elements(results, keys) for name, keys in KINDS.items()}
        expected["FlowGroup"] = len(results["participantFlowModule"]["groups"])
        expected["MeasureGroup"] -= expected["FlowGroup"]
        assert {name: types[CT + name] for name in expected} == expected


def given(record: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Property and value of each leaf of the results, a reference by the name that it has in the record, a code by
    its API value."""
    wanted = {path: known for path, _, known in shipped_plan().walk() if known.role is not Role.NODE}
    found = Counter[tuple[str, str]]()
    for path, value in leaves({"resultsSection": record["resultsSection"]}):
        field = wanted[path]
        text = field.codes[value].notation if field.codes else str(value)
        found[field.shape.path, text.lower() if isinstance(value, bool) else text] += 1
    return found


def test_every_leaf_has_its_property(with_results: list[dict[str, Any]]) -> None:
    for record in with_results:
        exported = EXPORTER({**minimal(), "resultsSection": record["resultsSection"]})
        triples = list(quads(exported))
        ids = {quad.subject: quad.object.value for quad in triples if quad.predicate.value.endswith("/identifier")}
        values = Counter(
            (quad.predicate.value, ids.get(quad.object, quad.object.value.removeprefix(CODE))) for quad in triples
        )
        assert given(record) - values == Counter()
        assert (exported.errors, exported.unmapped.leaves) == ([], 0)


def minimal() -> dict[str, Any]:
    return {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A study"}}}


def test_every_official_field_is_mapped() -> None:
    tree = json.loads((DATA / "studies-metadata.json").read_text("utf-8"))
    official = set(ends(next(node for node in tree if node["name"] == "resultsSection"), ""))
    mapped = {path for path, _, known in shipped_plan().walk() if known.role is not Role.NODE}
    assert len(official) > 100
    assert official - {path.replace("[]", "") for path in mapped} == set()


def ends(node: dict[str, Any], start: str) -> Iterator[str]:
    path = start + node["name"]
    if not node.get("children"):
        yield path
    for child in node.get("children", ()):
        yield from ends(child, path + ".")


# ---------------------------------------------------------------- numbers and text


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("45.20", True),
        ("0", True),
        ("-3", True),
        (".05", True),
        ("007", True),
        ("NA", False),
        ("<0.001", False),
        ("1,234", False),
        ("1e-5", False),
        ("5.", False),
        ("+5", False),
        (" 5", False),
        ("5\n", False),
        ("٣", False),
        ("-", False),
        ("", False),
    ],
)
def test_a_number_is_a_decimal_digit_for_digit_and_other_text_stays(
    made: dict[str, Any], value: str, *, number: bool
) -> None:
    path = f"{OUTCOMES}.0.classes.0.categories.0.measurements.0.value"
    exported = EXPORTER(change(made, path, value))
    measurement = f"{PART}NCT99999999-outcomeMeasure-1-class-1-category-1-measurement-1"
    found = [q.object for q in quads(exported) if (q.subject.value, q.predicate.value) == (measurement, CT + "value")]
    assert found == [ox.Literal(value, datatype=DECIMAL if number else None)]
    assert exported.errors == []


@pytest.mark.parametrize("value", [12, 1.5, True])
def test_a_value_that_is_not_text_is_reported_and_kept(made: dict[str, Any], value: float) -> None:
    """The API gives these numbers as text; one that is not would otherwise come back from the graph as text."""
    exported = EXPORTER(change(made, f"{OUTCOMES}.0.analyses.0.pValue", value))
    assert [(error.path, error.expected) for error in exported.errors] == [
        (
            "resultsSection.outcomeMeasuresModule.outcomeMeasures[0].analyses[0].pValue",
            "a number as text, or other text",
        )
    ]
    assert f'pValue> "{str(value).lower()}" .'.encode() in exported.data
    assert exported.unmapped.kept is not None


# ---------------------------------------------------------------- groups


def test_groups_of_one_outcome_measure_are_never_those_of_another(with_results: list[dict[str, Any]]) -> None:
    """A path ``part-1`` ... names the list of a part; the group has to be of the same list."""
    homes = {"outcomeMeasure": "outcomeGroup", "baseline": "baselineGroup", "flow": "flowGroup", "event": "eventGroup"}
    for record in with_results:
        references = 0
        for quad in quads(EXPORTER(record)):
            if quad.predicate.value != CT + "group":
                continue
            references += 1
            user, used = (node.value.removeprefix(PART).split("-") for node in (quad.subject, quad.object))
            if user[1] == "outcomeMeasure":
                assert (used[:3], used[3]) == (user[:3], "outcomeGroup")
            else:
                kind = "event" if user[1].endswith("Event") else user[1].removesuffix("Period").split("D")[0]
                assert used[1] == homes[kind.removesuffix("Measure")]
        assert references == sum(path.endswith(("groupId", "groupIds[]")) for path, _ in leaves(record))


def test_each_measurement_is_of_the_group_with_its_id(made: dict[str, Any]) -> None:
    exported = EXPORTER(made)
    found = rows(exported, "?m a ct:Measurement ; ct:value ?v ; ct:group ?g . ?g dcterms:identifier ?id")
    start = "NCT99999999-outcomeMeasure-1"
    assert [(m.removeprefix(PART), v, g.removeprefix(PART), i) for m, v, g, i in found if start in m] == [
        (f"{start}-class-1-category-1-measurement-1", "45.2", f"{start}-outcomeGroup-1", "OG000"),
        (f"{start}-class-1-category-1-measurement-2", "NA", f"{start}-outcomeGroup-2", "OG001"),
    ]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{OUTCOMES}.0.classes.0.categories.0.measurements.0.groupId", "OG009"),
        (f"{OUTCOMES}.0.classes.0.categories.0.measurements.0.groupId", "BG000"),
        (f"{OUTCOMES}.0.denoms.0.counts.1.groupId", "EG000"),
        (f"{OUTCOMES}.0.analyses.0.groupIds.1", "og001"),
        ("resultsSection.baselineCharacteristicsModule.measures.0.denoms.0.counts.0.groupId", "OG000"),
        ("resultsSection.participantFlowModule.periods.0.milestones.0.achievements.0.groupId", "EG000"),
        ("resultsSection.adverseEventsModule.seriousEvents.0.stats.1.groupId", "FG001"),
        ("resultsSection.adverseEventsModule.otherEvents.0.stats.1.groupId", ""),
    ],
)
def test_an_unknown_group_is_reported_and_kept_as_text(made: dict[str, Any], path: str, value: str) -> None:
    assert at(made, path)
    exported = EXPORTER(change(made, path, value))
    assert [(error.path or "").replace("[", ".").replace("]", "") for error in exported.errors] == [path]
    assert f'ontology#group> "{value}" .'.encode() in exported.data


def test_an_outcome_measure_without_groups_borrows_none(made: dict[str, Any]) -> None:
    changed = change(made, f"{OUTCOMES}.1.denoms", [{"counts": [{"groupId": "BG000", "value": "1"}]}])
    exported = EXPORTER(changed)
    assert [error.value for error in exported.errors] == ["BG000"]


def test_events_stay_with_their_group_and_no_group_is_called_an_arm(made: dict[str, Any]) -> None:
    found = rows(EXPORTER(made), "?n a ct:EventStat ; ct:group ?g ; ct:numAffected ?a . ?g dcterms:identifier ?id")
    start = "NCT99999999-"
    assert [(n.removeprefix(PART + start), a, i) for n, _, a, i in found] == [
        ("otherEvent-1-eventStat-1", "1", "EG000"),
        ("otherEvent-1-eventStat-2", "2", "EG001"),
        ("seriousEvent-1-eventStat-1", "1", "EG000"),
        ("seriousEvent-1-eventStat-2", "2", "EG001"),
    ]
    parts = rows(EXPORTER(made), "?arm a ct:Arm . { ?group ?p ?arm } UNION { ?arm ?p ?group } ?group a ?class")
    assert {type_.removeprefix(CT) for *_, type_ in parts} == {"Study", "ExpandedAccess", "Intervention"}


# ---------------------------------------------------------------- the shapes as SHACL

WRONG = [
    (f"{OUTCOMES}.0.classes.0.categories.0.measurements.0.groupId", "OG009", "group"),
    (f"{OUTCOMES}.0.calculatePct", "yes", "calculatePct"),
    (f"{OUTCOMES}.0.paramType", "MOOD", "paramType"),
    ("resultsSection.adverseEventsModule.seriousEvents.0.stats.0.numAffected", "many", "numAffected"),
]


def violations(shapes: rdflib.Graph, record: dict[str, Any]) -> list[str]:
    data = rdflib.Graph().parse(folder("ontology") / "codes.ttl").parse(data=EXPORTER(record).data, format="nt")
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none", advanced=False)
    assert isinstance(report, rdflib.Graph)
    return sorted(
        str(report.value(result, SH.resultPath)).rpartition("#")[2] for result in report.objects(None, SH.result)
    )


def test_good_results_conform(shapes: rdflib.Graph, made: dict[str, Any], studies: list[dict[str, Any]]) -> None:
    small = next(
        record for record in studies if record["protocolSection"]["identificationModule"]["nctId"][-4:] == "9179"
    )
    assert violations(shapes, made) == []
    assert violations(shapes, small) == []


@pytest.mark.parametrize(("path", "value", "name"), WRONG, ids=[name for _, _, name in WRONG])
def test_each_wrong_value_is_one_violation(
    shapes: rdflib.Graph, made: dict[str, Any], path: str, value: Any, name: str
) -> None:
    changed = change(made, path, value)
    assert len(EXPORTER(changed).errors) == 1
    assert set(violations(shapes, changed)) == {name}
