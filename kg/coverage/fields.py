"""The fields of a record: the JSON path, property, cardinality, frequency and an example of each.

Properties come from the plan. The official field tree and the sample are in ``ontology/fields.json``, which
``python -m tools.docs`` writes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import orjson

from kg.mapping.plan import Entity, Field, Plan, Role
from kg.ontology.files import folder
from kg.rdf.jsonld import compact

EXAMPLE_WIDTH = 60
"""Maximum length of an example."""

Sample = dict[str, dict[str, Any]]
"""The official type, the number of values and an example of each path."""


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A JSON path with one property that its values are mapped to."""

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
"""The columns of the table with their titles."""


def shorten(value: Any) -> str:
    """Return a value as an example: on one line and at most :data:`EXAMPLE_WIDTH` characters long.

    >>> shorten(True), shorten(48.85), shorten("a\\n  b"), len(shorten("x" * 99))
    ('true', '48.85', 'a b', 60)
    """
    text = " ".join(value.split()) if isinstance(value, str) else orjson.dumps(value).decode()
    return text if len(text) <= EXAMPLE_WIDTH else text[: EXAMPLE_WIDTH - 1].rstrip() + "…"


@cache
def shipped_sample() -> Sample:
    """Return the official paths and the sample in the package.

    >>> shipped_sample()["protocolSection.identificationModule.nctId"]["type"]
    'text'
    """
    sample: Sample = orjson.loads((folder("ontology") / "fields.json").read_bytes())
    return sample


def value_type(field: Field, prefixes: dict[str, str]) -> str:
    """Return the type of a property's values: a class, a code list, a datatype, an IRI or text in a language."""
    shape = field.shape
    if field.target is not None:
        return compact(field.target.iri, prefixes)
    if field.role is Role.CODE:
        return compact(str(shape.node), prefixes)
    if shape.is_iri:
        return "IRI"
    return f"text @{shape.language}" if shape.language else compact(str(shape.datatype or shape.node), prefixes)


def cardinality(field: Field) -> str:
    """Return the number of values of a property per node: ``0..1``, ``1..1`` or ``0..n``."""
    return f"{1 if field.shape.required else 0}..{1 if field.shape.single else 'n'}"


def _row(path: str, entity: Entity, field: Field, entry: dict[str, Any], prefixes: dict[str, str]) -> FieldRow:
    example = entry.get("example", "")
    if field.derive is not None and example:
        example = (field.derive(example) or "") if len(example) < EXAMPLE_WIDTH else ""
    return FieldRow(
        path=path,
        property=compact(field.shape.path, prefixes),
        of_class=compact(entity.types[0] if entity.types else entity.shape.iri, prefixes),
        value=value_type(field, prefixes),
        cardinality=cardinality(field),
        count=entry.get("count", 0),
        example=shorten(example),
        definition=field.shape.description,
    )


def field_rows(plan: Plan, sample: Sample | None = None) -> list[FieldRow]:
    """Return every field of a plan, in the order of the shapes.

    >>> from kg.mapping.plan import shipped_plan
    >>> next((row.property, row.of_class, row.value) for row in field_rows(shipped_plan()) if row.path == "hasResults")
    ('ct:hasResults', 'ct:Study', 'xsd:boolean')
    """
    sample = shipped_sample() if sample is None else sample
    prefixes = plan.ontology.prefixes
    return [_row(path, entity, field, sample.get(path, {}), prefixes) for path, entity, field in plan.walk() if path]


def matching(rows: Iterable[FieldRow], words: Iterable[str]) -> list[FieldRow]:
    """Return the fields that have each word in their path, property, class, value type or definition.

    >>> from kg.mapping.plan import shipped_plan
    >>> [row.property for row in matching(field_rows(shipped_plan()), ["Enrollment", "integer"])]
    ['ct:enrollmentCount']
    """
    wanted = [word.lower() for word in words]
    texts = ((row, f"{row.path} {row.property} {row.of_class} {row.value} {row.definition}".lower()) for row in rows)
    return [row for row, text in texts if all(word in text for word in wanted)]


def section(path: str) -> str:
    """Return the section and module of a path, or an empty string.

    >>> section("protocolSection.statusModule.overallStatus"), section("hasResults")
    ('protocolSection.statusModule', '')
    """
    keys = path.split(".")
    return ".".join(keys[:2]) if len(keys) > 2 else ""
