"""KGX (https://biolink.github.io/kgx/kgx_format.html): nodes and edges in terms of the Biolink Model.

Only resources with a Biolink class are written: studies, MeSH terms, interventions, sponsors, countries and
publications. No predicate claims that anything treats anything: a study is only *related to* its conditions and
interventions. ``original_predicate`` has the predicate of the ontology.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kg.network.model import Edge, Items, Node, Value, local_name
from kg.ontology.vocabulary import BASE, CT, MESH, PUBMED, STUDY

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
PREFIXES = {
    "MESH": MESH,
    "PMID": PUBMED,
    "CLINICALTRIALS": STUDY,
    **{f"trialkg.{name}": f"{BASE}{name}/" for name in ("organization", "country", "part")},
    "trialkg": CT,
}
"""Namespaces by prefix. A local part cannot contain a slash, so each kind of resource has its own prefix."""
_CATEGORIES = {
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
"""The statuses in Biolink; others are left out."""
_RELATED = {
    "conditionMesh": "automated_agent",  # the registry assigns these terms with a program
    "interventionMesh": "automated_agent",
    "intervention": "manual_agent",
    "leadSponsor": "manual_agent",
    "collaborator": "manual_agent",
}
"""The predicates written as ``biolink:related_to``, with the agent that states them."""


def curie(iri: str) -> str:
    """Shorten an IRI with a prefix of Biolink or of this project.

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
class KgxRows:
    """Generates the rows of the node and edge tables."""

    items: Items
    conditions: set[str] = field(default_factory=set)
    terms: set[str] = field(default_factory=set)
    """All MeSH terms; ``conditions`` has those of conditions."""
    countries: set[tuple[str, str]] = field(default_factory=set)
    """Pairs of the current study and its countries."""

    def __post_init__(self) -> None:
        """Collect the terms: a term has a single row, and is a condition if it is one in any study."""
        for _, edges in self.items():
            for edge in edges:
                if edge.predicate in ("conditionMesh", "interventionMesh"):
                    self.terms.add(edge.target)
                    if edge.predicate == "conditionMesh":
                        self.conditions.add(edge.target)

    def rows(self) -> Iterator[tuple[Row | None, list[Row]]]:
        """Yield the row of each node, or ``None`` if Biolink has no class for it, and the rows of its edges."""
        for node, edges in self.items():
            yield self._node(node, edges), list(self._edges(node, edges))

    def _node(self, node: Node, edges: list[Edge]) -> Row | None:
        category = self._category(node)
        if category is None:
            return None
        row: Row = {"id": curie(node.id), "category": [category], "name": node.label or local_name(node.id)}
        return row | trial(node, edges) if category == "biolink:ClinicalTrial" else row

    def _category(self, node: Node) -> str | None:
        if node.type == "Study" or node.type.endswith("Study"):
            interventional = node.values.get("studyType") == ["INTERVENTIONAL"]
            return "biolink:ClinicalTrial" if interventional else "biolink:Study"
        if node.id in self.conditions:
            return "biolink:DiseaseOrPhenotypicFeature"
        if node.id in self.terms:  # a drug, a procedure or a diet; records do not distinguish them
            return "biolink:NamedThing"
        return _CATEGORIES.get(node.type)

    def _edges(self, node: Node, edges: list[Edge]) -> Iterator[Row]:
        part = _PART.search(node.id)
        for edge in edges:
            if edge.predicate in _RELATED and node.id.startswith(STUDY):
                yield _row(edge.source, "biolink:related_to", edge.target, edge.predicate, _RELATED[edge.predicate])
            elif part and node.type == "Location" and edge.predicate == "country":
                yield from self._country(STUDY + part[1], edge.target)
            elif part and node.type == "Reference" and edge.predicate == "pubmed":
                yield _citation(STUDY + part[1], edge.target, node.values.get("referenceType", []))

    def _country(self, study: str, country: str) -> Iterator[Row]:
        if not any(current == study for current, _ in self.countries):
            self.countries.clear()
        if (study, country) not in self.countries:
            self.countries.add((study, country))
            yield _row(study, "biolink:occurs_in", country, "country", "manual_agent")


def _citation(study: str, publication: str, types: list[Value]) -> Row:
    """Return the edge of a publication: it mentions the study if it reports results, else it is related to it."""
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
    """Return the Biolink properties of a clinical trial that the study has."""

    def first(name: str) -> Value | None:
        return next(iter(node.values.get(name, [])), None)

    def all_of(predicate: str) -> list[str]:
        return [curie(edge.target) for edge in edges if edge.predicate == predicate]

    status = first("overallStatus")
    row: Row = {
        "clinical_trial_phase": _PHASES.get(tuple(sorted(str(phase) for phase in node.values.get("phase", [])))),
        "clinical_trial_primary_purpose": first("primaryPurpose"),
        "clinical_trial_intervention_model": first("interventionModel"),
        "clinical_trial_overall_status": status if status in _STATUSES else None,
        "clinical_trial_brief_title": node.label,
        "clinical_trial_enrollment_type": first("enrollmentType"),
        "clinical_trial_start_date": first("startDate"),
        "clinical_trial_enrollment": first("enrollmentCount"),
        "clinical_trial_age_stage": [str(stage).lower() for stage in node.values.get("standardAge", [])],
        "clinical_trial_conditions": all_of("conditionMesh"),
        "clinical_trial_interventions": all_of("intervention"),
    }
    return {name: value for name, value in row.items() if value not in (None, [], "")}


def tsv_line(row: Row, columns: tuple[str, ...]) -> str:
    """Return a row as tab-separated values, with lists joined by bars and whitespace normalized.

    >>> tsv_line({"id": "MESH:D1", "category": ["biolink:Disease"], "name": "a\\tb"}, ("id", "category", "name", "x"))
    'MESH:D1\\tbiolink:Disease\\ta b\\t\\n'
    """

    def cell(name: str) -> str:
        value = row.get(name, "")
        return "|".join(value) if name in LISTS and value else " ".join(str(value).split())

    return "\t".join(cell(name) for name in columns) + "\n"
