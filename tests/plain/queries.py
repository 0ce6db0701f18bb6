"""Twenty queries as a data scientist writes them, each with the function that computes its rows from the JSON records.

They count, sum and average, and join labels, and none says DISTINCT: they are right only where each statement is in
the data once. Where a value can be repeated in a list of a record (a MeSH term, a collaborator), a set of RDF holds it
once per study, and so do the functions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from tests.plain.corpus import CT, Corpus, Study, country, last_day, value, values

Row = tuple[Any, ...]
PREFIXES = f"""\
PREFIX ct: <{CT}>
PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
PREFIX dcterms: <http://purl.org/dc/terms/>
PREFIX xsd: <http://www.w3.org/2001/XMLSchema#>
"""
SPONSORS = "protocolSection.sponsorCollaboratorsModule."
DESIGN = "protocolSection.designModule."
ARMS = "protocolSection.armsInterventionsModule."
OUTCOMES = "protocolSection.outcomesModule."
LOCATIONS = "protocolSection.contactsLocationsModule.locations"
RESULTS = "resultsSection."
MEASURES = RESULTS + "outcomeMeasuresModule.outcomeMeasures"


class Query(NamedTuple):
    """A query, and the function that computes its rows."""

    name: str
    body: str
    rows: Callable[[Corpus], Iterable[Row]]

    def text(self, graphs: Iterable[str] = ()) -> str:
        """The query as it is sent, over the default graph of the engine or over the given graphs."""
        sources = "".join(f"FROM <{graph}>\n" for graph in graphs)
        head, brace, where = self.body.partition("{")
        return f"{PREFIXES}{head}\n{sources}{brace}{where}"


QUERIES: dict[str, Query] = {}


def query(body: str) -> Callable[[Callable[[Corpus], Iterable[Row]]], Callable[[Corpus], Iterable[Row]]]:
    """Enters a query by the name of the function that computes its rows."""

    def enter(rows: Callable[[Corpus], Iterable[Row]]) -> Callable[[Corpus], Iterable[Row]]:
        QUERIES[rows.__name__] = Query(rows.__name__, body, rows)
        return rows

    return enter


def counts(keys: Iterable[Hashable]) -> list[Row]:
    """A row for each key, with how often it occurs."""
    return [(*(key if isinstance(key, tuple) else (key,)), count) for key, count in Counter(keys).items()]


def mean(numbers: list[int]) -> Decimal:
    return Decimal(sum(numbers)) / len(numbers)


def enrollment(study: Study) -> int | None:
    count: int | None = value(study, DESIGN + "enrollmentInfo.count")
    return count


@query("""SELECT ?sponsor (COUNT(?study) AS ?n) {
    ?study ct:leadSponsor ?organization . ?organization rdfs:label ?sponsor
} GROUP BY ?sponsor""")
def studies_by_sponsor(corpus: Corpus) -> Iterable[Row]:
    return counts(name for study in corpus.studies for name in values(study, SPONSORS + "leadSponsor.name"))


@query("""SELECT ?condition (COUNT(?study) AS ?n) {
    ?study ct:conditionMesh ?term . ?term rdfs:label ?condition
} GROUP BY ?condition""")
def studies_by_condition(corpus: Corpus) -> Iterable[Row]:
    return counts(label for study in corpus.studies for label in corpus.mesh(study, "condition"))


@query("""SELECT ?condition (SUM(?count) AS ?participants) {
    ?study ct:enrollmentCount ?count ; ct:conditionMesh ?term . ?term rdfs:label ?condition
} GROUP BY ?condition""")
def participants_by_condition(corpus: Corpus) -> Iterable[Row]:
    sums: Counter[str] = Counter()
    for study in corpus.studies:
        if (count := enrollment(study)) is not None:
            for label in corpus.mesh(study, "condition"):
                sums[label] += count
    return [*sums.items()]


@query("""SELECT ?phase (AVG(?count) AS ?mean) (MIN(?count) AS ?least) (MAX(?count) AS ?most) {
    ?study ct:enrollmentCount ?count ; ct:phase ?p . ?p rdfs:label ?phase
} GROUP BY ?phase""")
def participants_by_phase(corpus: Corpus) -> Iterable[Row]:
    groups: dict[str, list[int]] = defaultdict(list)
    for study in corpus.studies:
        if (count := enrollment(study)) is not None:
            for label in corpus.labelled(values(study, DESIGN + "phases")):
                groups[label].append(count)
    return [(label, mean(group), min(group), max(group)) for label, group in groups.items()]


@query("""SELECT ?phase (COUNT(?study) AS ?n) {
    ?study a ct:InterventionalStudy ; ct:phase/rdfs:label ?phase
} GROUP BY ?phase""")
def interventional_studies_by_phase(corpus: Corpus) -> Iterable[Row]:
    trials = [study for study in corpus.studies if value(study, DESIGN + "studyType") == "INTERVENTIONAL"]
    return counts(label for study in trials for label in corpus.labelled(values(study, DESIGN + "phases")))


CLASSES = {
    "INTERVENTIONAL": (CT + "InterventionalStudy", "https://schema.org/MedicalTrial"),
    "OBSERVATIONAL": (CT + "ObservationalStudy", "https://schema.org/MedicalObservationalStudy"),
    "EXPANDED_ACCESS": (CT + "ExpandedAccess",),
}


@query("""SELECT ?class (COUNT(?study) AS ?n) {
    ?study a ct:Study . ?study a ?class
} GROUP BY ?class""")
def studies_by_class(corpus: Corpus) -> Iterable[Row]:
    types = [value(study, DESIGN + "studyType") for study in corpus.studies]
    return counts(name for type_ in types for name in (CT + "Study", *CLASSES.get(type_, ())))


@query("""SELECT ?code ?country (COUNT(?site) AS ?n) {
    ?study ct:location ?site . ?site ct:country ?c . ?c ct:countryCode ?code ; rdfs:label ?country
} GROUP BY ?code ?country""")
def sites_by_country(corpus: Corpus) -> Iterable[Row]:
    return counts(country(name) for study in corpus.studies for name in values(study, LOCATIONS + ".country"))


@query("""SELECT ?class (COUNT(?study) AS ?n) {
    ?study ct:collaborator ?organization . ?organization ct:agencyClass ?c . ?c rdfs:label ?class
} GROUP BY ?class""")
def collaborators_by_class(corpus: Corpus) -> Iterable[Row]:
    pairs = (
        pair
        for study in corpus.studies
        for pair in {(item["name"], item.get("class")) for item in values(study, SPONSORS + "collaborators")}
    )
    return counts(corpus.codes[class_] for _, class_ in pairs if class_)


@query("""SELECT ?class (COUNT(?study) AS ?n) {
    ?study ct:leadSponsor/ct:agencyClass/rdfs:label ?class
} GROUP BY ?class""")
def studies_by_sponsor_class(corpus: Corpus) -> Iterable[Row]:
    found = (class_ for study in corpus.studies for class_ in values(study, SPONSORS + "leadSponsor.class"))
    return counts(corpus.labelled(found))


@query("""SELECT ?type (COUNT(?intervention) AS ?n) {
    ?study ct:intervention ?intervention . ?intervention ct:interventionType ?t . ?t rdfs:label ?type
} GROUP BY ?type""")
def interventions_by_type(corpus: Corpus) -> Iterable[Row]:
    found = (type_ for study in corpus.studies for type_ in values(study, ARMS + "interventions.type"))
    return counts(corpus.labelled(found))


@query("""SELECT (AVG(?arms) AS ?mean) (MAX(?arms) AS ?most) (COUNT(?study) AS ?n) {
    { SELECT ?study (COUNT(?arm) AS ?arms) { ?study ct:arm ?arm } GROUP BY ?study }
}""")
def arms_per_study(corpus: Corpus) -> Iterable[Row]:
    numbers = [len(arms) for study in corpus.studies if (arms := values(study, ARMS + "armGroups"))]
    return [(mean(numbers), max(numbers), len(numbers))]


@query("""SELECT ?ancestor (COUNT(?study) AS ?n) {
    ?study ct:conditionMeshAncestor ?term . ?term rdfs:label ?ancestor
} GROUP BY ?ancestor""")
def studies_by_ancestor(corpus: Corpus) -> Iterable[Row]:
    return counts(label for study in corpus.studies for label in corpus.mesh(study, "condition", "ancestors"))


@query("""SELECT ?branch (COUNT(?study) AS ?n) {
    ?study ct:conditionBrowseBranch ?b . ?b rdfs:label ?branch
} GROUP BY ?branch""")
def studies_by_branch(corpus: Corpus) -> Iterable[Row]:
    return counts(label for study in corpus.studies for label in corpus.branches(study, "condition"))


@query("""SELECT ?year (COUNT(?study) AS ?n) {
    ?study ct:startDateLatest ?day ; ct:startYear ?year FILTER(?day > "2020-06-15"^^xsd:date)
} GROUP BY ?year""")
def starts_after_a_day_by_year(corpus: Corpus) -> Iterable[Row]:
    path = "protocolSection.statusModule.startDateStruct.date"
    days = (last_day(text) for study in corpus.studies for text in values(study, path))
    return counts(day.year for day in days if day > date(2020, 6, 15))


RANKS = {"primaryOutcome": "primaryOutcomes", "secondaryOutcome": "secondaryOutcomes", "otherOutcome": "otherOutcomes"}


@query("""SELECT ?rank (COUNT(?outcome) AS ?n) {
    ?outcome a ct:Outcome ; ct:ofStudy ?study . ?study ?rank ?outcome
} GROUP BY ?rank""")
def outcomes_by_rank(corpus: Corpus) -> Iterable[Row]:
    return counts(
        CT + rank for study in corpus.studies for rank, key in RANKS.items() for _ in values(study, OUTCOMES + key)
    )


@query("""SELECT ?type (COUNT(?reference) AS ?n) {
    ?study ct:reference ?reference . ?reference ct:referenceType/rdfs:label ?type
} GROUP BY ?type""")
def references_by_type(corpus: Corpus) -> Iterable[Row]:
    path = "protocolSection.referencesModule.references.type"
    found = (type_ for study in corpus.studies for type_ in values(study, path))
    return counts(corpus.labelled(found))


PROTOCOL = "protocolSection."
BROWSE = "derivedSection.{}BrowseModule.browseLeaves"
FLOW = RESULTS + "participantFlowModule."
BASELINE = RESULTS + "baselineCharacteristicsModule."
EVENTS = RESULTS + "adverseEventsModule."
CLASSES_OF = (BASELINE + "measures.classes", MEASURES + ".classes")
DENOMINATORS = (
    BASELINE + "denoms", BASELINE + "measures.denoms", MEASURES + ".denoms", *(path + ".denoms" for path in CLASSES_OF)
)  # fmt: skip
PARTS: dict[str, tuple[str, ...]] = {
    "OrgStudyIdentifier": (PROTOCOL + "identificationModule.orgStudyIdInfo",),
    "SecondaryIdentifier": (PROTOCOL + "identificationModule.secondaryIdInfos",),
    "ResponsibleParty": (SPONSORS + "responsibleParty",),
    "Arm": (ARMS + "armGroups",),
    "Intervention": (ARMS + "interventions",),
    "Outcome": tuple(OUTCOMES + key for key in RANKS.values()),
    "Contact": (PROTOCOL + "contactsLocationsModule.centralContacts", LOCATIONS + ".contacts"),
    "Official": (PROTOCOL + "contactsLocationsModule.overallOfficials",),
    "Location": (LOCATIONS,),
    "Reference": (PROTOCOL + "referencesModule.references",),
    "Retraction": (PROTOCOL + "referencesModule.references.retractions",),
    "SeeAlsoLink": (PROTOCOL + "referencesModule.seeAlsoLinks",),
    "AvailableIpd": (PROTOCOL + "referencesModule.availIpds",),
    "LargeDocument": ("documentSection.largeDocumentModule.largeDocs",),
    "UnpostedEvent": ("annotationSection.annotationModule.unpostedAnnotation.unpostedEvents",),
    "ViolationEvent": ("annotationSection.annotationModule.violationAnnotation.violationEvents",),
    "Submission": ("derivedSection.miscInfoModule.submissionTracking.submissionInfos",),
    "BrowseLeaf": tuple(map(BROWSE.format, ("condition", "intervention"))),
    "FlowGroup": (FLOW + "groups",),
    "FlowPeriod": (FLOW + "periods",),
    "FlowMilestone": (FLOW + "periods.milestones",),
    "DropWithdraw": (FLOW + "periods.dropWithdraws",),
    "FlowCount": (FLOW + "periods.milestones.achievements", FLOW + "periods.dropWithdraws.reasons"),
    "MeasureGroup": (BASELINE + "groups", MEASURES + ".groups"),
    "Denominator": DENOMINATORS,
    "DenominatorCount": tuple(path + ".counts" for path in DENOMINATORS),
    "BaselineMeasure": (BASELINE + "measures",),
    "OutcomeMeasure": (MEASURES,),
    "MeasureClass": CLASSES_OF,
    "MeasureCategory": tuple(path + ".categories" for path in CLASSES_OF),
    "Measurement": tuple(path + ".categories.measurements" for path in CLASSES_OF),
    "Analysis": (MEASURES + ".analyses",),
    "EventGroup": (EVENTS + "eventGroups",),
    "AdverseEvent": (EVENTS + "seriousEvents", EVENTS + "otherEvents"),
    "EventStat": (EVENTS + "seriousEvents.stats", EVENTS + "otherEvents.stats"),
    "PointOfContact": (RESULTS + "moreInfoModule.pointOfContact",),
}
"""The classes of parts, and where a record has them."""


@query("""SELECT ?class ?n {
    { SELECT ?type (COUNT(?part) AS ?n) { ?part ct:ofStudy ?study ; a ?type } GROUP BY ?type }
    ?type rdfs:label ?class
}""")
def parts_by_class(corpus: Corpus) -> Iterable[Row]:
    found = counts(
        name for study in corpus.studies for name, paths in PARTS.items() for path in paths for _ in values(study, path)
    )
    return [(corpus.classes[name], count) for name, count in found]


@query("""SELECT ?number (COUNT(?measurement) AS ?n) {
    ?measurement a ct:Measurement ; ct:ofStudy ?study . ?study dcterms:identifier ?number
} GROUP BY ?number""")
def measurements_by_study(corpus: Corpus) -> Iterable[Row]:
    return counts(
        number
        for number, study in zip(corpus.numbers, corpus.studies, strict=True)
        for path in PARTS["Measurement"]
        for _ in values(study, path)
    )


PLANNED = {"PRIMARY": "primaryOutcomes", "SECONDARY": "secondaryOutcomes", "OTHER_PRE_SPECIFIED": "otherOutcomes"}


def planned(study: Study, measure: dict[str, Any]) -> list[Any]:
    """The planned outcomes of the rank, title and time frame of a posted one."""
    outcomes = values(study, OUTCOMES + PLANNED[measure["type"]]) if measure.get("type") in PLANNED else []
    wanted = measure.get("title"), measure.get("timeFrame")
    return [outcome for outcome in outcomes if (outcome.get("measure"), outcome.get("timeFrame")) == wanted]


@query("""SELECT ?rank (COUNT(?posted) AS ?n) {
    ?posted ct:reports ?planned ; ct:outcomeMeasureType ?type . ?type rdfs:label ?rank
} GROUP BY ?rank""")
def reported_outcomes_by_rank(corpus: Corpus) -> Iterable[Row]:
    return counts(
        corpus.codes[measure["type"]]
        for study in corpus.studies
        for measure in values(study, MEASURES)
        if len(planned(study, measure)) == 1
    )


@query("""SELECT ?term (COUNT(?intervention) AS ?n) {
    ?intervention ct:mesh ?m . ?m rdfs:label ?term
} GROUP BY ?term""")
def interventions_by_term(corpus: Corpus) -> Iterable[Row]:
    return counts(
        term
        for study in corpus.studies
        for intervention in values(study, ARMS + "interventions")
        for term in corpus.terms_of(study, intervention)
    )
