"""Sections of the model that an export, a store or a load can leave out by choice."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache

import orjson

from kg.errors import UsageError, shown
from kg.mapping.plan import ROOT, Entity, Field, Plan, Role, graft, lay_out, shipped_plan
from kg.ontology.files import folder

SECTIONS: dict[str, tuple[str, ...]] = {
    name: tuple(paths) for name, paths in orjson.loads((folder("ontology") / "sections.json").read_bytes()).items()
}
"""Name -> the JSON paths of a section; ``unmapped`` are the values that no shape reads."""


def chosen(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names of sections in order, each once; raise :class:`~kg.errors.UsageError` for an unknown one.

    >>> chosen(["results", "documents", "results"])
    ('documents', 'results')
    """
    wanted = {*names}
    if unknown := sorted(wanted - SECTIONS.keys()):
        raise UsageError(f"{shown(unknown[0])} is not a section; choose from {', '.join(SECTIONS)}.")
    return tuple(name for name in SECTIONS if name in wanted)


def listing(names: Iterable[str]) -> str:
    """Return names as a phrase.

    >>> listing(["documents", "locations", "results"])
    'documents, locations and results'
    """
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def phrase(names: Collection[str]) -> str:
    """Return what is left out as a part of a sentence.

    >>> phrase(["results"]), phrase([])
    ('without results', 'with all sections')
    """
    return f"without {listing(names)}" if names else "with all sections"


def holds(names: Iterable[str], path: str) -> bool:
    """Return whether a JSON path is in one of some sections.

    >>> holds(["locations"], "protocolSection.contactsLocationsModule.locations[].city")
    True
    """
    starts = (start for name in names for start in SECTIONS[name])
    return any(path.startswith(start) and path[len(start) : len(start) + 1] in ("", ".", "[") for start in starts)


@cache
def plan_without(names: tuple[str, ...]) -> Plan:
    """Return the shipped plan without some sections.

    >>> [field.local for field in plan_without(("results",)).study.fields if field.keys[:1] == ("resultsSection",)]
    []
    """
    return without(shipped_plan(), names) if names else shipped_plan()


def without(plan: Plan, names: tuple[str, ...]) -> Plan:
    """Return a plan without the fields of some sections, and without what only they lead to."""
    paths = tuple(tuple(path.split(".")) for name in names for path in SECTIONS[name])
    study = plan.study
    fields = tuple(field for field in study.fields if not any(field.keys[: len(path)] == path for path in paths))
    remaining = {field.shape.path for field in fields}
    entities = {iri: _with_fields(entity, entity.fields, remaining) for iri, entity in plan.entities.items()}
    entities[ROOT] = _with_fields(study, fields, remaining)
    for path in paths:
        entities[ROOT].root.at(path)  # read, and not used
    for entity in entities.values():
        graft(entity, entities)
    return Plan(plan.ontology, {iri: entities[iri] for iri in _reached(entities)}, names, paths)


def _with_fields(entity: Entity, fields: tuple[Field, ...], properties: set[str]) -> Entity:
    """Return an entity with other fields, whose links lead only to nodes of some properties of the study."""
    fields = tuple(_link_within(field, properties) for field in fields)
    return entity._replace(fields=fields, root=lay_out(fields, entity.template))


def _link_within(field: Field, properties: set[str]) -> Field:
    if field.link is None:
        return field
    targets = {path: name for path, name in field.link.targets.items() if path in properties}
    return field._replace(link=field.link._replace(targets=targets))


def _reached(entities: dict[str, Entity]) -> dict[str, None]:
    """Return the entities that fields lead to, beginning with the study, in the order of the plan."""
    reached, pending = {ROOT}, [ROOT]
    while pending:
        for field in entities[pending.pop()].fields:
            if field.role is not Role.LINK and field.target is not None and field.target.iri not in reached:
                reached.add(field.target.iri)
                pending.append(field.target.iri)
    linked = {field.target.iri for iri in reached for field in entities[iri].fields if field.link and field.target}
    return dict.fromkeys(iri for iri in entities if iri in reached | linked)
