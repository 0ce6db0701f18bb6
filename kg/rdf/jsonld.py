"""JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/): one flat node object per resource, with the generated context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson
import pyoxigraph as ox

from kg.mapping.plan import Field, Plan, Role
from kg.ontology.files import folder
from kg.ontology.vocabulary import RDF, XSD

Context = dict[str, Any]


def context(plan: Plan, prefixes: Mapping[str, str]) -> Context:
    """Return the context of exported graphs: the prefixes, then a term for each property, with its local name.

    A term is coerced if all valid values of the property are IRIs, or literals of one datatype, and is a set if a
    shape has a list of them. A term that would hide a prefix has the prefixed name.
    """
    terms: Context = dict(prefixes)
    lists = {field.shape.path for entity in plan.entities.values() for field in entity.fields if _is_list(field)}
    for entity in plan.entities.values():
        for field in entity.fields:
            shape = field.shape
            if shape.path != RDF + "type":
                name = compact(shape.path, prefixes) if field.local in prefixes else field.local
                terms[name] = _term(shape.path, field.role, shape.datatype, shape.is_iri, prefixes)
                terms[name] |= {"@container": "@set"} if shape.path in lists else {}
    terms["position"] = {"@id": "ct:position"}
    terms["asListed"] = {"@id": "ct:asListed", "@type": "@json"}
    # A string, so that the unmapped part of a record is not mistaken for a record (kg/records/splitter.py).
    terms["unmapped"] = {"@id": "ct:unmapped", "@type": compact(RDF + "JSON", prefixes)}
    terms["ofStudy"] = {"@id": "ct:ofStudy", "@type": "@id"}
    terms["altLabel"] = {"@id": "skos:altLabel", "@container": "@set"}
    return terms


def _is_list(field: Field) -> bool:
    """Return whether a node may have several values of a field."""
    return field.many or not (field.shape.single or field.shape.datatype)


def _term(path: str, role: Role, datatype: str | None, is_iri: bool, prefixes: Mapping[str, str]) -> Context:
    term = {"@id": compact(path, prefixes)}
    if is_iri or role in (Role.CODE, Role.NODE, Role.REFERENCE, Role.LINK):
        return term | {"@type": "@id"}
    if datatype in (None, XSD + "string", XSD + "boolean", XSD + "integer", RDF + "langString"):
        return term
    return term | {"@type": compact(str(datatype), prefixes)}


def compact(iri: str, prefixes: Mapping[str, str]) -> str:
    """Return an IRI as ``prefix:rest`` if a prefix matches.

    >>> compact("http://id.nlm.nih.gov/mesh/D000690", {"mesh": "http://id.nlm.nih.gov/mesh/"})
    'mesh:D000690'
    """
    for prefix, namespace in prefixes.items():
        rest = iri[len(namespace) :]
        if iri.startswith(namespace) and rest and not rest.startswith("//"):
            return f"{prefix}:{rest}"
    return iri


@cache
def shipped_context() -> Context:
    """Return the context shipped with the package, ``ontology/context.jsonld``."""
    document: dict[str, Context] = orjson.loads((folder("ontology") / "context.jsonld").read_bytes())
    return document["@context"]


class _Nodes:
    """Converts triples to node objects with a context."""

    def __init__(self, context: Context) -> None:
        self._prefixes = {name: value for name, value in context.items() if isinstance(value, str)}
        self._terms = {
            self._expanded(value["@id"]): (name, value.get("@type"))
            for name, value in context.items()
            if isinstance(value, dict)
        }
        self._lists = {name for name, value in context.items() if isinstance(value, dict) and "@container" in value}

    def _expanded(self, name: str) -> str:
        prefix, _, rest = name.partition(":")
        return self._prefixes[prefix] + rest if prefix in self._prefixes else name

    def of(self, data: bytes) -> list[Context]:
        nodes: dict[str, Context] = {}
        for quad in ox.parse(data, format=ox.RdfFormat.N_TRIPLES):
            subject = compact(quad.subject.value, self._prefixes)
            node = nodes.setdefault(subject, {"@id": subject})
            if quad.predicate.value == RDF + "type":
                node.setdefault("@type", []).append(compact(quad.object.value, self._prefixes))
            else:
                name, coerced = self._term(quad.predicate.value)
                if coerced == "@json" and not is_canonical(quad.object.value):
                    name, coerced = compact(quad.predicate.value, self._prefixes), None
                node.setdefault(name, []).append(self._value(quad.object, coerced))
        return [{name: self._one(name, value) for name, value in node.items()} for node in nodes.values()]

    def _one(self, name: str, value: Any) -> Any:
        """Return the values of a term: a single value without a list, unless the term is a set."""
        alone = isinstance(value, list) and len(value) == 1 and name not in self._lists
        return value[0] if alone else value

    def _term(self, iri: str) -> tuple[str, str | None]:
        """Return the term of a property, and the type that its values are coerced to."""
        return self._terms.get(iri) or (compact(iri, self._prefixes), None)

    def _value(self, term: Any, coerced: str | None) -> Any:
        if isinstance(term, ox.NamedNode):
            iri = compact(term.value, self._prefixes)
            return iri if coerced == "@id" else {"@id": iri}
        if coerced == "@json":
            return orjson.loads(term.value)
        if term.language:
            return {"@value": term.value, "@language": term.language}
        datatype = compact(term.datatype.value, self._prefixes)
        if datatype == coerced:
            return term.value
        if datatype in _NATIVE:
            return _NATIVE[datatype](term.value)
        if datatype == "xsd:string":
            return term.value if coerced is None else {"@value": term.value}
        return {"@value": term.value, "@type": datatype}


def is_canonical(text: str) -> bool:
    """Return whether JSON is canonical (RFC 8785), as JSON-LD processors write values of type ``@json``.

    >>> is_canonical('{"a":1,"b":[2.5]}'), is_canonical('{"b":1,"a":1}'), is_canonical('{"a":1.0}')
    (True, False, False)
    """
    value = orjson.loads(text)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS) == text.encode() and _is_portable(value)


def _is_portable(value: Any) -> bool:
    """Return whether JavaScript writes the numbers and orders the keys of a value in the same way."""
    if isinstance(value, dict):
        return [*value] == sorted(value, key=lambda key: key.encode("utf-16-be")) and all(
            map(_is_portable, value.values())
        )
    if isinstance(value, list):
        return all(map(_is_portable, value))
    if isinstance(value, float):
        return not value.is_integer() and abs(value) >= _LEAST_WITHOUT_EXPONENT
    return type(value) is not int or abs(value) <= _GREATEST_INTEGER


_LEAST_WITHOUT_EXPONENT, _GREATEST_INTEGER = 1e-6, 2**53
_NATIVE: dict[str, Callable[[str], Any]] = {"xsd:boolean": lambda text: text == "true", "xsd:integer": int}


def frame(prefixes: Mapping[str, str]) -> tuple[bytes, bytes, bytes, Callable[[bytes], bytes]]:
    """Return the head, separator and tail of a document, and the encoder for the N-Triples of a study."""
    context = shipped_context() | dict(prefixes)
    nodes = _Nodes(context)

    def encode(data: bytes) -> bytes:
        # A copy, since the bytes that orjson returns keep a block of 4 KiB.
        return b",\n".join(b"%b" % orjson.dumps(node) for node in nodes.of(data))

    head = b'{"@context":' + orjson.dumps(context) + b',\n"@graph":[\n'
    return head, b",\n", b"\n]}\n", encode
