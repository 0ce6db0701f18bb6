"""What a store has from the registry: the selection, the API, and the version of its data, in a graph of the store."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.ontology.vocabulary import CT, PROV, RDF, REGISTRY_COPY, REGISTRY_GRAPH, XSD

if TYPE_CHECKING:
    from kg.records.origin import Origin

_GRAPH = ox.NamedNode(REGISTRY_GRAPH)
_COPY = ox.NamedNode(REGISTRY_COPY)
_API = ox.NamedNode(PROV + "wasDerivedFrom")
_TIME = ox.NamedNode(PROV + "generatedAtTime")
_SELECTION, _CONTACTS, _COMPARED, _DATA, _VERSION = (
    ox.NamedNode(CT + name)
    for name in ("selection", "includesContacts", "lastFullComparison", "dataVersion", "apiVersion")
)
_OPTIONS = {"everything": "--all", "ids": "--id"}
"""The options of selections whose names differ from those of their fields."""
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ?")


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The state of a copy of the registry.

    ``selection`` is the search as the options of ``kg fetch``; ``data_version`` is the time stamp that the API gives
    its data, in UTC without a zone; ``compared`` and ``updated`` are times in UTC (``2026-11-27T09:30:00Z``), of the
    last comparison of all records, which is empty if there was none, and of the last update.
    """

    api: str
    selection: Mapping[str, Any] = field(default_factory=dict)
    data_version: str = ""
    api_version: str = ""
    contacts: bool = False
    compared: str = ""
    updated: str = ""

    @property
    def options(self) -> str:
        """The selection as options of ``kg fetch``.

        >>> RegistryState("", {"condition": "heart failure", "status": ["RECRUITING", "COMPLETED"]}).options
        "--condition 'heart failure' --status RECRUITING --status COMPLETED"
        """
        return " ".join(_options(self.selection))


def _options(selection: Mapping[str, Any]) -> Iterator[str]:
    for name, value in selection.items():
        option = _OPTIONS.get(name, "--" + name.replace("_", "-"))
        for item in value if isinstance(value, list | tuple) else [value]:
            if item is True:
                yield option
            elif item not in (None, False, ""):
                yield f"{option} {shlex.quote(str(item))}"


def moment(text: str) -> ox.Literal:
    """Return a time as a literal: ``xsd:dateTime`` if it is one.

    >>> moment("2026-11-27T09:00:05").datatype.value, moment("unknown").datatype.value
    ('http://www.w3.org/2001/XMLSchema#dateTime', 'http://www.w3.org/2001/XMLSchema#string')
    """
    return ox.Literal(text, datatype=ox.NamedNode(XSD + "dateTime")) if _MOMENT.fullmatch(text) else ox.Literal(text)


def quads(state: RegistryState) -> list[ox.Quad]:
    """Return the statements of a state, in the graph :data:`~kg.ontology.vocabulary.REGISTRY_GRAPH`."""
    selection = json.dumps(state.selection, ensure_ascii=False, sort_keys=True)
    values: list[tuple[ox.NamedNode, ox.NamedNode | ox.Literal]] = [
        (ox.NamedNode(RDF + "type"), ox.NamedNode(CT + "RegistryCopy")),
        (_API, ox.NamedNode(state.api)),
        (_SELECTION, ox.Literal(selection, datatype=ox.NamedNode(RDF + "JSON"))),
        (_CONTACTS, ox.Literal(state.contacts)),
        *((name, moment(text)) for name, text in ((_COMPARED, state.compared), (_TIME, state.updated)) if text),
        (_DATA, moment(state.data_version)),
        (_VERSION, ox.Literal(state.api_version)),
    ]
    return [ox.Quad(_COPY, predicate, value, _GRAPH) for predicate, value in values]


def read(store: ox.Store) -> RegistryState | None:
    """Return the state of a store, ``None`` if its studies are not from the registry or it is not complete."""
    values = {
        quad.predicate: quad.object.value
        for quad in store.quads_for_pattern(_COPY, None, None, _GRAPH)
        if isinstance(quad.object, ox.NamedNode | ox.Literal)
    }
    if not {_API, _SELECTION, _DATA} <= values.keys():
        return None
    return RegistryState(
        api=values[_API],
        selection=json.loads(values[_SELECTION]),
        data_version=values[_DATA],
        api_version=values.get(_VERSION, ""),
        contacts=values.get(_CONTACTS) == "true",
        compared=values.get(_COMPARED, ""),
        updated=values.get(_TIME, ""),
    )


def write(store: ox.Store, state: RegistryState) -> None:
    """Replace the state of a store, in one transaction."""
    lines = "".join(f"{quad.triple} .\n" for quad in quads(state))
    store.update(f"DROP SILENT GRAPH {_GRAPH} ; INSERT DATA {{ GRAPH {_GRAPH} {{\n{lines}}} }}")


def state_of(origin: Origin, *, contacts: bool) -> RegistryState:
    """Return the state of a copy that was just fetched."""
    return RegistryState(
        api=origin.api,
        selection=origin.selection,
        data_version=origin.data_version,
        api_version=origin.api_version,
        contacts=contacts and origin.contacts,
        compared=origin.finished,
        updated=origin.finished,
    )


def write_origin(store: ox.Store, origin: Origin, *, contacts: bool) -> None:
    """Write the state of a store whose studies are all of a selection, unless a limit left out some of them."""
    if origin.is_complete:
        write(store, state_of(origin, contacts=contacts))


def forget_comparison(store: ox.Store) -> None:
    """Remove the time of the last full comparison, since records that are not from the registry may follow."""
    for quad in [*store.quads_for_pattern(_COPY, _COMPARED, None, _GRAPH)]:
        store.remove(quad)


def clear(store: ox.Store) -> None:
    """Remove the state, as from a store whose studies have several sources."""
    store.remove_graph(_GRAPH)
