"""The overview of a study."""

from __future__ import annotations

from dataclasses import dataclass

from kg.serve.formats import count_text, date_text
from kg.serve.links import Code, Link
from kg.serve.nodes import LABEL, Node, Nodes, code_label, term_text
from kg.serve.pages.arms import Arms, arms_of
from kg.serve.pages.outcomes import Outcomes, outcomes_of
from kg.serve.pages.publications import Publication, publications_of
from kg.serve.pages.registration import Registration, registration_of
from kg.serve.pages.sites import Sites, sites_of
from kg.serve.pages.timeline import Timeline, timeline_of


@dataclass(frozen=True, slots=True)
class Head:
    """What the head of each page of a study shows."""

    number: str
    iri: str
    title: str
    official_title: str
    acronym: str
    status: Code
    why_stopped: str
    phases: list[Code]
    type: Code
    sponsor: Link | None
    collaborators: list[Link]
    has_results: bool
    outcome_measures: int
    """The number of outcome measures with results."""
    events: int
    """The number of kinds of adverse events."""
    event_groups: int


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Who can take part."""

    sex: Code
    ages: str
    groups: list[Code]
    healthy_volunteers: bool | None
    gender: str
    population: str
    sampling: Code
    inclusion: str
    exclusion: str
    criteria: str
    """All criteria, for those that are not divided."""


@dataclass(frozen=True, slots=True)
class Study:
    """All that the overview of a study shows; texts with lists are as in the record."""

    head: Head
    conditions: list[str]
    condition_terms: list[Link]
    broader_conditions: list[Link]
    intervention_terms: list[Link]
    broader_interventions: list[Link]
    keywords: list[str]
    enrollment: str
    design: list[tuple[str, str]]
    design_line: str
    summary: str
    description: str
    arms: Arms
    outcomes: Outcomes
    eligibility: Eligibility
    sites: Sites
    publications: list[Publication]
    registration: Registration
    timeline: Timeline


def head_of(study: Node) -> Head:
    """Return the head of the pages of a study."""
    sponsors = study.nodes("leadSponsor")
    return Head(
        study.iri.rpartition("/")[2],
        study.iri,
        study.text(LABEL) or study.text("officialTitle") or "Study without a title",
        study.text("officialTitle"),
        study.text("acronym"),
        Code.of(study, "overallStatus"),
        study.text("whyStopped"),
        codes_of(study, "phase"),
        Code.of(study, "studyType"),
        Link.to(sponsors[0]) if sponsors else None,
        [Link.to(node) for node in study.nodes("collaborator")],
        bool(study.flag("hasResults")),
        len(study.terms("outcomeMeasure")),
        len(study.terms("seriousEvent")) + len(study.terms("otherEvent")),
        len(study.terms("eventGroup")),
    )


def codes_of(node: Node, name: str) -> list[Code]:
    """Return the codes of a property in the order of their list."""
    by_value = {code.value: code for code in map(Code.from_iri, node.iris(name))}
    return [by_value[value] for value in node.codes(name)]


def study_view(nodes: Nodes, iri: str) -> Study:
    """Return the overview of a study."""
    study = nodes[iri]
    sites = sites_of(study)
    return Study(
        head=head_of(study),
        conditions=study.texts("condition"),
        condition_terms=_terms(study, "conditionMesh"),
        broader_conditions=_terms(study, "conditionMeshAncestor"),
        intervention_terms=_terms(study, "interventionMesh"),
        broader_interventions=_terms(study, "interventionMeshAncestor"),
        keywords=study.texts("keyword"),
        enrollment=_enrollment(study),
        design=_design(study),
        design_line=_design_line(study),
        summary=study.raw("briefSummary"),
        description=study.raw("detailedDescription"),
        arms=arms_of(study),
        outcomes=outcomes_of(study),
        eligibility=_eligibility(study),
        sites=sites,
        publications=publications_of(study),
        registration=registration_of(study),
        timeline=timeline_of(study),
    )


def _terms(study: Node, name: str) -> list[Link]:
    return [Link.to(node) for node in study.nodes(name)]


def _enrollment(study: Node) -> str:
    number = study.number("enrollmentCount")
    if number is None:
        return ""
    kind = study.text("enrollmentType").lower()
    return count_text(number, "participant") + (f" ({kind})" if kind else "")


def _design_line(study: Node) -> str:
    """Return the design in one line, such as ``Randomized, parallel assignment, triple masking, for treatment``."""
    masking = study.text("masking").lower()
    masking = "open label" if study.code("masking") == "NONE" else f"{masking} masking" if masking else ""
    purpose = study.text("primaryPurpose").lower()
    models = [code.label.lower() for code in codes_of(study, "interventionModel")]
    observed = [study.text("observationalModel").lower(), study.text("timePerspective").lower()]
    parts = [study.text("allocation"), *models, masking, f"for {purpose}" if purpose else "", *observed]
    if study.code("allocation") == "NA":
        parts[0] = "no allocation"
    line = ", ".join(part for part in parts if part)
    return line[:1].upper() + line[1:]


DESIGN = (
    ("Allocation", "allocation"),
    ("Intervention model", "interventionModel"),
    ("Model description", "interventionModelDescription"),
    ("Masking", "masking"),
    ("Masked", "whoMasked"),
    ("Masking description", "maskingDescription"),
    ("Primary purpose", "primaryPurpose"),
    ("Observational model", "observationalModel"),
    ("Time perspective", "timePerspective"),
    ("Patient registry", "patientRegistry"),
    ("Follow-up", "targetDuration"),
    ("Biospecimens", "bioSpecRetention"),
    ("Biospecimen description", "bioSpecDescription"),
)


def _design(study: Node) -> list[tuple[str, str]]:
    facts = [("Study type", study.text("studyType")), ("Phase", ", ".join(c.label for c in codes_of(study, "phase")))]
    facts += [(title, values_text(study, name)) for title, name in DESIGN]
    return [(title, text) for title, text in facts if text]


def values_text(node: Node, name: str) -> str:
    """Return the values of a property as one text: codes by their labels, truth values as words."""
    flag = node.raw(name)
    if flag in ("true", "false"):
        return {"true": "Yes", "false": "No"}[flag]
    if any(code_label(iri) for iri in node.iris(name)):
        return ", ".join(code.label for code in codes_of(node, name))
    return ", ".join(map(term_text, node.terms(name)))


def _eligibility(study: Node) -> Eligibility:
    return Eligibility(
        Code.of(study, "sex"),
        ages_text(study.text("minimumAge"), study.text("maximumAge")),
        codes_of(study, "standardAge"),
        study.flag("healthyVolunteers"),
        study.text("genderDescription"),
        study.raw("studyPopulation"),
        Code.of(study, "samplingMethod"),
        study.raw("inclusionCriteria"),
        study.raw("exclusionCriteria"),
        study.raw("eligibilityCriteria"),
    )


def ages_text(low: str, high: str) -> str:
    """Return the range of ages in words.

    >>> ages_text("18 Years", "75 Years"), ages_text("6 Months", "2 Years"), ages_text("18 Years", "")
    ('18 to 75 years', '6 months to 2 years', '18 years and older')
    """
    low, high = low.lower(), high.lower()
    if low and high:
        same = low.split()[-1].rstrip("s") == high.split()[-1].rstrip("s")
        return f"{low.split()[0] if same else low} to {high}"
    return f"{low} and older" if low else f"up to {high}" if high else "any age"


def period_text(study: Node) -> str:
    """Return the start and the end of a study in words, or an empty string."""
    start, end = (date_text(study.raw(name)) for name in ("startDate", "completionDate"))
    return f"{start or '…'} to {end or '…'}" if start or end else ""
