"""The views over a Parquet file of statements: their columns, and the properties whose values these have."""

from __future__ import annotations

from typing import NamedTuple

from kg.ontology.vocabulary import CT, DCTERMS, RDFS, WGS84

LABEL, IDENTIFIER, POSITION = RDFS + "label", DCTERMS + "identifier", CT + "position"


class Column(NamedTuple):
    """A column with the value of a property of which a subject has at most one."""

    name: str
    property: str
    type: str = "text"
    """``text``, ``integer``, ``number``, ``date`` or ``boolean``, or a kind of resource, whose IRI is shortened."""


class View(NamedTuple):
    """A view with a row per link from a subject to an object.

    ``links`` maps each linking property to its name in the column ``role``. ``columns`` are those of the object.
    """

    name: str
    subject: tuple[str, str]
    """Name and type of the column of the subject."""
    object: tuple[str, str]
    links: dict[str, str]
    columns: tuple[Column, ...] = ()
    role: str = ""
    """The name of the column that says which property links; none if it is empty."""


def _ct(*names: str) -> dict[str, str]:
    return {CT + name: "" for name in names}


_STUDY, _TITLE, _POSITION = ("study", "study"), Column("title", LABEL), Column("position", POSITION, "integer")
_NAME, _DESCRIPTION = Column("name", LABEL), Column("description", CT + "description")
_GROUP = Column("result_group", CT + "group", "part")

STUDY_COLUMNS = (
    _TITLE,
    Column("official_title", CT + "officialTitle"),
    Column("acronym", CT + "acronym"),
    Column("study_type", CT + "studyType", "code"),
    Column("status", CT + "overallStatus", "code"),
    Column("why_stopped", CT + "whyStopped"),
    Column("start_date", CT + "startDate"),
    Column("start_date_type", CT + "startDateType", "code"),
    Column("start_earliest", CT + "startDateEarliest", "date"),
    Column("start_latest", CT + "startDateLatest", "date"),
    Column("start_year", CT + "startYear", "integer"),
    Column("primary_completion_date", CT + "primaryCompletionDate"),
    Column("primary_completion_date_type", CT + "primaryCompletionDateType", "code"),
    Column("primary_completion_earliest", CT + "primaryCompletionDateEarliest", "date"),
    Column("primary_completion_latest", CT + "primaryCompletionDateLatest", "date"),
    Column("completion_date", CT + "completionDate"),
    Column("completion_date_type", CT + "completionDateType", "code"),
    Column("completion_earliest", CT + "completionDateEarliest", "date"),
    Column("completion_latest", CT + "completionDateLatest", "date"),
    Column("first_posted", CT + "studyFirstPostDate", "date"),
    Column("last_update_posted", CT + "lastUpdatePostDate", "date"),
    Column("results_first_submitted", CT + "resultsFirstSubmitDate", "date"),
    Column("results_first_posted", CT + "resultsFirstPostDate", "date"),
    Column("has_results", CT + "hasResults", "boolean"),
    Column("enrollment", CT + "enrollmentCount", "integer"),
    Column("enrollment_type", CT + "enrollmentType", "code"),
    Column("allocation", CT + "allocation", "code"),
    Column("intervention_model", CT + "interventionModel", "code"),
    Column("masking", CT + "masking", "code"),
    Column("primary_purpose", CT + "primaryPurpose", "code"),
    Column("observational_model", CT + "observationalModel", "code"),
    Column("sex", CT + "sex", "code"),
    Column("minimum_age", CT + "minimumAge"),
    Column("minimum_age_years", CT + "minimumAgeYears", "number"),
    Column("maximum_age", CT + "maximumAge"),
    Column("maximum_age_years", CT + "maximumAgeYears", "number"),
    Column("healthy_volunteers", CT + "healthyVolunteers", "boolean"),
    Column("fda_regulated_drug", CT + "isFdaRegulatedDrug", "boolean"),
    Column("fda_regulated_device", CT + "isFdaRegulatedDevice", "boolean"),
    Column("ipd_sharing", CT + "ipdSharing", "code"),
    Column("brief_summary", CT + "briefSummary"),
    Column("criteria", CT + "eligibilityCriteria"),
)
"""The columns of the view ``studies``."""

VIEWS = (
    View("phases", _STUDY, ("phase", "code"), _ct("phase")),
    View("condition_names", _STUDY, ("condition", "text"), _ct("condition")),
    View(
        "conditions",
        _STUDY,
        ("mesh", "mesh"),
        {CT + "conditionMesh": "term", CT + "conditionMeshAncestor": "ancestor"},
        (_NAME,),
        "relation",
    ),
    View(
        "arms",
        _STUDY,
        ("arm", "part"),
        _ct("arm"),
        (_POSITION, _NAME, Column("arm_type", CT + "armType", "code"), _DESCRIPTION),
    ),
    View("arm_interventions", ("arm", "part"), ("intervention", "part"), _ct("armIntervention")),
    View(
        "interventions",
        _STUDY,
        ("intervention", "part"),
        _ct("intervention"),
        (_POSITION, Column("intervention_type", CT + "interventionType", "code"), _NAME, _DESCRIPTION),
    ),
    View(
        "intervention_mesh",
        _STUDY,
        ("mesh", "mesh"),
        {CT + "interventionMesh": "term", CT + "interventionMeshAncestor": "ancestor"},
        (_NAME,),
        "relation",
    ),
    View(
        "outcomes",
        _STUDY,
        ("outcome", "part"),
        {CT + "primaryOutcome": "PRIMARY", CT + "secondaryOutcome": "SECONDARY", CT + "otherOutcome": "OTHER"},
        (_POSITION, Column("measure", LABEL), Column("time_frame", CT + "timeFrame"), _DESCRIPTION),
        "outcome_type",
    ),
    View(
        "sites",
        _STUDY,
        ("site", "part"),
        _ct("location"),
        (
            _POSITION,
            Column("facility", LABEL),
            Column("status", CT + "locationStatus", "code"),
            Column("city", CT + "city"),
            Column("state", CT + "state"),
            Column("zip", CT + "zip"),
            Column("country", CT + "country", "country"),
            Column("latitude", WGS84 + "lat", "number"),
            Column("longitude", WGS84 + "long", "number"),
        ),
    ),
    View(
        "sponsors",
        _STUDY,
        ("organization", "organization"),
        {CT + "leadSponsor": "lead", CT + "collaborator": "collaborator"},
        (_NAME, Column("agency_class", CT + "agencyClass", "code")),
        "relation",
    ),
    View(
        "publications",
        _STUDY,
        ("publication", "part"),
        _ct("reference"),
        (
            _POSITION,
            Column("reference_type", CT + "referenceType", "code"),
            Column("pubmed", CT + "pubmed", "publication"),
            Column("doi", CT + "doi"),
            Column("citation", DCTERMS + "bibliographicCitation"),
        ),
    ),
    View(
        "secondary_ids",
        _STUDY,
        ("secondary_id", "part"),
        _ct("secondaryId"),
        (_POSITION, Column("identifier", IDENTIFIER), Column("id_type", CT + "secondaryIdType", "code")),
    ),
    View(
        "outcome_measures",
        _STUDY,
        ("outcome_measure", "part"),
        _ct("outcomeMeasure"),
        (
            _POSITION,
            Column("outcome_type", CT + "outcomeMeasureType", "code"),
            _TITLE,
            Column("time_frame", CT + "timeFrame"),
            Column("statistic", CT + "paramType", "code"),
            Column("dispersion", CT + "dispersionType", "code"),
            Column("unit", CT + "unitOfMeasure"),
            Column("outcome", CT + "reports", "part"),
        ),
    ),
    View(
        "result_groups",
        ("outcome_measure", "part"),
        ("result_group", "part"),
        _ct("outcomeGroup"),
        (_POSITION, Column("group_id", IDENTIFIER), _TITLE),
    ),
    View("result_classes", ("measure", "part"), ("class", "part"), _ct("class"), (_POSITION, _TITLE)),
    View("result_categories", ("class", "part"), ("category", "part"), _ct("category"), (_POSITION, _TITLE)),
    View(
        "measurements",
        ("category", "part"),
        ("measurement", "part"),
        _ct("measurement"),
        (
            _GROUP,
            Column("value", CT + "value"),
            Column("spread", CT + "spread"),
            Column("lower_limit", CT + "lowerLimit"),
            Column("upper_limit", CT + "upperLimit"),
        ),
    ),
    View(
        "analyses",
        ("outcome_measure", "part"),
        ("analysis", "part"),
        _ct("analysis"),
        (
            _POSITION,
            Column("method", CT + "statisticalMethod"),
            Column("p_value", CT + "pValue"),
            Column("estimate_type", CT + "estimateType"),
            Column("estimate", CT + "estimate"),
        ),
    ),
    View("group_links", ("part", "part"), ("result_group", "part"), _ct("group")),
    View(
        "event_groups",
        _STUDY,
        ("result_group", "part"),
        _ct("eventGroup"),
        (
            _POSITION,
            Column("group_id", IDENTIFIER),
            _TITLE,
            Column("deaths", CT + "deathsNumAffected", "integer"),
            Column("deaths_at_risk", CT + "deathsNumAtRisk", "integer"),
            Column("serious", CT + "seriousNumAffected", "integer"),
            Column("serious_at_risk", CT + "seriousNumAtRisk", "integer"),
            Column("other", CT + "otherNumAffected", "integer"),
            Column("other_at_risk", CT + "otherNumAtRisk", "integer"),
        ),
    ),
    View(
        "event_terms",
        _STUDY,
        ("event", "part"),
        {CT + "seriousEvent": "SERIOUS", CT + "otherEvent": "OTHER"},
        (_POSITION, Column("term", LABEL), Column("organ_system", CT + "organSystem")),
        "event_type",
    ),
    View(
        "event_counts",
        ("event", "part"),
        ("event_count", "part"),
        _ct("eventStat"),
        (
            _GROUP,
            Column("events", CT + "numEvents", "integer"),
            Column("affected", CT + "numAffected", "integer"),
            Column("at_risk", CT + "numAtRisk", "integer"),
        ),
    ),
)
"""The views with a row per link, in the order of their definition."""

JOINS = {
    "results": """
SELECT
  m.study, m.outcome_measure, m.position, m.outcome_type, m.title, m.unit,
  l.position AS class_position, l.title AS class_title,
  c.position AS category_position, c.title AS category_title,
  v.result_group, g.position AS group_position, g.group_id, g.title AS group_title,
  v.value, TRY_CAST(v.value AS DOUBLE) AS number, v.spread, v.lower_limit, v.upper_limit
FROM outcome_measures AS m
JOIN result_classes AS l ON l.measure = m.outcome_measure
JOIN result_categories AS c ON c.class = l.class
JOIN measurements AS v ON v.category = c.category
JOIN result_groups AS g ON g.result_group = v.result_group""",
    "events": """
SELECT
  e.study, e.event, e.event_type, e.position, e.term, e.organ_system,
  c.result_group, g.group_id, g.title AS group_title, c.events, c.affected, c.at_risk
FROM event_terms AS e
JOIN event_counts AS c ON c.event = e.event
JOIN event_groups AS g ON g.result_group = c.result_group""",
}
"""Views that join others."""
