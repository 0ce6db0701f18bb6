"""The registration of a study: identifiers, people, oversight, documents, data sharing, history of the record."""

from __future__ import annotations

from dataclasses import dataclass

from kg.ontology.vocabulary import DCTERMS
from kg.serve.formats import date_text
from kg.serve.nodes import Node, Nodes

IDENTIFIER, DATE = DCTERMS + "identifier", DCTERMS + "date"


@dataclass(frozen=True, slots=True)
class Identifier:
    """An identifier of a study elsewhere."""

    text: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Event:
    """A dated event of a record."""

    date: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a study, or a page about it."""

    text: str
    kind: str
    url: str


@dataclass(frozen=True, slots=True)
class Registration:
    """Facts about the registration of a study."""

    identifiers: list[Identifier]
    people: list[tuple[str, str]]
    """Roles, and names with their affiliation."""
    contacts: list[str]
    oversight: list[tuple[str, str]]
    documents: list[Document]
    sharing: list[tuple[str, str]]
    events: list[Event]
    """The history of the record, the oldest event first."""


def registration_of(study: Node) -> Registration:
    """Return the facts about the registration of a study."""
    return Registration(
        _identifiers(study), _people(study), _contacts(study), _oversight(study), _documents(study), _sharing(study),
        sorted(_events(study), key=lambda event: event.date),
    )  # fmt: skip


def _identifiers(study: Node) -> list[Identifier]:
    nodes = [*study.parts("orgStudyId"), *study.parts("secondaryId")]
    found = [
        Identifier(node.text(IDENTIFIER), _id_kind(node), node.raw("registryEntry") or node.raw("url"))
        for node in nodes
        if node.text(IDENTIFIER)
    ]
    former = [Identifier(number, "former NCT number", "") for number in study.texts("nctIdAlias")]
    return found + former


def _id_kind(node: Node) -> str:
    parts = (node.text("orgStudyIdType") or node.text("secondaryIdType"), node.text("domain"))
    return ", ".join(part for part in parts if part)


def _people(study: Node) -> list[tuple[str, str]]:
    people = [(node.text("officialRole") or "Official", _person(node)) for node in study.parts("official")]
    for node in study.parts("responsibleParty"):
        text = _person(node) or node.text("oldNameTitle") or node.text("responsiblePartyType")
        people.append(("Responsible party", text))
    return [(role, text) for role, text in dict.fromkeys(people) if text]


def _person(node: Node) -> str:
    parts = (node.label, node.text("investigatorTitle"), node.text("affiliation") or node.text("oldOrganization"))
    return ", ".join(part for part in parts if part)


def _contacts(study: Node) -> list[str]:
    nodes = study.parts("centralContact")
    return [", ".join(t for t in (node.label, node.text("phone"), node.text("email")) if t) for node in nodes]


OVERSIGHT = (
    ("Data monitoring committee", "oversightHasDmc"),
    ("FDA-regulated drug", "isFdaRegulatedDrug"),
    ("FDA-regulated device", "isFdaRegulatedDevice"),
    ("Unapproved device", "isUnapprovedDevice"),
    ("Exported from the US", "isUsExport"),
    ("Expanded access", "hasExpandedAccess"),
    ("Violation of FDAAA 801", "fdaaa801Violation"),
)
SHARING = (
    ("Plan to share data", "ipdSharing"),
    ("What", "ipdSharingInfoType"),
    ("Description", "ipdSharingDescription"),
    ("When", "ipdSharingTimeFrame"),
    ("Access", "ipdSharingAccessCriteria"),
)


def _oversight(study: Node) -> list[tuple[str, str]]:
    words = {True: "Yes", False: "No"}
    flags = ((title, study.flag(name)) for title, name in OVERSIGHT)
    return [(title, words[flag]) for title, flag in flags if flag is not None]


def _sharing(study: Node) -> list[tuple[str, str]]:
    facts = ((title, "\n".join(study.texts(name))) for title, name in SHARING)
    return [(title, text) for title, text in facts if text]


def _documents(study: Node) -> list[Document]:
    number = study.iri.rpartition("/")[2]
    documents = [
        Document(
            node.label or node.text("filename"),
            date_text(node.raw("documentDate")),
            f"https://cdn.clinicaltrials.gov/large-docs/{number[-2:]}/{number}/{node.text('filename')}",
        )
        for node in study.parts("largeDocument")
        if node.text("filename")
    ]
    for name, kind in (("seeAlsoLink", "web page"), ("availableIpd", "data of participants")):
        for node in study.parts(name):
            text = node.label or node.text("availableIpdType") or node.raw("url")
            documents.append(Document(text, kind, node.raw("url")))
    return documents


EVENTS = (
    ("First submitted", "studyFirstSubmitDate"),
    ("First posted", "studyFirstPostDate"),
    ("Results first submitted", "resultsFirstSubmitDate"),
    ("Results first posted", "resultsFirstPostDate"),
    ("Certification of delayed results submitted", "dispFirstSubmitDate"),
    ("Last update submitted", "lastUpdateSubmitDate"),
    ("Last update posted", "lastUpdatePostDate"),
    ("Status verified", "statusVerifiedDate"),
)


def _events(study: Node) -> list[Event]:
    events = [Event(study.raw(name), text) for text, name in EVENTS]
    for node in study.parts("unpostedEvent"):
        events.append(Event(node.raw(DATE), f"Results not posted yet: {node.text('unpostedEventType').lower()}"))
    for node in study.parts("submission"):
        events.append(Event(node.raw("releaseDate"), "Results submitted to quality control"))
        events.append(Event(node.raw("resetDate"), "Results returned for correction"))
    for node in study.parts("violationEvent"):
        events.append(Event(node.raw("issuedDate"), f"FDA: {node.text('violationEventType').lower()}"))
    return [event for event in dict.fromkeys(events) if event.date]


def version_of(nodes: Nodes, study: Node) -> str:
    """Return the date of the version of the record, or an empty string."""
    return next((nodes[iri].raw("versionHolder") for iri in study.iris("record")), "")
