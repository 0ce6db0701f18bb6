"""JSON-LD 1.1 (https://www.w3.org/TR/json-ld11/): one flat node object a resource, under the generated context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import orjson
import pyoxigraph as ox

from kg.ontology import RDF, XSD
from kg.plan import Plan, Role
from kg.resources import folder

Context = dict[str, Any]


def context(plan: Plan, prefixes: Mapping[str, str]) -> Context:
    """The context of exported graphs: the prefixes, then a term for each property, by its local name.

    A term is coerced where all good values of the property are IRIs, or literals of one datatype; one that
    would hide a prefix has the prefixed name.
    """
    terms: Context = dict(prefixes)
    for entity in plan.entities.values():
        for known in entity.fields:
            if known.shape.path != RDF + "type":
                name = compact(known.shape.path, prefixes) if known.local in prefixes else known.local
                terms[name] = _term(known.shape.path, known.role, known.shape.datatype, known.shape.is_iri, prefixes)
    for name in ("position", "asListed", "unmapped"):
        terms[name] = {"@id": f"ct:{name}"}
    terms["ofStudy"] = {"@id": "ct:ofStudy", "@type": "@id"}
    terms["altLabel"] = {"@id": "skos:altLabel"}
    return terms


def _term(path: str, role: Role, datatype: str | None, is_iri: bool, prefixes: Mapping[str, str]) -> Context:
    term = {"@id": compact(path, prefixes)}
    if is_iri or role in (Role.CODE, Role.NODE, Role.REFERENCE, Role.LINK):
        return term | {"@type": "@id"}
    if datatype in (None, XSD + "string", XSD + "boolean", XSD + "integer", RDF + "langString"):
        return term
    return term | {"@type": compact(str(datatype), prefixes)}


def compact(iri: str, prefixes: Mapping[str, str]) -> str:
    """An IRI as ``prefix:rest`` where a prefix fits.

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
    """The context that travels with the package, ``ontology/context.jsonld``."""
    found: Context = orjson.loads((folder("ontology") / "context.jsonld").read_bytes())["@context"]
    return found


class _Nodes:
    """Turns triples into node objects under a context."""

    def __init__(self, known: Context) -> None:
        self._prefixes = {name: value for name, value in known.items() if isinstance(value, str)}
        self._terms = {
            self._expanded(value["@id"]): (name, value.get("@type"))
            for name, value in known.items()
            if isinstance(value, dict)
        }

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
                node.setdefault(name, []).append(self._value(quad.object, coerced))
        return [
            {name: value[0] if isinstance(value, list) and len(value) == 1 else value for name, value in node.items()}
            for node in nodes.values()
        ]

    def _term(self, iri: str) -> tuple[str, str | None]:
        """The name of a property, and to what its values are coerced."""
        return self._terms.get(iri) or (compact(iri, self._prefixes), None)

    def _value(self, term: Any, coerced: str | None) -> Any:
        if isinstance(term, ox.NamedNode):
            iri = compact(term.value, self._prefixes)
            return iri if coerced == "@id" else {"@id": iri}
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


_NATIVE: dict[str, Callable[[str], Any]] = {"xsd:boolean": lambda text: text == "true", "xsd:integer": int}


def frame(prefixes: Mapping[str, str]) -> tuple[bytes, bytes, bytes, Callable[[bytes], bytes]]:
    """Head, separator and tail of a document, and the encoder of one study's N-Triples."""
    known = shipped_context() | dict(prefixes)
    nodes = _Nodes(known)

    def encode(data: bytes) -> bytes:
        return b",\n".join(orjson.dumps(node) for node in nodes.of(data))

    head = b'{"@context":' + orjson.dumps(known) + b',\n"@graph":[\n'
    return head, b",\n", b"\n]}\n", encode
