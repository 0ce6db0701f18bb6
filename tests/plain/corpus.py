"""The JSON records as plain Python reads them: no code of ``kg``, and nothing of RDF apart from the labels of codes.

What a record leaves to the reader is decided here a second time: MeSH ids are repaired as data/README.md of the real
records describes, countries are those of pycountry, and a resource that studies share has one label.
"""

from __future__ import annotations

import json
import re
import zipfile
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

import pycountry
import pyoxigraph as ox

ONTOLOGY = Path(__file__).parents[2] / "ontology"
CODE = "https://w3id.org/trialkg/code/"
CT = "https://w3id.org/trialkg/ontology#"
LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")
FIRST_LONG_MESH_ID = {"D": 66388, "C": 588423}
"""The first number that NLM wrote with nine digits; a lower number with nine digits is padded."""
COUNTRIES = {
    "Côte d’Ivoire": "CI",
    "Palestinian Territories, Occupied": "PS",
    "Russia": "RU",
    "Turkey": "TR",
    "Turkey (Türkiye)": "TR",
}
"""Names of the registry that pycountry does not have."""

Study = dict[str, Any]


def read(source: Path) -> Iterator[Study]:
    """The records of a folder, or a ZIP archive, of JSON files."""
    if source.is_dir():
        yield from (json.loads(path.read_bytes()) for path in sorted(source.glob("*.json")))
        return
    with zipfile.ZipFile(source) as archive:
        for name in sorted(archive.namelist()):
            if name.endswith(".json"):
                yield json.loads(archive.read(name))


def values(node: Any, path: str) -> list[Any]:
    """All values at a path of keys, through every list on the way.

    >>> values({"a": [{"b": 1}, {"b": [2, 3]}, {}]}, "a.b")
    [1, 2, 3]
    """
    nodes = [node]
    for key in path.split("."):
        found = (item[key] for item in nodes if isinstance(item, dict) and key in item)
        nodes = [item for value in found for item in (value if isinstance(value, list) else [value])]
    return nodes


def value(node: Any, path: str) -> Any:
    """The first value at a path, or ``None``."""
    return next(iter(values(node, path)), None)


def mesh_id(text: str) -> str:
    """A MeSH id with the digits that NLM gives it.

    >>> mesh_id("D000004791"), mesh_id("D000068677"), mesh_id("C000613593")
    ('D004791', 'D000068677', 'C000613593')
    """
    padded = re.fullmatch(r"([DC])(\d{9})", text)
    if padded is None or int(padded[2]) >= FIRST_LONG_MESH_ID[padded[1]]:
        return text
    return f"{padded[1]}{int(padded[2]):06d}"


def country(name: str) -> tuple[str, str]:
    """The ISO 3166 code and the English name of a country.

    >>> country("Korea, Republic of"), country("Russia")
    (('KR', 'South Korea'), ('RU', 'Russian Federation'))
    """
    entry = pycountry.countries.lookup(COUNTRIES.get(name, name))
    return entry.alpha_2, getattr(entry, "common_name", entry.name)


def last_day(text: str) -> date:
    """The last day that a date of a day, a month or a year may mean.

    >>> last_day("2020-06-01").isoformat(), last_day("2020-02").isoformat(), last_day("2020").isoformat()
    ('2020-06-01', '2020-02-29', '2020-12-31')
    """
    year, month, day = [*map(int, text.split("-")), 0, 0][:3]
    month = month or 12
    return date(year, month, day or monthrange(year, month)[1])


def labels(namespace: str) -> dict[str, str]:
    """The ``rdfs:label`` of each term of the ontology in a namespace, by its local name."""
    quads = (
        quad
        for name in ("core.ttl", "results.ttl", "codes.ttl")
        for quad in ox.parse(path=str(ONTOLOGY / name))
        if quad.predicate == LABEL and isinstance(quad.subject, ox.NamedNode)
    )
    return {
        quad.subject.value.removeprefix(namespace): quad.object.value
        for quad in quads
        if quad.subject.value.startswith(namespace)
    }


def most_used(spellings: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The label of each resource: its most used spelling, and of equal ones the smallest by code point.

    >>> most_used([("C1", "b"), ("C1", "a"), ("C2", "y"), ("C2", "x"), ("C2", "y")])
    {'C1': 'a', 'C2': 'y'}
    """
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for key, spelling in spellings:
        counts[key][spelling] += 1
    return {key: min(count, key=lambda spelling: (-count[spelling], spelling)) for key, count in counts.items()}


class Corpus:
    """Some studies, with the labels that shared resources have over all studies of the run."""

    def __init__(self, studies: Sequence[Study], run: Corpus | None = None) -> None:
        self.studies = studies
        self._run = run or self

    def some(self) -> Corpus:
        """About thirty of the studies, from all over the run."""
        return Corpus(self.studies[:: max(1, len(self.studies) // 30)], self._run)

    @cached_property
    def numbers(self) -> list[str]:
        """The NCT numbers."""
        return [value(study, "protocolSection.identificationModule.nctId") for study in self.studies]

    @cached_property
    def codes(self) -> dict[str, str]:
        """The label of each code of the API."""
        return labels(CODE)

    @cached_property
    def classes(self) -> dict[str, str]:
        """The label of each class of the ontology."""
        return labels(CT)

    @cached_property
    def _mesh_labels(self) -> dict[str, str]:
        return most_used(
            (mesh_id(term["id"]), term["term"])
            for study in self.studies
            for module in ("condition", "intervention")
            for kind in ("meshes", "ancestors")
            for term in values(study, f"derivedSection.{module}BrowseModule.{kind}")
        )

    @cached_property
    def _branch_labels(self) -> dict[str, str]:
        return most_used(
            (f"{module}-{branch['abbrev']}", branch["name"])
            for study in self.studies
            for module in ("condition", "intervention")
            for branch in values(study, f"derivedSection.{module}BrowseModule.browseBranches")
        )

    def mesh(self, study: Study, module: str, kind: str = "meshes") -> list[str]:
        """The labels of the MeSH terms, or ancestors, of a study, once for each id."""
        ids = {mesh_id(id_) for id_ in values(study, f"derivedSection.{module}BrowseModule.{kind}.id")}
        return [self._run._mesh_labels[id_] for id_ in ids]

    def terms_of(self, study: Study, intervention: Study) -> list[str]:
        """The labels of the MeSH terms of a study that an intervention is named after, apart from case."""
        names = {name.lower() for key in ("name", "otherNames") for name in values(intervention, key)}
        terms = values(study, "derivedSection.interventionBrowseModule.meshes")
        ids = {mesh_id(term["id"]) for term in terms if term["term"].lower() in names}
        return [self._run._mesh_labels[id_] for id_ in ids]

    def branches(self, study: Study, module: str) -> list[str]:
        """The labels of the browse branches of a study."""
        names = set(values(study, f"derivedSection.{module}BrowseModule.browseBranches.abbrev"))
        return [self._run._branch_labels[f"{module}-{name}"] for name in names]

    def labelled(self, codes: Iterable[str]) -> list[str]:
        """The labels of codes."""
        return [self.codes[code] for code in codes]
