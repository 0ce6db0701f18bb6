"""Names that a newcomer tries for a property are led to it by meaning: fields, JSON paths and modules of the API,
columns of AACT, labels and synonyms; edit distance alone led from ``ct:enrolment`` to ``ct:enrollmentType``."""

from __future__ import annotations

import pytest

from kg.ontology.model import shipped
from kg.ontology.vocabulary import CT
from kg.query.nearest_term import nearest_term, ontology_terms
from kg.rdf.jsonld import compact
from kg.rdf.syntax import prefixes

WANTED = {
    "ct:enrollmentCount": "enrollment enrolment enrollmentInfo participants numberOfParticipants "
    "sampleSize sample_size patients protocolSection.designModule.enrollmentInfo.count",
    "ct:overallStatus": "status recruitmentStatus overall_status OverallStatus statusModule trialStatus "
    " protocolSection.statusModule.overallStatus",
    "ct:location": "site sites studySite hospital center centres contactsLocationsModule",
    "rdfs:label": "LocationFacility briefTitle brief_title title studyTitle name InterventionName",
    "ct:officialTitle": "official_title",
    "dcterms:identifier": "nctId nct_id nctNumber id NCTId",
    "ct:briefSummary": "abstract summary",
    "ct:phase": "designModule.phases phases studyPhase trial_phase",
    "ct:startDate": "statusModule.startDateStruct startDateStruct start start_date StartDate",
    "ct:completionDate": "endDate end_date completion",
    "ct:primaryCompletionDate": "primaryCompletion",
    "ct:studyFirstPostDate": "firstPosted",
    "ct:lastUpdatePostDate": "LastUpdatePostDate",
    "ct:condition": "disease conditions indication conditionsModule",
    "ct:conditionMesh": "meshTerms ConditionMeshTerm",
    "ct:intervention": "drug treatment interventions",
    "ct:arm": "armGroup armGroups",
    "ct:leadSponsor": "sponsor lead_sponsor",
    "ct:agencyClass": "sponsorClass",
    "ct:collaborator": "collaborators",
    "ct:official": "investigator principalInvestigator",
    "ct:studyType": "study_type design designModule",
    "ct:masking": "blinding maskingInfo",
    "ct:allocation": "randomization",
    "ct:primaryPurpose": "purpose",
    "ct:primaryOutcome": "outcome outcomes primaryOutcomes primaryEndpoint endpoint",
    "ct:secondaryOutcome": "secondary_endpoint",
    "ct:eligibilityCriteria": "eligibility eligibilityModule criteria",
    "ct:inclusionCriteria": "inclusion",
    "ct:sex": "gender",
    "ct:minimumAge": "age minAge",
    "ct:maximumAge": "maximum_age",
    "ct:standardAge": "stdAges ageGroup",
    "ct:keyword": "keywords",
    "ct:country": "countries LocationCountry",
    "ct:zip": "zipCode",
    "ct:phone": "telephone",
    "wgs:lat": "latitude",
    "wgs:long": "lon",
    "ct:reference": "publications referencesModule",
    "ct:pubmed": "pmid",
    "ct:seeAlsoLink": "links",
    "ct:hasResults": "results",
    "ct:seriousEvent": "seriousAdverseEvents",
    "ct:pValue": "p_value",
    "ct:ipdSharing": "ipdSharingStatement",
    "ct:whyStopped": "stopReason why_stopped reasonStopped",
    "ct:oversightHasDmc": "hasDmc",
    "ct:secondaryId": "secondaryIds",
    "ct:orgStudyId": "orgStudyIdInfo",
}
"""Properties, and the names that lead to them."""
NAMES = {name: term for term, names in WANTED.items() for name in names.split()}
CLASSES = {
    "trial": "ct:Study", "ClinicalTrial": "ct:Study", "study": "ct:Study", "site": "ct:Location", "Site": "ct:Location",
    "outcome": "ct:Outcome", "endpoint": "ct:Outcome", "armGroup": "ct:Arm", "Sponsor": "ct:Organization",
}  # fmt: skip


def nearest(name: str, *, is_class: bool = False) -> str:
    return compact(nearest_term(CT + name, is_class=is_class) or "", prefixes(shipped()))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_leads_to_its_property(name: str) -> None:
    assert nearest(name) == NAMES[name]


@pytest.mark.parametrize("name", CLASSES)
def test_a_name_after_a_leads_to_its_class(name: str) -> None:
    assert nearest(name, is_class=True) == CLASSES[name]


def test_other_names_are_those_of_terms_and_no_terms_themselves() -> None:
    for iri in shipped().other_names:
        assert iri in ontology_terms(), iri
    names = [(iri, name) for iri, others in shipped().other_names.items() for name in others]
    assert len(set(names)) == len(names)


def test_every_field_of_the_api_leads_somewhere() -> None:
    """The last key of each official path is a property, or leads to one."""
    from kg.coverage.fields import shipped_sample

    keys = {path.replace("[]", "").split(".")[-1] for path, entry in shipped_sample().items() if "type" in entry}
    assert [key for key in sorted(keys) if CT + key not in ontology_terms() and nearest_term(CT + key) is None] == []
