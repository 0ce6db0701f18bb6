"""Links between nodes of one study that have the same texts, as :data:`kg.mapping.derived.LINKS` defines them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from kg.mapping.plan import Entity, Field

SEPARATOR = "\0"
"""Joins the texts of a name, in none of which it occurs, as :mod:`kg.records.sanitize` replaces it."""


class Text(NamedTuple):
    """A text of a name: a constant, or the value at a key of the JSON of a node, where ``many`` is a list."""

    constant: str = ""
    key: str = ""
    many: bool = False


Targets = dict[str, set[bytes]]
"""Name -> the tokens of the nodes that have it."""


def texts(entity: Entity, name: Iterable[str]) -> tuple[Text, ...]:
    """The texts of a name; its properties are those of a kind of node.

    >>> from kg.mapping.plan import shipped_plan
    >>> from kg.ontology.vocabulary import CT, RDFS
    >>> texts(shipped_plan().entities[CT + "Outcome"], ("PRIMARY", RDFS + "label"))
    (Text(constant='PRIMARY', key='', many=False), Text(constant='', key='measure', many=False))
    """
    fields = {field.shape.path: field for field in entity.fields if not field.is_derived}
    return tuple(_text(fields.get(term), term) for term in name)


def _text(field: Field | None, term: str) -> Text:
    return Text(constant=term) if field is None else Text(key=".".join(field.keys), many=field.many)


def names(node: Any, name: tuple[Text, ...], *, fold: bool) -> Iterator[str]:
    """The names of a node: one, none where a text is missing, or one for each text of a list; an empty text is none.

    >>> list(names({"otherNames": ["IL-2", 7, ""]}, (Text(key="otherNames", many=True),), fold=True))
    ['il-2']
    """
    if len(name) == 1 and name[0].many:
        values = node.get(name[0].key)
        listed = values if isinstance(values, list) else ()
        yield from (folded(text, fold) for text in listed if type(text) is str and text)
        return
    parts = [text.constant or node.get(text.key) for text in name]
    if all(type(part) is str for part in parts) and any(parts):
        yield folded(SEPARATOR.join(map(str, parts)), fold)


def folded(text: str, fold: bool) -> str:
    """A text with its ASCII letters in lower case, where ``fold`` is set.

    >>> folded("Aspirin É", True)
    'aspirin É'
    """
    return text.encode("utf-8", "surrogatepass").lower().decode("utf-8", "surrogatepass") if fold else text


def linked(targets: Targets, own: Iterable[str]) -> list[bytes]:
    """The tokens of the nodes that alone have one of some names, each once."""
    matches = (targets.get(name, ()) for name in own)
    return list(dict.fromkeys(token for tokens in matches if len(tokens) == 1 for token in tokens))
