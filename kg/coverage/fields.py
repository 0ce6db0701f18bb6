"""The fields of a record: where each lies in the JSON, what becomes of it, how often it occurs, and an example.

The plan tells the properties; the official field tree and the sample are kept in ``ontology/fields.json``, which
``python -m tools.docs`` writes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any, Literal

import orjson

from kg.mapping.plan import Entity, Field, Plan, Role
from kg.ontology.files import folder
from kg.rdf.jsonld import compact

EXAMPLE_WIDTH = 60
"""Characters of an example."""

SECTION_WIDTH = 36
"""Characters for the titles of modules in a table for people."""

OBJECTS = {"GeoPoint": {"lat": "number", "lon": "number"}}
"""What the official tree has as a value of one type, and records have as an object."""

PERSONS = frozenset({"Contact", "Official", "PointOfContact", "ResponsibleParty"})
"""Classes whose examples come from records that were made up, so that none names a person."""

Tree = list[dict[str, Any]]
Sample = dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """A field of the table: one JSON path with one property that its values go to."""

    path: str
    property: str
    of_class: str
    value: str
    cardinality: str
    count: int
    example: str
    definition: str


COLUMNS = {
    "path": "JSON path",
    "property": "property",
    "of_class": "class",
    "value": "value",
    "cardinality": "how often",
    "count": "count",
    "example": "example",
    "definition": "definition",
}
"""The columns of the table, with their titles for people."""


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every object and plain value in a JSON value, with its path without positions.

    >>> list(places({"a": [1, {"b": None}], "c": []}))
    [('', {'a': [1, {'b': None}], 'c': []}), ('a[]', 1), ('a[]', {'b': None}), ('a[].b', None)]
    """
    if isinstance(value, list):
        for below in value:
            yield from places(below, path + "[]")
        return
    yield path, value
    if isinstance(value, dict):
        for name, below in value.items():
            yield from places(below, f"{path}.{name}" if path else name)


def leaf_types(tree: Tree, prefix: str = "") -> Iterator[tuple[str, str]]:
    """The paths of the plain values that the official field tree names, with their types.

    >>> list(leaf_types([{"name": "a", "type": "A[]", "children": [{"name": "b", "type": "text[]"}]}]))
    [('a[].b[]', 'text')]
    """
    for node in tree:
        kind = node["type"].removesuffix("[]")
        path = prefix + node["name"] + ("[]" if kind != node["type"] else "")
        if "children" in node:
            yield from leaf_types(node["children"], path + ".")
        elif kind in OBJECTS:
            yield from ((f"{path}.{name}", below) for name, below in OBJECTS[kind].items())
        else:
            yield path, kind


def shown(value: Any) -> str:
    """A value as an example: on one line, and cut.

    >>> shown(True), shown(48.85), shown("a\\n  b"), len(shown("x" * 99))
    ('true', '48.85', 'a b', 60)
    """
    text = " ".join(value.split()) if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= EXAMPLE_WIDTH else text[: EXAMPLE_WIDTH - 1].rstrip() + "…"


def sample_document(plan: Plan, tree: Tree, real: Iterable[Any], made: Iterable[Any]) -> str:
    """What is kept of the official tree and of sample records: a line a path, with type, count and example.

    Contact data gives no example, and ``made`` records give those of persons.
    """
    types = dict(leaf_types(tree))
    hidden = {path for path, _, known in plan.walk() if known.is_contact_data}
    persons = {path for path, entity, _ in plan.walk() if entity.local in PERSONS}
    kept: Sample = {path: {"type": kind} for path, kind in types.items()}
    for records, of_persons in ((real, False), (made, True)):
        for path, value in (place for record in records for place in places(record)):
            about = kept.setdefault(path, {})
            about["count"] = about.get("count", 0) + 1
            told = path in hidden or (path in persons and not of_persons)
            if not told and not isinstance(value, dict) and value not in (None, ""):
                about.setdefault("example", shown(value))
    lines = (f"{orjson.dumps(path).decode()}: {orjson.dumps(about).decode()}" for path, about in kept.items() if path)
    return "{\n" + ",\n".join(lines) + "\n}\n"


@cache
def shipped_sample() -> Sample:
    """The official paths and the sample that travel with the package.

    >>> shipped_sample()["protocolSection.identificationModule.nctId"]["type"]
    'text'
    """
    sample: Sample = orjson.loads((folder("ontology") / "fields.json").read_bytes())
    return sample


def value_of(known: Field, names: dict[str, str]) -> str:
    """What stands as the object of a property: a class, a code list, a datatype, an IRI or text in a language."""
    shape = known.shape
    if known.target is not None:
        return compact(known.target.iri, names)
    if known.role is Role.CODE:
        return compact(str(shape.node), names)
    if shape.is_iri:
        return "IRI"
    return f"text @{shape.language}" if shape.language else compact(str(shape.datatype or shape.node), names)


def cardinality(known: Field) -> str:
    """How often a property stands on one node: ``0..1``, ``1..1`` or ``0..n``."""
    return f"{1 if known.shape.required else 0}..{1 if known.shape.single else 'n'}"


def _row(path: str, entity: Entity, known: Field, about: dict[str, Any], names: dict[str, str]) -> Row:
    example = about.get("example", "")
    if known.derive is not None and example:
        example = (known.derive(example) or "") if len(example) < EXAMPLE_WIDTH else ""
    return Row(
        path=path,
        property=compact(known.shape.path, names),
        of_class=compact(entity.types[0] if entity.types else entity.shape.iri, names),
        value=value_of(known, names),
        cardinality=cardinality(known),
        count=about.get("count", 0),
        example=shown(example),
        definition=known.shape.description,
    )


def rows(plan: Plan, sample: Sample | None = None) -> list[Row]:
    """Every field of a plan, in the order of the shapes.

    >>> from kg.mapping.plan import shipped_plan
    >>> next((row.property, row.of_class, row.value) for row in rows(shipped_plan()) if row.path == "hasResults")
    ('ct:hasResults', 'ct:Study', 'xsd:boolean')
    """
    sample = shipped_sample() if sample is None else sample
    names = plan.ontology.prefixes
    return [_row(path, entity, known, sample.get(path, {}), names) for path, entity, known in plan.walk() if path]


def section(path: str) -> str:
    """The part of a record that a path lies in: its section and module.

    >>> section("protocolSection.statusModule.overallStatus"), section("hasResults")
    ('protocolSection.statusModule', '')
    """
    keys = path.split(".")
    return ".".join(keys[:2]) if len(keys) > 2 else ""


def _code(text: str) -> str:
    """A text as code within a Markdown table."""
    if not text:
        return ""
    fence = "``" if "`" in text else "`"
    pad = " " if "`" in text else ""
    return fence + pad + text.replace("|", "\\|") + pad + fence


def _prose(text: str) -> str:
    for sign in "\\`*_[]<>|":
        text = text.replace(sign, "\\" + sign)
    return text.replace("\\](", "\\]\\(")


def as_markdown(found: list[Row]) -> str:
    """The rows as Markdown, a table for each module."""
    lines: list[str] = []
    for name in dict.fromkeys(section(row.path) for row in found):
        lines += [f"## {name or 'Others'}", "", "| " + " | ".join(COLUMNS.values()) + " |", "|---" * len(COLUMNS) + "|"]
        for row in found:
            if section(row.path) == name:
                *cells, definition = asdict(row).values()
                lines.append("| " + " | ".join([*(_code(str(cell)) for cell in cells), _prose(definition)]) + " |")
        lines.append("")
    return "\n".join(lines)


def page(plan: Plan, sample: Sample) -> str:
    """The field table as a page of the documentation."""
    head = [
        "# Fields",
        "",
        "<!-- Generated by python -m tools.docs from ontology/*.ttl and the records in tests/data. -->",
        "",
        "Every field of a study record: where it lies in the JSON, and the property that its values go to. A path has",
        "several rows where several properties are made of it. Counts and examples are those of the records that",
        "ship with the tests; contact data has no example. `kg fields` prints this table, as CSV and JSON too.",
        "",
    ]
    return "\n".join(head) + "\n" + as_markdown(rows(plan, sample))


def as_json(found: list[Row]) -> str:
    """The rows as a JSON array."""
    return orjson.dumps([asdict(row) for row in found], option=orjson.OPT_INDENT_2).decode() + "\n"


def as_csv(found: list[Row]) -> str:
    """The rows as CSV (RFC 4180)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(asdict(row).values() for row in found)
    return text.getvalue()


def as_table(found: list[Row]) -> str:
    """The rows as a table for people, as wide as the terminal, or as it has to be where there is none."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    shown_columns = ("path", "property", "value", "cardinality", "count", "example")
    for name in shown_columns:
        right, widths = name == "count", {"path": SECTION_WIDTH, "example": 20}
        justify: Literal["left", "right"] = "right" if right else "left"
        width = widths.get(name, len(COLUMNS[name]))
        table.add_column(COLUMNS[name], justify=justify, overflow="fold", no_wrap=right, min_width=width)
    for place in dict.fromkeys(section(row.path) for row in found):
        table.add_row(Text(place or "others", style="bold cyan"))
        for row in found:
            if section(row.path) == place:
                values = asdict(row) | {"path": "  " + row.path.removeprefix(place).removeprefix(".")}
                table.add_row(*(Text(str(values[name])) for name in shown_columns))
    return printed(table, Console())


def printed(table: Any, console: Any, width: int = 180) -> str:
    """Something of rich as text: with colours for a terminal, plain and ``width`` wide for anything else."""
    if not console.is_terminal:
        console.width = width
    with console.capture() as capture:
        console.print(table)
    lines: str = capture.get()
    return "".join(line.rstrip() + "\n" for line in lines.splitlines())


FORMATS: dict[str, Callable[[list[Row]], str]] = {
    "table": as_table,
    "csv": as_csv,
    "json": as_json,
    "markdown": as_markdown,
}
"""How rows can be written, by the name of the format."""
