"""How much of the records is in the graph: each JSON path with its values, and what became of them.

What a path goes to is told by the plan, and what of a record no shape read by its export; the official field
tree adds the paths that do not occur.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import orjson

from kg.coverage.fields import SECTION_WIDTH, printed, section, shipped_sample
from kg.errors import InputError, RecordError
from kg.export.exporter import Exporter
from kg.mapping.json_tree import leaves
from kg.mapping.plan import Entity, Plan, Role, shipped_plan
from kg.rdf.jsonld import compact
from kg.records.reader import Record, read
from kg.records.sanitize import clean

if TYPE_CHECKING:
    from rich.text import Text

IRI_OF = "IRI of "
MAPPED, LEFT_OUT, UNMAPPED = "mapped", "left out", "unmapped"


@dataclass(slots=True)
class Line:
    """A JSON path: what its values go to, and how many of them were met, left out, or read by nothing."""

    path: str
    type: str | None
    """What the official field tree says, ``None`` for a path that it does not have."""
    properties: tuple[str, ...]
    is_left_out: bool
    values: int = 0
    records: int = 0
    left_out: int = 0
    unmapped: int = 0

    @property
    def in_graph(self) -> int:
        """How many values are in the graph, by the properties of the ontology."""
        return self.values - self.left_out - self.unmapped

    @property
    def status(self) -> str:
        if not self.properties:
            return UNMAPPED if self.unmapped or not self.left_out else LEFT_OUT
        return LEFT_OUT if self.is_left_out else MAPPED

    def as_dict(self) -> dict[str, Any]:
        """The line for programs."""
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


def readers(plan: Plan) -> dict[str, tuple[str, ...]]:
    """JSON path -> the properties that its values go to, and the class whose IRIs are made of it.

    Properties that are worked out from a value do not keep it, and so are not among them.

    >>> from kg.mapping.plan import shipped_plan
    >>> readers(shipped_plan())["protocolSection.sponsorCollaboratorsModule.leadSponsor.name"]
    ('IRI of ct:Organization', 'rdfs:label')
    """
    found: dict[str, list[str]] = {}
    names = plan.ontology.prefixes

    def key(entity: Entity, path: str) -> None:
        keys = entity.template.keys if entity.template else ("^",)
        if keys != ("^",):
            place = ".".join(part for part in (path, *(keys or ())) if part)
            found.setdefault(place, []).append(f"{IRI_OF}{compact(entity.shape.iri, names)}")

    key(plan.study, "")
    for path, _, known in plan.walk():
        if not known.is_derived and path:
            found.setdefault(path, []).append(compact(known.shape.path, names))
        if known.role is Role.NODE and known.target is not None:
            key(plan.entities[known.target.iri], path)
    return {path: tuple(dict.fromkeys(properties)) for path, properties in found.items()}


@dataclass(slots=True)
class Coverage:
    """The lines of some records, with the paths of the official tree that they do not have."""

    lines: dict[str, Line]
    studies: int = 0
    lost: int = 0
    """Records that are no studies; nothing of them is in the graph."""
    _properties: dict[str, tuple[str, ...]] = field(default_factory=dict, repr=False)

    @property
    def met(self) -> list[Line]:
        """The lines of the paths that occur, in the order of the official tree."""
        return [line for line in self.lines.values() if line.values]

    def total(self, name: str) -> int:
        """The sum over all lines of ``values``, ``in_graph``, ``left_out`` or ``unmapped``."""
        return sum(getattr(line, name) for line in self.lines.values())

    @property
    def share(self) -> float:
        """Per cent of the values in the graph; what is left out by choice does not count."""
        counted = self.total("values") - self.total("left_out")
        return 100 * self.total("in_graph") / counted if counted else 100.0

    def reaches(self, percent: float) -> bool:
        """Whether the share is at least so many per cent."""
        counted = self.total("values") - self.total("left_out")
        return 100 * self.total("in_graph") >= percent * counted

    def count(self, record: Any, unread: Counter[str] | None) -> None:
        """Counts the values of a record; ``unread`` of ``None`` says that nothing of it is in the graph."""
        for path, values in Counter(leaves(record)).items():
            line = self.lines.get(path)
            if line is None:
                line = self.lines[path] = Line(path, None, self._properties.get(path, ()), False)
            lost = values if unread is None else unread[path]
            line.values += values
            line.records += 1
            line.unmapped += lost
            if line.is_left_out or not line.properties:
                line.left_out += values - lost

    def as_dict(self) -> dict[str, Any]:
        """All of it for programs."""
        return {
            "studies": self.studies,
            "recordsLost": self.lost,
            "values": self.total("values"),
            "inGraph": self.total("in_graph"),
            "leftOut": self.total("left_out"),
            "unmapped": self.total("unmapped"),
            "share": self.share,
            "officialShare": self.official().share,
            "paths": [line.as_dict() for line in self.lines.values()],
        }

    def official(self) -> Coverage:
        """The coverage of the official paths alone."""
        return replace(self, lines={path: line for path, line in self.lines.items() if line.type is not None})

    def summary(self) -> str:
        """The coverage in one sentence."""
        left_out = self.total("left_out")
        parts = [
            f"{self.total('values'):,} values at {len(self.met):,} paths",
            f"{_per_cent(self.share)} in the graph",
            f"{_per_cent(self.official().share)} of official fields",
            f"{left_out:,} contact values left out (--contacts keeps them)" if left_out else "",
            f"{self.total('unmapped'):,} kept unmapped",
            f"{self.lost:,} lost" if self.lost else "",
        ]
        return f"Studies: {self.studies + self.lost:,} read, " + ", ".join(part for part in parts if part) + "."


def empty(plan: Plan, *, contacts: bool) -> Coverage:
    """The coverage of no record: the official paths, then those that the plan reads beside them."""
    properties = readers(plan)
    hidden = () if contacts else {path for path, _, known in plan.walk() if known.is_contact_data}
    official = {path: about["type"] for path, about in shipped_sample().items() if "type" in about}
    inner = {path for path in properties if any(other.startswith((path + ".", path + "[]")) for other in properties)}
    paths = dict.fromkeys([*official, *(path for path in properties if path not in inner)])
    lines = {path: Line(path, official.get(path), properties.get(path, ()), path in hidden) for path in paths}
    return Coverage(lines, _properties=properties)


def measure(
    records: Iterable[Record], plan: Plan, *, contacts: bool = False, reject: Callable[[RecordError], None]
) -> Coverage:
    """The coverage of some records; those that are no studies go to ``reject``, and none of their values counts."""
    coverage, exporter = empty(plan, contacts=contacts), Exporter(plan, contacts=contacts)
    for record in records:
        data = record.data if record.is_clean else clean(record.data, lambda *_: None)
        try:
            coverage.count(data, exporter(data, fit=True).unmapped.paths)
            coverage.studies += 1
        except RecordError as error:
            error.file, error.record = record.file, record.number
            coverage.count(data, None)
            coverage.lost += 1
            reject(error)
    return coverage


def of(
    inputs: Iterable[str | os.PathLike[str]],
    *,
    contacts: bool = False,
    official: bool = False,
    reject: Callable[[InputError], None],
    progress: Callable[[int], None] | None = None,
) -> Coverage:
    """The coverage of the studies of some inputs; ``official`` leaves aside what the official field tree has not."""
    found = measure(read(inputs, reject, progress), shipped_plan(), contacts=contacts, reject=reject)
    return found.official() if official else found


def as_json(coverage: Coverage) -> bytes:
    """All of it for programs."""
    return orjson.dumps(coverage.as_dict(), option=orjson.OPT_INDENT_2) + b"\n"


def _per_cent(share: float) -> str:
    """A share for people, never rounded up.

    >>> _per_cent(100.0), _per_cent(99.9999), _per_cent(50.0)
    ('100 %', '99.99 %', '50.00 %')
    """
    return "100 %" if share == 100 else f"{int(share * 100) / 100:.2f} %"


def _outcome(line: Line) -> Text:
    from rich.text import Text

    if line.status == LEFT_OUT:
        return Text("left out", style="yellow")
    if line.status == UNMAPPED:
        return Text("unmapped", style="bold red")
    if not line.unmapped:
        return Text("all" if line.values else "-", style="green" if line.values else "dim")
    return Text(f"{line.in_graph:,}", style="red")


def as_table(coverage: Coverage, *, everything: bool = False) -> str:
    """The lines that occur, or all, as a table for people."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column("JSON path", overflow="fold", min_width=SECTION_WIDTH)
    for title in ("in graph", "values", "records"):
        table.add_column(title, justify="right", no_wrap=True, min_width=len(title))
    table.add_column("property", overflow="fold")
    lines = list(coverage.lines.values()) if everything else coverage.met
    for place in dict.fromkeys(section(line.path) for line in lines):
        table.add_row(Text(place or "others", style="bold cyan"))
        for line in lines:
            if section(line.path) == place:
                path = "  " + line.path.removeprefix(place).removeprefix(".")
                told = [name for name in line.properties if not name.startswith(IRI_OF)] or line.properties
                numbers = (Text(f"{line.values:,}"), Text(f"{line.records:,}"))
                table.add_row(Text(path), _outcome(line), *numbers, Text(", ".join(told)))
    return printed(table, Console())
