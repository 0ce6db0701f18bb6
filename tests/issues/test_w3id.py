"""The redirects of w3id.org: every IRI under the base leads somewhere, and to a place that exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.mapping.plan import shipped_plan
from kg.ontology.model import shipped
from kg.ontology.vocabulary import BASE, CT
from kg.query.library import library_queries
from kg.validation.rules import RULES
from tests.export.test_void import described

TOP = Path(__file__).parents[2]
RULE = re.compile(r"RewriteRule (\S+) (\S+) \[R=303,(?:NE,)?L\]")
CONDITION = re.compile(r"RewriteCond %\{HTTP_ACCEPT\} (\S+)")
BROWSER, ANY = "text/html,application/xhtml+xml,*/*;q=0.8", "*/*"


def redirect(iri: str, accept: str = ANY) -> str | None:
    """Where Apache leads from an IRI: to that of the first rule that matches, and whose condition holds."""
    path, condition = iri.partition("#")[0].removeprefix(BASE), None
    for line in (TOP / "docs" / "w3id" / ".htaccess").read_text("utf-8").splitlines():
        if found := CONDITION.fullmatch(line):
            condition = found[1]
        elif found := RULE.fullmatch(line):
            match = re.search(found[1], path)
            if match and (condition is None or re.search(condition, accept)):
                return re.sub(r"\$(\d)", lambda group, match=match: match[int(group[1])], found[2])  # type: ignore[misc]
            condition = None
    return None


def exists(address: str) -> bool:
    """Whether an address is one of ClinicalTrials.gov, or that of a file or a heading that the project has."""
    if (
        address.startswith(("https://clinicaltrials.gov/", "https://github.com/trialkg/trialkg"))
        and "/blob/" not in address
    ):
        return True
    path, _, fragment = re.split(r"/trialkg/trialkg/(?:blob/)?main/", address)[1].partition("#")
    if not (TOP / path).is_file() or not fragment:
        return (TOP / path).is_file()
    headings = re.findall(r"^#+ (.*)$", (TOP / path).read_text("utf-8"), re.MULTILINE)
    return fragment in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("accept", [BROWSER, ANY, "text/turtle", "application/ld+json", "application/json"])
def test_every_iri_of_an_export_leads_somewhere(
    tmp_path: Path, seed: dict[str, Any], made: dict[str, Any], accept: str
) -> None:
    terms = {
        term.value
        for record in (seed, made)
        for quad in ox.parse(Exporter(graphs=True)(record).data, format=ox.RdfFormat.N_QUADS)
        for term in (quad.subject, quad.predicate, quad.object, quad.graph_name)
        if isinstance(term, ox.NamedNode)
    }
    _, about = described(tmp_path, "a.nt")
    terms |= {quad.subject.value for quad in about if isinstance(quad.subject, ox.NamedNode)}
    ontology = shipped()
    terms |= {*ontology.shapes, *ontology.schemes, *RULES, *(registry.iri for registry in ontology.registries)}
    terms |= {BASE + "query/" + question.name for question in library_queries()}
    terms |= {BASE, BASE + "authors", BASE + "graph/shared", BASE + "graph/ontology", CT + "Study"}
    ours = {iri for iri in terms if iri.startswith(BASE)}
    kinds = {iri.removeprefix(BASE).partition("/")[0].partition("#")[0] for iri in ours}
    assert {"organization", "country", "branch", "graph", "code", "scheme", "registry", "dataset", "rule"} <= kinds
    lost = [iri for iri in sorted(ours) if (address := redirect(iri, accept)) is None or not exists(address)]
    assert lost == []


@pytest.mark.parametrize("prefix", shipped_plan().ontology.prefixes.items(), ids=lambda item: item[0])
def test_every_namespace_of_ours_is_redirected(prefix: tuple[str, str]) -> None:
    if prefix[1].startswith(BASE):
        assert redirect(prefix[1] + "NCT00000001") is not None


def test_people_and_programs_get_what_they_ask_for() -> None:
    def leads(iri: str, accept: str) -> str:
        return (redirect(BASE + iri, accept) or "").rpartition("/")[2]

    assert leads("ontology#Study", BROWSER) == leads("code/PHASE2", BROWSER) == "ontology.md"
    assert leads("ontology", "application/ld+json") == "context.jsonld"
    assert leads("scheme/Phase", "text/turtle") == leads("registry/CTIS", ANY) == leads("graph/ontology", ANY)
    assert leads("part/NCT02059759-arm-1", BROWSER) == "NCT02059759"
    assert (
        redirect(BASE + "record/NCT02059759", "application/json")
        == "https://clinicaltrials.gov/api/v2/studies/NCT02059759"
    )
    assert redirect(BASE + "nothing/of/ours") is None
