"""What may be wrong with a query: where its syntax breaks, and which of its names the data do not have."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology import CT, shipped
from kg.sparql import iris, prefixes

_PLACE = re.compile(r"error at (\d+):(\d+): (.*)", re.DOTALL)
_CODE = "https://w3id.org/trialkg/code/"


def syntax(query: str, error: Exception) -> UsageError:
    """The error of a query that cannot be read, with the line and a caret under the place."""
    found = _PLACE.match(str(error))
    if found is None:
        return UsageError(f"The query cannot be read: {' '.join(str(error).split())}.")
    line, column = int(found[1]), int(found[2])
    lines = query.splitlines() or [""]
    shown = lines[min(line, len(lines)) - 1].replace("\t", " ")
    problem = " ".join(found[3].split())
    return UsageError(f"The query breaks at line {line}, column {column}: {problem}.\n{shown}\n{' ' * (column - 1)}^")


def missing(query: str, store: ox.Store) -> Iterator[str]:
    """A sentence for each name of a query that the data do not have, with the nearest of the ontology."""
    terms = _terms()
    for iri in iris(query):
        if _occurs(ox.NamedNode(iri), store):
            continue
        near = _near(iri, terms)
        known = f"; did you mean {_short(near, query)}?" if near else ""
        yield f"{_short(iri, query)} does not occur in the data{known}."


def _terms() -> list[str]:
    ontology = shipped()
    properties = {known.path for shape in ontology.shapes.values() for known in shape.properties}
    codes = {concept.iri for scheme in ontology.schemes.values() for concept in scheme.values()}
    return sorted(properties | set(ontology.shapes) | codes)


def _near(iri: str, terms: list[str]) -> str | None:
    if iri in terms:
        return None
    locals_: dict[str, str] = {}
    for term in terms:
        locals_.setdefault(re.split(r"[#/]", term)[-1].lower().replace("_", ""), term)
    name = re.split(r"[#/]", iri)[-1].lower().replace("_", "")
    if not iri.startswith((CT, _CODE)) and name not in locals_:
        return None
    found = difflib.get_close_matches(name, locals_, n=1, cutoff=0.75)
    return locals_[found[0]] if found else None


def _occurs(node: ox.NamedNode, store: ox.Store) -> bool:
    places = (
        store.quads_for_pattern(node, None, None),
        store.quads_for_pattern(None, node, None),
        store.quads_for_pattern(None, None, node),
    )
    return any(next(iter(found), None) is not None for found in places)


def _short(iri: str, query: str) -> str:
    known = {"ct": CT, "code": _CODE} | prefixes(query)
    for prefix, namespace in known.items():
        if iri.startswith(namespace):
            return f"{prefix}:{iri.removeprefix(namespace)}"
    return f"<{iri}>"
