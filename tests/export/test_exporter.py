"""The export of one study."""

from __future__ import annotations

import copy
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pyoxigraph as ox
import pytest

from kg.errors import RecordError, Repaired
from kg.export.exporter import Exported, Exporter
from kg.mapping import derived
from kg.mapping.plan import Role, shipped_plan
from kg.ontology.model import shipped
from kg.rdf.formats import FORMATS
from tests.conftest import GOLDEN, WithShared

CT = "https://w3id.org/trialkg/ontology#"
PART = "https://w3id.org/trialkg/part/"
LINES = WithShared()
WITH_CONTACTS = WithShared(contacts=True)


def graph(exported: Exported) -> ox.Store:
    store = ox.Store()
    store.load(exported.data, format=ox.RdfFormat.N_TRIPLES)
    return store


def rows(exported: Exported, pattern: str) -> list[tuple[str, ...]]:
    """Return the solutions of a SPARQL pattern as text, sorted, with its variables in the order of first use."""
    variables = dict.fromkeys(re.findall(r"\?(\w+)", pattern))
    names = "".join(f"PREFIX {prefix}: <{namespace}>\n" for prefix, namespace in LINES.prefixes.items())
    solutions = graph(exported).query(f"{names}SELECT * {{ {pattern} }}")
    assert isinstance(solutions, ox.QuerySolutions)
    return sorted(tuple(str(solution[name].value) for name in variables) for solution in solutions)


def change(record: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy of a record with the value at a dotted path replaced."""
    changed = copy.deepcopy(record)
    *keys, last = path.split(".")
    place = changed
    for key in keys:
        place = place[int(key)] if isinstance(place, list) else place.setdefault(key, {})
    place[int(last) if isinstance(place, list) else last] = value
    return changed


def at(record: Any, path: str) -> Any:
    for key in path.split("."):
        record = record[int(key)] if isinstance(record, list) else record.get(key, {})
    return record


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, path + "[]")
    else:
        yield path, value


# ---------------------------------------------------------------- golden files


@pytest.mark.parametrize(("name", "extension"), [("turtle", "ttl"), ("ntriples", "nt")])
def test_export_matches_the_golden_files(seed: dict[str, Any], name: str, extension: str) -> None:
    exporter = Exporter(grouped=FORMATS[name].grouped)
    frame = FORMATS[name].frame(exporter.prefixes)
    written = frame.head + frame.encode(exporter.with_shared(exporter(seed))) + frame.tail
    assert written == (GOLDEN / f"NCT02059759.{extension}").read_bytes()


def test_export_has_the_values_of_the_registry_page(seed: dict[str, Any]) -> None:
    exported = LINES(seed)
    study = "<https://clinicaltrials.gov/study/NCT02059759>"
    assert exported.errors == []
    assert exported.unmapped.leaves == 0
    assert rows(exported, f"{study} ct:conditionMesh ?mesh . ?mesh a meshv:Descriptor ; rdfs:label ?label") == [
        ("http://id.nlm.nih.gov/mesh/D000690", "Amyotrophic Lateral Sclerosis")
    ]
    assert len(rows(exported, f"{study} ct:conditionMeshAncestor ?a . ?a rdfs:label ?label")) == 10
    assert [row[0] for row in rows(exported, f"{study} ct:interventionMesh ?m")] == [
        "http://id.nlm.nih.gov/mesh/C082598"
    ]
    assert len(rows(exported, f"{study} ct:arm ?a . ?a ct:armIntervention ?i . ?i ct:interventionArm ?a")) == 3
    for kind, count in (("primary", 1), ("secondary", 83), ("other", 10)):
        outcomes = rows(exported, f"{study} ct:{kind}Outcome ?o . ?o ct:position ?n ; rdfs:label ?l ; ct:timeFrame ?t")
        by_position = sorted(outcomes, key=lambda row: int(row[1]))
        values = seed["protocolSection"]["outcomesModule"][kind + "Outcomes"]
        assert [(row[2], row[3]) for row in by_position] == [(o["measure"], o["timeFrame"]) for o in values]
        assert len(values) == count
    assert rows(exported, "?l a ct:Location ; wgs:lat ?lat ; wgs:long ?long ; gsp:hasGeometry/gsp:asWKT ?wkt") == [
        (f"{PART}NCT02059759-location-1", "43.61093", "3.87635", "POINT(3.87635 43.61093)")
    ]
    assert b'ontology#startDate> "2015-09"^^<http://www.w3.org/2001/XMLSchema#gYearMonth> .' in exported.data
    assert rows(exported, "?i ct:secondaryIdType ?type ; dcterms:identifier ?id ; ct:registryEntry ?entry")[0][1:] == (
        "https://w3id.org/trialkg/code/EUDRACT_NUMBER",
        "2014-001327-71",
        "https://www.clinicaltrialsregister.eu/ctr-search/search?query=eudract_number:2014-001327-71",
    )
    assert rows(exported, "?r ct:pubmed ?p")[0][1] == "https://pubmed.ncbi.nlm.nih.gov/32651161/"
    assert rows(exported, f"{study} ct:isGeneTherapy ?g ; ct:hasAdverseEvents ?a") == [("true", "false")]


# ---------------------------------------------------------------- completeness


def holds(texts: set[str], path: str, value: Any) -> bool:
    """Whether the value of a leaf is among the IRIs and lexical forms of the graph."""
    if isinstance(value, bool):
        return str(value).lower() in texts
    text = str(value)
    if path.endswith("interventionNames[]"):  # the label of the type and the name of an intervention
        text = text.partition(": ")[2]
    if path.endswith("outcomeMeasures[].dispersionType"):  # the label of a code
        scheme = shipped().schemes["https://w3id.org/trialkg/scheme/MeasureDispersionType"]
        text = next(notation for notation, concept in scheme.items() if concept.label == text)
    ids = {derived.mesh_id(value)} if path.endswith(".id") else set()
    forms = {text, text + ":00", *(f"http://id.nlm.nih.gov/mesh/{id_}" for id_ in ids)}
    return (
        bool(forms & texts)
        or any(iri.startswith("https://w3id.org/trialkg/code/") and iri.endswith("/" + text) for iri in texts)
        or any(text.isdigit() and f"/{text}/" in iri for iri in texts if iri.startswith("https://pubmed"))
        or (text.startswith("NCT") and f"https://clinicaltrials.gov/study/{text}" in texts)
    )


def test_every_leaf_of_every_fixture_is_in_its_graph(
    seed: dict[str, Any], studies: list[dict[str, Any]], made: dict[str, Any]
) -> None:
    page = {key: value for key, value in seed.items() if key != "pageHeader"}
    assert sum(1 for _ in leaves(page)) == 354
    for record in [page, made, *studies]:
        exported = WITH_CONTACTS(record)
        unread = set(exported.unmapped.paths)
        texts = {quad.object.value for quad in ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES)}
        texts |= {str(error.value) for error in exported.errors if isinstance(error, Repaired)}
        lost = [(path, value) for path, value in leaves(record) if path not in unread and not holds(texts, path, value)]
        assert lost == [], exported.study


def test_lists_have_one_object_per_element(studies: list[dict[str, Any]], made: dict[str, Any]) -> None:
    """Every list has as many parts, or distinct values, as the JSON has elements."""
    for record in [*studies, made]:
        exported = WITH_CONTACTS(record)
        store = graph(exported)
        study = ox.NamedNode(f"https://clinicaltrials.gov/study/{exported.study}")
        for field in shipped_plan().study.fields:
            values = at(record, ".".join(field.keys)) if field.keys else {}
            if not field.many or not values or field.is_derived:
                continue
            if field.target is not None and field.target.template is None:
                expected = len(values)
            else:
                expected = len({str(element) for element in values})
            count = sum(1 for _ in store.quads_for_pattern(study, ox.NamedNode(field.shape.path), None))
            assert count == expected, f"{exported.study} {field.shape.path}"


def test_every_path_of_the_ontology_is_in_a_fixture(
    seed: dict[str, Any], studies: list[dict[str, Any]], made: dict[str, Any]
) -> None:
    present = {path for record in [seed, made, *studies] for path, _ in leaves(record)}
    expected = {
        path for path, _, field in shipped_plan().walk() if field.role is not Role.NODE and not field.is_derived
    }
    assert expected - present == set()


def test_every_property_is_written_by_some_fixture(
    seed: dict[str, Any], studies: list[dict[str, Any]], made: dict[str, Any]
) -> None:
    written = {quad.predicate.value for record in [seed, made, *studies] for quad in graph(WITH_CONTACTS(record))}
    assert {field.shape.path for _, _, field in shipped_plan().walk()} - written == set()


def test_unmapped_keys_are_kept_at_their_path(seed: dict[str, Any]) -> None:
    changed = change(seed, "protocolSection.armsInterventionsModule.interventions.1.mapped", ["a", {"b": 1.5}])
    exported = LINES(changed)
    assert exported.unmapped.leaves == 2
    assert exported.unmapped.kept == {
        "protocolSection": {"armsInterventionsModule": {"interventions": [{}, {"mapped": ["a", {"b": 1.5}]}, {}]}}
    }
    assert (
        b'interventions\\":[{},{\\"mapped\\":[\\"a\\",{\\"b\\":1.5}]},{}]}}}"^^<http://www.w3.org/1999/02/22-rdf-syntax-ns#JSON>'
        in exported.data
    )


def test_empty_objects_are_kept_and_not_reported(seed: dict[str, Any]) -> None:
    exported = LINES(change(seed, "protocolSection.oversightModule", {}))
    assert (exported.errors, exported.unmapped.kept) == ([], {"protocolSection": {"oversightModule": {}}})


# ---------------------------------------------------------------- contact data


def test_contact_data_is_left_out_by_default(made: dict[str, Any]) -> None:
    without, with_ = LINES(made), WITH_CONTACTS(made)
    assert b"office@example.org" not in without.data
    assert b"000-000-0000" not in without.data
    assert without.withheld == 9
    assert with_.data.count(b"office@example.org") == 3
    assert with_.withheld == 0


def test_unmapped_contact_data_is_left_out_too(seed: dict[str, Any]) -> None:
    changed = change(seed, "protocolSection.elsewhere", [{"email": "office@example.org", "name": "Office"}])
    assert b"office@" not in LINES(changed).data
    assert LINES(changed).withheld == 1
    assert b"office@" in WITH_CONTACTS(changed).data


# ---------------------------------------------------------------- joins by name


def test_an_ambiguous_name_refers_to_the_nodes_that_refer_back() -> None:
    module = {
        "armGroups": [
            {"label": "A", "interventionNames": ["Drug: X"]},
            {"label": "B", "interventionNames": ["Drug: X"]},
            {"label": "C", "interventionNames": ["Drug: X"]},
        ],
        "interventions": [
            {"type": "DRUG", "name": "X", "armGroupLabels": ["A"]},
            {"type": "DRUG", "name": "X", "armGroupLabels": ["B"]},
        ],
    }
    exported = LINES(minimal(armsInterventionsModule=module))
    short = [(a.removeprefix(PART), i.removeprefix(PART)) for a, i in rows(exported, "?a ct:armIntervention ?i")]
    one, two = "NCT00000001-intervention-1", "NCT00000001-intervention-2"
    assert short == [
        ("NCT00000001-arm-1", one),
        ("NCT00000001-arm-2", two),
        ("NCT00000001-arm-3", one),
        ("NCT00000001-arm-3", two),
    ]


@pytest.mark.parametrize("labels", [7, "A", {"A": 1}, None, [["A"]]])
def test_an_invalid_list_of_names_affects_no_other_node(labels: Any) -> None:
    twins = [{"type": "DRUG", "name": "X", "armGroupLabels": value} for value in (labels, ["A"])]
    module = {"armGroups": [{"label": "A", "interventionNames": ["Drug: X"]}], "interventions": twins}
    exported = LINES(minimal(armsInterventionsModule=module))
    assert [error.path for error in exported.errors]
    assert [i.removeprefix(PART) for _, i in rows(exported, "?a ct:armIntervention ?i")] == [
        "NCT00000001-intervention-2"
    ]


def test_an_unknown_name_is_reported_and_kept_as_text() -> None:
    module = {"interventions": [{"type": "DRUG", "name": "X", "armGroupLabels": ["nowhere"]}]}
    exported = LINES(minimal(armsInterventionsModule=module))
    assert [error.path for error in exported.errors] == [
        "protocolSection.armsInterventionsModule.interventions[0].armGroupLabels[0]"
    ]
    assert b'ontology#interventionArm> "nowhere" .' in exported.data


def minimal(**modules: Any) -> dict[str, Any]:
    identification = {"nctId": "NCT00000001", "briefTitle": "A study"}
    return {"protocolSection": {"identificationModule": identification, **modules}}


# ---------------------------------------------------------------- invalid values

INVALID = {
    "protocolSection.designModule.enrollmentInfo.count": ("12 persons", b'enrollmentCount> "12 persons" .'),
    "protocolSection.statusModule.startDateStruct.date": ("2015-13", b'startDate> "2015-13" .'),
    "protocolSection.statusModule.studyFirstSubmitDate": ("2015-02-30", b'studyFirstSubmitDate> "2015-02-30" .'),
    "protocolSection.statusModule.overallStatus": ("DREAMING", b'overallStatus> "DREAMING" .'),
    "protocolSection.eligibilityModule.healthyVolunteers": ("yes", b'healthyVolunteers> "yes" .'),
    "protocolSection.identificationModule.acronym": (12, b'acronym> "12" .'),
    "protocolSection.conditionsModule.conditions": ("one text", b'condition> "one text" .'),
    "protocolSection.designModule.phases": ("PHASE2", b'phase> "PHASE2" .'),
    "protocolSection.contactsLocationsModule.locations.0.geoPoint.lat": (float("nan"), b'wgs84_pos#lat> "NaN" .'),
    "protocolSection.referencesModule.references.0.pmid": ("12 x", b'pubmed> "12 x" .'),
    "protocolSection.conditionsModule.keywords.0": (True, b'keyword> "true" .'),
}


@pytest.mark.parametrize("path", INVALID)
def test_an_invalid_value_is_kept_as_text_and_affects_nothing_else(seed: dict[str, Any], path: str) -> None:
    value, line = INVALID[path]
    whole, exported = LINES(seed), LINES(change(seed, path, value))
    assert len(exported.errors) == 1
    shown = exported.errors[0].path or ""
    assert shown.replace("[", ".").replace("]", "") == path
    assert exported.errors[0].study == "NCT02059759"
    assert line in exported.data
    missing = set(whole.data.splitlines()) - set(exported.data.splitlines())
    assert len(missing) <= 3, "the value and those derived from it"


@pytest.mark.parametrize(
    "path",
    [
        "protocolSection.identificationModule.officialTitle",
        "protocolSection.statusModule.startDateStruct",
        "protocolSection.conditionsModule.conditions",
        "protocolSection.designModule",
        "protocolSection.outcomesModule.primaryOutcomes",
        "protocolSection.outcomesModule.primaryOutcomes.0",
        "protocolSection.contactsLocationsModule.locations.0.country",
        "protocolSection.sponsorCollaboratorsModule.leadSponsor",
        "protocolSection.armsInterventionsModule.interventions.0.armGroupLabels.0",
        "derivedSection.conditionBrowseModule.meshes.0",
        "derivedSection.conditionBrowseModule.meshes.0.id",
        "hasResults",
        "derivedSection",
    ],
)
@pytest.mark.parametrize(
    "value", [None, 7, 1.5, True, "text", ["x"], [["x"]], [None], {"a": "b"}, [{"a": 1}], float("inf")], ids=repr
)
def test_invalid_values_are_kept_anywhere(seed: dict[str, Any], path: str, value: Any) -> None:
    exported = LINES(change(seed, path, value))
    parsed = list(ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES))
    assert len(parsed) == exported.triples
    texts = {str(quad.object.value) for quad in parsed}
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        assert str(value) in texts or any(f'"{value}"' in text or f":{value}" in text for text in texts)
    if value in (None, {"a": "b"}) or isinstance(value, dict):
        assert exported.unmapped.kept is not None


@pytest.mark.parametrize(
    "value", [None, "", "NCT1", "nct02059759", "NCT020597590", 2059759, ["NCT02059759"], "NCT٠٢٠٥٩٧٥٩"]
)
def test_a_record_without_a_valid_nct_number_is_rejected(seed: dict[str, Any], value: Any) -> None:
    with pytest.raises(RecordError, match=r"nctId: found .*, expected NCT and eight digits"):
        LINES(change(seed, "protocolSection.identificationModule.nctId", value))


def test_characters_that_formats_cannot_represent_are_replaced_and_reported(seed: dict[str, Any]) -> None:
    title = "a\x00b\ud800c\x08d\uffffe </script> \\u0000 é 😀"
    exported = LINES(change(seed, "protocolSection.identificationModule.briefTitle", title))
    assert [error.path for error in exported.errors] == ["protocolSection.identificationModule.briefTitle"]
    assert rows(exported, "?s a ct:Study ; rdfs:label ?l")[0][1] == "a�b�c�d�e </script> \\u0000 é 😀"


def test_links_that_are_not_iris_are_reported_and_kept_as_text(seed: dict[str, Any]) -> None:
    links = [
        {"label": "l", "url": url}
        for url in ('http://a b"c', "www.example.org", "javascript:alert(1)", "http://x.org/ok")
    ]
    exported = LINES(change(seed, "protocolSection.referencesModule.seeAlsoLinks", links))
    assert len(exported.errors) == 3
    assert b'url> "http://a b\\"c" .' in exported.data
    assert b"url> <http://x.org/ok> ." in exported.data


def test_a_node_without_a_key_is_reported_and_kept(seed: dict[str, Any]) -> None:
    exported = LINES(change(seed, "protocolSection.sponsorCollaboratorsModule.leadSponsor", {"class": "OTHER"}))
    assert [error.path for error in exported.errors] == ["protocolSection.sponsorCollaboratorsModule.leadSponsor.name"]
    assert exported.unmapped.kept == {
        "protocolSection": {"sponsorCollaboratorsModule": {"leadSponsor": {"class": "OTHER"}}}
    }


# ---------------------------------------------------------------- rules of the model


def test_padded_mesh_ids_are_repaired(studies: list[dict[str, Any]]) -> None:
    for record in studies:
        iris = {quad.object.value for quad in graph(LINES(record)) if quad.predicate.value.endswith("Mesh")}
        for iri in iris:
            assert derived.mesh_id(iri.rpartition("/")[2]) == iri.rpartition("/")[2]


def test_there_are_no_blank_nodes(studies: list[dict[str, Any]]) -> None:
    for record in studies:
        for quad in graph(LINES(record)):
            assert isinstance(quad.subject, ox.NamedNode)
            assert not isinstance(quad.object, ox.BlankNode)


def test_no_edge_between_mesh_terms_is_asserted(studies: list[dict[str, Any]]) -> None:
    for record in studies:
        for quad in graph(LINES(record)):
            if quad.subject.value.startswith("http://id.nlm.nih.gov/mesh/"):  # type: ignore[union-attr]
                assert quad.predicate.value.rpartition("#")[2] in ("type", "label")


def test_the_export_does_not_change_the_record(seed: dict[str, Any]) -> None:
    before = copy.deepcopy(seed)
    LINES(seed)
    assert seed == before


def test_grouped_output_and_lines_have_the_same_triples(studies: list[dict[str, Any]]) -> None:
    grouped = WithShared(grouped=True)
    head = FORMATS["turtle"].frame(grouped.prefixes).head
    for record in studies:
        turtle, lines = grouped(record), LINES(record)
        triples = Counter(ox.parse(head + turtle.data, format=ox.RdfFormat.TURTLE))
        assert triples == Counter(ox.parse(lines.data, format=ox.RdfFormat.N_TRIPLES))
        assert turtle.triples == lines.triples == triples.total()
        assert max(triples.values()) == 1


def test_another_base_moves_the_resources_and_not_the_ontology(seed: dict[str, Any]) -> None:
    data = Exporter(base="https://example.org/kg/")(seed).data
    assert b"<https://example.org/kg/part/NCT02059759-arm-1>" in data
    assert b"<https://w3id.org/trialkg/ontology#arm>" in data
    assert b"https://w3id.org/trialkg/code/PHASE2" in data
    assert b"https://w3id.org/trialkg/part/" not in data
    assert b"https://w3id.org/trialkg/record/" not in data
