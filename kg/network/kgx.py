"""KGX (https://biolink.github.io/kgx/kgx_format.html): nodes and edges in the terms of the Biolink Model.

What has a class in Biolink is written: studies, MeSH terms, interventions, sponsors, countries, publications. No
predicate says that anything treats anything: a study is related to its conditions and interventions, no more. The
predicate of our own ontology stands beside it as ``original_predicate``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from kg.network.model import PUBLICATIONS, STUDIES, Edge, Node, Value, local
from kg.ontology.vocabulary import BASE, CT

Items = Callable[[], Iterable[tuple[Node, list[Edge]]]]
"""The nodes with their edges, anew each time."""
Row = dict[str, Any]

LISTS = frozenset(("category", "clinical_trial_age_stage", "clinical_trial_conditions", "clinical_trial_interventions"))
NODE_COLUMNS = (
    *("id", "category", "name", "clinical_trial_phase", "clinical_trial_primary_purpose"),
    *("clinical_trial_intervention_model", "clinical_trial_overall_status", "clinical_trial_brief_title"),
    *("clinical_trial_enrollment_type", "clinical_trial_start_date", "clinical_trial_enrollment"),
    *("clinical_trial_age_stage", "clinical_trial_conditions", "clinical_trial_interventions"),
)
EDGE_COLUMNS = (
    *("id", "subject", "predicate", "object", "original_predicate"),
    *("primary_knowledge_source", "knowledge_level", "agent_type"),
)
SOURCE = "infores:clinicaltrials"

_PART = re.compile(r"/part/(NCT\d{8})-")
_MESH = "http://id.nlm.nih.gov/mesh/"
PREFIXES = {
    "MESH": _MESH,
    "PMID": PUBLICATIONS,
    "CLINICALTRIALS": STUDIES,
    **{f"trialkg.{name}": f"{BASE}{name}/" for name in ("organization", "country", "part")},
    "trialkg": CT,
}
"""Prefix -> namespace; a CURIE has no slash behind its prefix, so ours are one for each kind."""
_KINDS = {
    "Organization": "biolink:Agent",
    "Country": "biolink:GeographicLocation",
    "Intervention": "biolink:ClinicalIntervention",
    "Publication": "biolink:Publication",
}
_PHASES = {
    ("PHASE1",): "clinical_trial_phase_1",
    ("PHASE1", "PHASE2"): "clinical_trial_phase_1_to_2",
    ("PHASE2",): "clinical_trial_phase_2",
    ("PHASE2", "PHASE3"): "clinical_trial_phase_2_to_3",
    ("PHASE3",): "clinical_trial_phase_3",
    ("PHASE4",): "clinical_trial_phase_4",
    ("EARLY_PHASE1",): "clinical_trial_phase",
}
_STATUSES = frozenset(
    (
        *("ACTIVE_NOT_RECRUITING", "APPROVED_FOR_MARKETING", "AVAILABLE", "COMPLETED", "ENROLLING_BY_INVITATION"),
        *("NO_LONGER_AVAILABLE", "NOT_YET_RECRUITING", "RECRUITING", "SUSPENDED", "TEMPORARILY_NOT_AVAILABLE"),
        *("TERMINATED", "UNKNOWN", "WITHDRAWN"),
    )
)
"""Those that Biolink has; a status that it lacks is left out."""
_RELATED = {
    "conditionMesh": "automated_agent",  # the registry finds these terms by a program
    "interventionMesh": "automated_agent",
    "intervention": "manual_agent",
    "leadSponsor": "manual_agent",
    "collaborator": "manual_agent",
}
"""What a study is related to, and who says so."""


def curie(iri: str) -> str:
    """An IRI with the prefix that Biolink has for its namespace, or with one of ours.

    >>> curie("http://id.nlm.nih.gov/mesh/D000690"), curie("https://pubmed.ncbi.nlm.nih.gov/32651161/")
    ('MESH:D000690', 'PMID:32651161')
    >>> curie("https://clinicaltrials.gov/study/NCT02059759"), curie("https://w3id.org/trialkg/country/FR")
    ('CLINICALTRIALS:NCT02059759', 'trialkg.country:FR')
    """
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace).rstrip('/')}"
    return iri


@dataclass
class Kgx:
    """The rows of nodes and of edges, as the nodes of a graph come by."""

    items: Items
    conditions: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    """The MeSH terms of conditions, and those of conditions or interventions."""
    countries: set[tuple[str, str]] = field(default_factory=set)
    """Studies and countries of the study that comes by."""

    def __post_init__(self) -> None:
        """Looks which terms are conditions: a term comes by once, and a later study may tell."""
        for _, edges in self.items():
            for edge in edges:
                if edge.predicate in ("conditionMesh", "interventionMesh"):
                    self.terms.add(edge.target)
                    if edge.predicate == "conditionMesh":
                        self.conditions.add(edge.target)

    def rows(self) -> Iterator[tuple[Row | None, list[Row]]]:
        """The row of each node that Biolink has a class for, and the rows of edges."""
        for node, edges in self.items():
            yield self._node(node, edges), list(self._edges(node, edges))

    def _node(self, node: Node, edges: list[Edge]) -> Row | None:
        kind = self._category(node)
        if kind is None:
            return None
        row: Row = {"id": curie(node.id), "category": [kind], "name": node.label or local(node.id)}
        return row | trial(node, edges) if kind == "biolink:ClinicalTrial" else row

    def _category(self, node: Node) -> str | None:
        if node.type == "Study" or node.type.endswith("Study"):
            interventional = node.values.get("studyType") == ["INTERVENTIONAL"]
            return "biolink:ClinicalTrial" if interventional else "biolink:Study"
        if node.id in self.conditions:
            return "biolink:DiseaseOrPhenotypicFeature"
        if node.id in self.terms:  # a drug, a procedure, a diet: the record does not tell
            return "biolink:NamedThing"
        return _KINDS.get(node.type)

    def _edges(self, node: Node, edges: list[Edge]) -> Iterator[Row]:
        part = _PART.search(node.id)
        for edge in edges:
            if edge.predicate in _RELATED and node.id.startswith(STUDIES):
                yield _row(edge.source, "biolink:related_to", edge.target, edge.predicate, _RELATED[edge.predicate])
            elif part and node.type == "Location" and edge.predicate == "country":
                yield from self._country(STUDIES + part[1], edge.target)
            elif part and node.type == "Reference" and edge.predicate == "pubmed":
                yield _cited(STUDIES + part[1], edge.target, node.values.get("referenceType", []))

    def _country(self, study: str, country: str) -> Iterator[Row]:
        if not any(known == study for known, _ in self.countries):
            self.countries.clear()
        if (study, country) not in self.countries:
            self.countries.add((study, country))
            yield _row(study, "biolink:occurs_in", country, "country", "manual_agent")


def _cited(study: str, publication: str, types: list[Value]) -> Row:
    """A publication that tells of a study mentions it; one that came before it is related to it."""
    predicate = "biolink:mentions" if {"RESULT", "DERIVED"} & set(types) else "biolink:related_to"
    agent = "automated_agent" if types == ["DERIVED"] else "manual_agent"
    return _row(publication, predicate, study, "pubmed", agent)


def _row(subject: str, predicate: str, object_: str, original: str, agent: str) -> Row:
    ends = curie(subject), curie(object_)
    return {
        "id": f"{ends[0]}-{original}-{ends[1]}",
        "subject": ends[0],
        "predicate": predicate,
        "object": ends[1],
        "original_predicate": f"trialkg:{original}",
        "primary_knowledge_source": SOURCE,
        "knowledge_level": "knowledge_assertion",
        "agent_type": agent,
    }


def trial(node: Node, edges: list[Edge]) -> Row:
    """The properties that Biolink has for clinical trials, where the study has them."""

    def one(name: str) -> Value | None:
        return next(iter(node.values.get(name, [])), None)

    def all_of(predicate: str) -> list[str]:
        return [curie(edge.target) for edge in edges if edge.predicate == predicate]

    status = one("overallStatus")
    row: Row = {
        "clinical_trial_phase": _PHASES.get(tuple(sorted(str(phase) for phase in node.values.get("phase", [])))),
        "clinical_trial_primary_purpose": one("primaryPurpose"),
        "clinical_trial_intervention_model": one("interventionModel"),
        "clinical_trial_overall_status": status if status in _STATUSES else None,
        "clinical_trial_brief_title": node.label,
        "clinical_trial_enrollment_type": one("enrollmentType"),
        "clinical_trial_start_date": one("startDate"),
        "clinical_trial_enrollment": one("enrollmentCount"),
        "clinical_trial_age_stage": [str(stage).lower() for stage in node.values.get("standardAge", [])],
        "clinical_trial_conditions": all_of("conditionMesh"),
        "clinical_trial_interventions": all_of("intervention"),
    }
    return {name: found for name, found in row.items() if found not in (None, [], "")}


def as_line(row: Row, columns: tuple[str, ...]) -> str:
    """A row of a table with tabs; lists are joined by bars, and white space in texts becomes blanks.

    >>> as_line({"id": "MESH:D1", "category": ["biolink:Disease"], "name": "a\\tb"}, ("id", "category", "name", "x"))
    'MESH:D1\\tbiolink:Disease\\ta b\\t\\n'
    """

    def cell(name: str) -> str:
        found = row.get(name, "")
        return "|".join(found) if name in LISTS and found else " ".join(str(found).split())

    return "\t".join(cell(name) for name in columns) + "\n"
