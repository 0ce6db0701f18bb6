"""Names by which the nodes of one study refer to each other.

A reference (``ct:alsoKnownBy``) holds the name of its target, such as ``Drug: Aspirin``. A link
(:data:`kg.mapping.derived.LINKS`) joins nodes that have the same texts, such as a planned outcome and its results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from kg.mapping.plan import Entity, Field, Plan, Role
from kg.ontology.model import SLOT

SEPARATOR = "\0"
"""Separator of the texts of a link name. No text contains it, because :mod:`kg.records.sanitize` replaces it."""

Namer = Callable[[dict[str, Any]], str | None]
"""From the JSON of a node to its name, ``None`` if it has none."""
NodesByName = dict[str, list[tuple[bytes, dict[str, Any]]]]
"""Name -> tokens and JSON of the nodes that have it."""
Targets = dict[str, set[bytes]]
"""Link name -> tokens of the nodes that have it."""


class Text(NamedTuple):
    """A text of a link name: a constant, or the value at a key of the JSON of a node, where ``many`` is a list."""

    constant: str = ""
    key: str = ""
    many: bool = False


class Names:
    """The functions that name the nodes of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._named = {entity.local: entity for entity in plan.entities.values() if entity.known_by}
        self.namers = {local: _namer(entity) for local, entity in self._named.items()}
        """Kind of node -> the function that gives the name by which references refer to it."""
        self._back: dict[int, tuple[str, Namer] | None] = {}

    def owner(self, field: Field) -> Entity | None:
        """Return the kind of node that has a reference, if its nodes have names."""
        return next((entity for entity in self._named.values() if any(field is own for own in entity.fields)), None)

    def back(self, field: Field) -> tuple[str, Namer] | None:
        """Return how the targets of a reference refer back to its owner: at which key, and by which name."""
        if id(field) not in self._back:
            self._back[id(field)] = self._back_reference(field)
        return self._back[id(field)]

    def _back_reference(self, field: Field) -> tuple[str, Namer] | None:
        owner = self.owner(field)
        for other in self._plan.target(field).fields if owner else ():
            if owner and other.role is Role.REFERENCE and other.target is owner.shape:
                return ".".join(other.keys), self.namers[owner.local]
        return None

    def link_name(self, entity: Entity) -> Callable[[Any], str]:
        """Return the function that gives the name by which links find a shared resource, empty if none do."""
        targets = (
            (texts(entity, name), link.fold)
            for _, _, link in self._plan.links()
            for path, name in link.targets.items()
            if self._plan.target(self._plan.study_field(path)) is entity
        )
        name, fold = next(targets, ((), False))
        return lambda x: next(link_names(x, name, fold=fold), "") if name and isinstance(x, dict) else ""


def _namer(entity: Entity) -> Namer:
    labels = {
        field.keys[0]: {code: concept.label for code, concept in field.codes.items()}
        for field in entity.fields
        if field.codes is not None and len(field.keys) == 1
    }
    slots = SLOT.findall(entity.known_by or "")
    form = SLOT.sub("%s", entity.known_by or "")

    def name(node: dict[str, Any]) -> str | None:
        values = {slot: node.get(slot) for slot in slots}
        if not all(type(value) is str for value in values.values()):
            return None
        return form % tuple(labels.get(slot, {}).get(str(value), value) for slot, value in values.items())

    return name


def nodes_by_name(nodes: object, namer: Namer, stem: bytes, form: bytes) -> NodesByName:
    """Index the nodes of a list by name; their tokens are ``stem`` and ``form % position``."""
    index: NodesByName = {}
    for position, node in enumerate(nodes if isinstance(nodes, list) else (), 1):
        name = namer(node) if isinstance(node, dict) else None
        if name is not None:
            index.setdefault(name, []).append((stem + form % position, node))
    return index


def resolve(index: NodesByName, name: object, x: dict[str, Any], back: tuple[str, Namer] | None) -> list[bytes]:
    """Return the tokens of the nodes with a name; of several, those that refer back to ``x`` if any do."""
    matches = index.get(name, []) if isinstance(name, str) else []
    if len(matches) > 1 and back is not None:
        key, namer = back
        own = namer(x)
        matches = [(token, node) for token, node in matches if _lists(node.get(key), own)] or matches
    return [token for token, _ in matches]


def _lists(value: object, name: str | None) -> bool:
    return isinstance(value, list) and name in value


def texts(entity: Entity, name: Iterable[str]) -> tuple[Text, ...]:
    """Return the texts of a link name, which is given by properties of a kind of node and constants.

    >>> from kg.mapping.plan import shipped_plan
    >>> from kg.ontology.vocabulary import CT, RDFS
    >>> texts(shipped_plan().entities[CT + "Outcome"], ("PRIMARY", RDFS + "label"))
    (Text(constant='PRIMARY', key='', many=False), Text(constant='', key='measure', many=False))
    """
    fields = {field.shape.path: field for field in entity.fields if not field.is_derived}
    return tuple(_text(fields.get(term), term) for term in name)


def _text(field: Field | None, term: str) -> Text:
    return Text(constant=term) if field is None else Text(key=".".join(field.keys), many=field.many)


def link_names(node: Any, name: tuple[Text, ...], *, fold: bool) -> Iterator[str]:
    """Yield the link names of a node: one, or one per text of a list; none if a text is missing or all are empty.

    >>> list(link_names({"otherNames": ["IL-2", 7, ""]}, (Text(key="otherNames", many=True),), fold=True))
    ['il-2']
    """
    if len(name) == 1 and name[0].many:
        values = node.get(name[0].key)
        values = values if isinstance(values, list) else ()
        yield from (folded(text, fold) for text in values if type(text) is str and text)
        return
    parts = [text.constant or node.get(text.key) for text in name]
    if all(type(part) is str for part in parts) and any(parts):
        yield folded(SEPARATOR.join(map(str, parts)), fold)


def folded(text: str, fold: bool) -> str:
    """Return a text with its ASCII letters in lower case, if ``fold`` is set.

    >>> folded("Aspirin É", True)
    'aspirin É'
    """
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass") if fold else text


def linked(targets: Targets, names: Iterable[str]) -> list[bytes]:
    """Return the tokens of the nodes that are the only ones with one of some names, without repetition."""
    matches = (targets.get(name, ()) for name in names)
    return list(dict.fromkeys(token for tokens in matches if len(tokens) == 1 for token in tokens))
