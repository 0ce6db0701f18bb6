"""Coverage: how many values at each JSON path are in the graph, left out or unmapped.

The plan has the properties of each path, the export of a record has its unmapped values, and the official field tree
adds the paths that do not occur.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from kg._types import Input, Progress, Reject
from kg.coverage.fields import shipped_sample
from kg.errors import RecordError
from kg.export.contacts import ContactFilter
from kg.export.exporter import Exporter
from kg.mapping.json_tree import leaves
from kg.mapping.plan import UNMAPPED_SECTION, Entity, Plan, Role, shipped_plan
from kg.mapping.sections import chosen, holds, listing
from kg.mapping.sections import without as plan_of
from kg.rdf.jsonld import compact
from kg.records.limits import depth_errors
from kg.records.reader import Record, read
from kg.records.sanitize import clean

IRI_OF = "IRI of "
MAPPED, LEFT_OUT, UNMAPPED = "mapped", "left out", "unmapped"


@dataclass(slots=True)
class PathCoverage:
    """A JSON path: its properties, and the numbers of its values, of those left out, and of unmapped ones."""

    path: str
    type: str | None
    """The type in the official field tree, ``None`` if the path is not in it."""
    properties: tuple[str, ...]
    is_left_out: bool
    in_section: bool = False
    """Whether it is in a section that is left out by choice."""
    values: int = 0
    records: int = 0
    left_out: int = 0
    unmapped: int = 0

    @property
    def in_graph(self) -> int:
        """The number of values in the graph as values of properties."""
        return self.values - self.left_out - self.unmapped

    @property
    def status(self) -> str:
        """Whether the path is mapped, left out or unmapped."""
        if not self.properties:
            return UNMAPPED if self.unmapped or not self.left_out else LEFT_OUT
        return LEFT_OUT if self.is_left_out else MAPPED

    def as_dict(self) -> dict[str, Any]:
        """Return the counts for JSON."""
        return {
            "path": self.path,
            "official": self.type is not None,
            "type": self.type,
            "status": self.status,
            "properties": list(self.properties),
            "values": self.values,
            "records": self.records,
            "inGraph": self.in_graph,
            "leftOut": self.left_out,
            "unmapped": self.unmapped,
        }


def properties_by_path(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the properties that each JSON path is mapped to, and the class whose IRIs contain its value.

    Derived properties are not included, as they do not keep the value itself.

    >>> from kg.mapping.plan import shipped_plan
    >>> properties_by_path(shipped_plan())["protocolSection.sponsorCollaboratorsModule.leadSponsor.name"]
    ('IRI of ct:Organization', 'rdfs:label')
    """
    properties: dict[str, list[str]] = {}
    prefixes = plan.ontology.prefixes

    def add_iri_key(entity: Entity, path: str) -> None:
        keys = entity.template.keys if entity.template else ("^",)
        if keys != ("^",):
            key_path = ".".join(part for part in (path, *(keys or ())) if part)
            properties.setdefault(key_path, []).append(f"{IRI_OF}{compact(entity.shape.iri, prefixes)}")

    add_iri_key(plan.study, "")
    for path, _, field_ in plan.walk():
        if not field_.is_derived and path:
            properties.setdefault(path, []).append(compact(field_.shape.path, prefixes))
        if field_.role is Role.NODE and field_.target is not None:
            add_iri_key(plan.entities[field_.target.iri], path)
    return {path: tuple(dict.fromkeys(names)) for path, names in properties.items()}


@dataclass(slots=True)
class Coverage:
    """The coverage of all paths that occur in some records or in the official field tree."""

    paths: dict[str, PathCoverage]
    studies: int = 0
    lost: int = 0
    """Records that are not studies; none of their values is in the graph."""
    _properties: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)
    _contacts: ContactFilter | None = field(default=None, repr=False)
    without: tuple[str, ...] = ()
    """The sections that are left out by choice."""

    @property
    def occurring(self) -> list[PathCoverage]:
        """The paths that occur, in the order of the official tree."""
        return [item for item in self.paths.values() if item.values]

    def total(self, name: str) -> int:
        """Return the sum of ``values``, ``in_graph``, ``left_out`` or ``unmapped`` over all paths."""
        return sum(getattr(item, name) for item in self.paths.values())

    @property
    def share(self) -> float:
        """The percentage of values in the graph, not counting those left out by choice."""
        counted = self.total("values") - self.total("left_out")
        return 100 * self.total("in_graph") / counted if counted else 100.0

    def reaches(self, percent: float) -> bool:
        """Return whether the share is at least ``percent``."""
        counted = self.total("values") - self.total("left_out")
        return 100 * self.total("in_graph") >= percent * counted

    def path(self, path: str, kind: str | None = None) -> PathCoverage:
        """Return the coverage of a path before any record."""
        in_section = holds(self.without, path)
        is_left_out = in_section or (self._contacts is not None and self._contacts.is_left_out(path, ""))
        return PathCoverage(path, kind, self._properties.get(path, ()), is_left_out, in_section)

    def add(self, record: Any, unmapped: Counter[str] | None) -> None:
        """Count the values of a record; ``unmapped`` is ``None`` if the record is not in the graph."""
        for path, values in Counter(leaves(record)).items():
            item = self.paths.get(path)
            if item is None:
                item = self.paths[path] = self.path(path)
            lost = values if unmapped is None else unmapped[path]
            dropped = lost if unmapped is not None and UNMAPPED_SECTION in self.without else 0
            item.values += values
            item.records += 1
            item.unmapped += lost - dropped
            item.left_out += dropped
            if item.is_left_out or not item.properties:
                item.left_out += values - lost

    def as_dict(self) -> dict[str, Any]:
        """Return the coverage for JSON."""
        return {
            "studies": self.studies,
            "recordsLost": self.lost,
            "values": self.total("values"),
            "inGraph": self.total("in_graph"),
            "leftOut": self.total("left_out"),
            "unmapped": self.total("unmapped"),
            "share": self.share,
            "officialShare": self.official().share,
            "paths": [item.as_dict() for item in self.paths.values()],
        }

    def official(self) -> Coverage:
        """Return the coverage of the official paths only."""
        return replace(self, paths={path: item for path, item in self.paths.items() if item.type is not None})

    def summary(self) -> str:
        """Return the coverage in one sentence."""
        sections = sum(item.left_out for item in self.paths.values() if item.in_section or not item.is_left_out)
        contacts = self.total("left_out") - sections
        parts = [
            f"{self.total('values'):,} values at {len(self.occurring):,} paths",
            f"{_per_cent(self.share)} in the graph",
            f"{_per_cent(self.official().share)} of official fields",
            f"{contacts:,} contact values left out (--contacts keeps them)" if contacts else "",
            f"{sections:,} values left out by choice ({listing(self.without)})" if sections else "",
            f"{self.total('unmapped'):,} kept unmapped",
            f"{self.lost:,} lost" if self.lost else "",
        ]
        return f"Studies: {self.studies + self.lost:,} read, " + ", ".join(part for part in parts if part) + "."


def empty_coverage(plan: Plan, *, contacts: bool, without: tuple[str, ...] = ()) -> Coverage:
    """Return the coverage of no records: the official paths, followed by the other paths in the plan."""
    properties = properties_by_path(plan)
    contact_filter = ContactFilter(plan, contacts=contacts)
    official = {path: entry["type"] for path, entry in shipped_sample().items() if "type" in entry}
    inner = {path for path in properties if any(other.startswith((path + ".", path + "[]")) for other in properties)}
    names = dict.fromkeys([*official, *(path for path in properties if path not in inner)])
    coverage = Coverage({}, _properties=properties, _contacts=contact_filter, without=without)
    coverage.paths = {path: coverage.path(path, official.get(path)) for path in names}
    return coverage


def measure(
    records: Iterable[Record],
    plan: Plan,
    *,
    contacts: bool = False,
    without: tuple[str, ...] = (),
    reject: Reject,
) -> Coverage:
    """Return the coverage of some records; those that are not studies go to ``reject`` and count as not covered."""
    coverage = empty_coverage(plan, contacts=contacts, without=without)
    exporter = Exporter(plan_of(plan, without), contacts=contacts)
    for record in records:
        try:
            with depth_errors():
                data = record.data if record.is_clean else clean(record.data, lambda *_: None)
                coverage.add(data, exporter(data, is_clean=True).unmapped.paths)
            coverage.studies += 1
        except RecordError as error:
            error.file, error.record = record.file, record.number
            with suppress(RecursionError):
                coverage.add(record.data, None)
            coverage.lost += 1
            reject(error)
    return coverage


def measure_inputs(
    inputs: Iterable[Input],
    *,
    contacts: bool = False,
    without: Iterable[str] = (),
    official: bool = False,
    reject: Reject,
    progress: Progress | None = None,
) -> Coverage:
    """Return the coverage of the studies in some inputs, with ``official`` only for paths in the official tree."""
    options: dict[str, Any] = {"contacts": contacts, "without": chosen(without)}
    coverage = measure(read(inputs, reject, progress), shipped_plan(), **options, reject=reject)
    return coverage.official() if official else coverage


def _per_cent(share: float) -> str:
    """Format a percentage, rounded down.

    >>> _per_cent(100.0), _per_cent(99.9999), _per_cent(50.0)
    ('100 %', '99.99 %', '50.00 %')
    """
    return "100 %" if share == 100 else f"{int(share * 100) / 100:.2f} %"
