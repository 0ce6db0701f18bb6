"""The SQL views that ``queries/views.toml`` defines: their columns, and the properties whose values these have."""

from __future__ import annotations

import re
import tomllib
from functools import cache
from typing import Any, NamedTuple

from kg.errors import OntologyError
from kg.ontology.files import folder
from kg.ontology.model import shipped

FILE = "views.toml"
_PROPERTY = re.compile(r"(?<=')\w+:\w+(?=')")
"""A prefixed name that is a string of SQL."""


class Key(NamedTuple):
    """A column with IRIs of one kind of resource, which are shortened; or with text."""

    name: str
    type: str


class Column(NamedTuple):
    """A column with the value of a property, as an IRI, of which a subject has at most one."""

    name: str
    property: str
    type: str = "text"
    """``text``, ``integer``, ``number``, ``date`` or ``boolean``, or a kind of resource, whose IRI is shortened."""


class View(NamedTuple):
    """A view with a row per link from a subject to an object, or per subject if it has no object.

    ``links`` maps the IRI of each linking property to its name in the column ``role``. ``columns`` are those of the
    object; without one, of the subject.
    """

    subject: Key
    object: Key | None
    links: dict[str, str]
    role: str
    """The name of the column that says which property links; none if it is empty."""
    columns: tuple[Column, ...]


@cache
def views() -> dict[str, View | str]:
    """Return the views by name, in the order of their definition; as text if the file has their SQL.

    >>> view = views()["arm_interventions"]
    >>> view.subject.name, view.object.name, view.links
    ('arm', 'intervention', {'https://w3id.org/trialkg/ontology#armIntervention': ''})
    """
    return parse_views((folder("queries") / FILE).read_text("utf-8"))


def parse_views(text: str) -> dict[str, View | str]:
    """Parse a file of views; raise :class:`~kg.errors.OntologyError` if a property is not in the ontology."""
    return {name: _view(name, table) for name, table in tomllib.loads(text).items()}


def _view(view: str, table: dict[str, Any]) -> View | str:
    if "sql" in table:
        return _PROPERTY.sub(lambda match: _property(view, match[0]), table["sql"])
    links = {"": table["link"]} if "link" in table else table.get("links", {})
    return View(
        subject=_key(table["subject"]),
        object=_key(table["object"]) if "object" in table else None,
        links={_property(view, name): role for role, name in links.items()},
        role=table.get("role", ""),
        columns=tuple(_column(view, name, value) for name, value in table.get("columns", {}).items()),
    )


def _key(table: dict[str, str]) -> Key:
    [(name, kind)] = table.items()
    return Key(name, kind)


def _column(view: str, name: str, value: str) -> Column:
    property_, *kind = value.split()
    return Column(name, _property(view, property_), *kind)


def _property(view: str, name: str) -> str:
    """Return the IRI of a property by its prefixed name."""
    prefix, _, local = name.partition(":")
    iri = shipped().prefixes.get(prefix, "") + local
    if iri not in _properties():
        raise OntologyError(f"The SQL view {view} has the property {name}, which is not in the ontology.")
    return iri


@cache
def _properties() -> frozenset[str]:
    """Return the IRIs of all properties of the ontology."""
    return frozenset(shape.path for node in shipped().shapes.values() for shape in node.properties)
