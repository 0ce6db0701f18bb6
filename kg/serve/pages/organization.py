"""An organization: the studies that it leads or supports, over time, and whose results are overdue."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from kg.ontology.vocabulary import SKOS
from kg.query.engine import query_text
from kg.serve.catalogue import Catalogue
from kg.serve.columns import Flags
from kg.serve.formats import date_text, day_of
from kg.serve.links import Code, Link
from kg.serve.nodes import Node, Nodes, shown_text
from kg.serve.pages.profile import Bar, Profile, profile_of
from kg.serve.pages.timeline import Moment
from kg.serve.selection import Selection

MAX_PARTNERS = 12
MAX_RUNS = 80
"""Studies on the timeline, at most: those that started last."""


@dataclass(frozen=True, slots=True)
class Run:
    """A study on the timeline of a sponsor."""

    study: Link
    number: str
    status: Code
    start: Moment
    end: Moment


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization."""

    iri: str
    name: str
    other_names: list[str]
    agency_class: Code
    led: int
    supported: int
    profile: Profile
    """Of the studies that it leads, or of those that it supports if it leads none."""
    partners: list[Bar]
    """The organizations in the same studies, with the number of studies."""
    runs: list[Run]


@dataclass(frozen=True, slots=True)
class Overdue:
    """A study whose results are overdue."""

    study: Link
    number: str
    completion: str
    months: int


def organization_view(catalogue: Catalogue, nodes: Nodes, node: Node) -> Organization:
    """Return an organization with its studies."""
    led, supported = (_mask(catalogue, nodes, name, node.iri) for name in ("leadSponsor", "collaborator"))
    leads = bool(led.any())
    column = catalogue.columns["sponsor"]
    selection = Selection().choose("sponsor", column.keys[column.iris.index(node.iri)]) if leads else None
    return Organization(
        node.iri,
        node.label or node.iri.rpartition("/")[2],
        sorted(node.texts(SKOS + "altLabel")),
        Code.of(node, "agencyClass"),
        int(led.sum()),
        int(supported.sum()),
        profile_of(catalogue, led if leads else supported, selection, node.iri),
        _partners(catalogue, nodes, led | supported, node.iri),
        _runs(catalogue, nodes, led if leads else supported),
    )


def _mask(catalogue: Catalogue, nodes: Nodes, name: str, iri: str) -> Flags:
    """Return whether each study refers to an organization with a property; of shape (studies,)."""
    mask = np.zeros(len(catalogue), bool)
    positions = (catalogue.positions.get(study) for study in nodes.subjects(name, iri))
    mask[[position for position in positions if position is not None]] = True
    return mask


def _partners(catalogue: Catalogue, nodes: Nodes, mask: Flags, own: str) -> list[Bar]:
    counts: Counter[str] = Counter()
    for study in np.flatnonzero(mask).tolist():
        iri = catalogue.iris[study]
        counts.update({*nodes.objects(iri, "leadSponsor"), *nodes.objects(iri, "collaborator")} - {own})
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:MAX_PARTNERS]
    return [Bar(nodes[iri].label or iri.rpartition("/")[2], count, iri, "") for iri, count in ranked]


def _runs(catalogue: Catalogue, nodes: Nodes, mask: Flags) -> list[Run]:
    """Return the studies with a start date, the newest first."""
    found = [run for study in np.flatnonzero(mask).tolist() if (run := _run(catalogue, nodes, study)) is not None]
    found.sort(key=lambda run: (run.start.value, run.number), reverse=True)
    return found[:MAX_RUNS]


def _run(catalogue: Catalogue, nodes: Nodes, study: int) -> Run | None:
    iri = catalogue.iris[study]
    values = {name: next(iter(nodes.objects(iri, name)), "") for name in ("startDate", "completionDate")}
    values["completionDate"] = values["completionDate"] or next(iter(nodes.objects(iri, "primaryCompletionDate")), "")
    if day_of(values["startDate"]) is None:
        return None
    status = next(iter(nodes.objects(iri, "overallStatus")), "")
    start, end = (Moment(name, text, date_text(text), False, day_of(text)) for name, text in values.items())
    return Run(Link(shown_text(catalogue.titles[study]), iri), catalogue.ids[study], Code.from_iri(status), start, end)


def overdue_query(iri: str, day: str) -> str:
    """Return the query of the library for overdue results, for one sponsor and a day (YYYY-MM-DD)."""
    text = query_text("overdue_results", {"today": day})
    return text.replace("WHERE {\n", f"WHERE {{\n  ?study ct:leadSponsor <{iri}> .\n", 1)
