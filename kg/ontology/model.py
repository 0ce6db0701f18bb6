"""The ontology in memory: node shapes with their JSON paths, code lists and registries.

The source is Turtle under ``ontology/``: SHACL property shapes (https://www.w3.org/TR/shacl/) with three annotations
of our own, ``ct:json``, ``ct:iri`` and ``ct:alsoKnownBy``; see ``docs/model.md``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import orjson
import pyoxigraph as ox

from kg.errors import OntologyError
from kg.ontology.files import folder
from kg.ontology.vocabulary import CT, OWL, RDF, RDFS, SH, SKOS

FILES = ("core.ttl", "results.ttl", "codes.ttl", "registries.ttl", "changes.ttl")
CACHE_FILE = "ontology.json"
"""The result of :func:`read` as JSON, which loads ten times faster than the Turtle files."""
BY_LABEL = "{prefLabel}"
"""``ct:alsoKnownBy`` of a field whose values are the labels of codes."""

Term = ox.NamedNode | ox.BlankNode | ox.Literal | ox.Triple
Properties = dict[str, list[Term]]


SLOT = re.compile(r"\{([^{}]*)\}")
"""A slot of a template, such as ``{nctId}``."""


class Template(NamedTuple):
    """An IRI template with one slot for a key: the text before the slot, the JSON path of the key, the text after.

    >>> Template.of("https://example.org/{a.b}#x")
    Template(before='https://example.org/', keys=('a', 'b'), after='#x')
    """

    before: str
    keys: tuple[str, ...] | None
    """``None`` for the value itself, ``("^",)`` for the IRI of the parent."""
    after: str

    @staticmethod
    def of(text: str) -> Template:
        """Parse a template."""
        slots = SLOT.findall(text)
        if len(slots) != 1:
            raise OntologyError(f"The IRI template {text} has {len(slots)} slots, expected one.")
        before, after = text.split("{" + slots[0] + "}")
        return Template(before, None if slots[0] == "." else tuple(slots[0].split(".")), after)


class PropertyShape(NamedTuple):
    """One ``sh:property`` of a node shape: a field of a record, or a constant of every node."""

    path: str
    json: str | None
    datatype: str | None
    language: str | None
    node: str | None
    of_class: str | None
    known_by: str | None
    is_iri: bool
    template: str | None
    pattern: str | None
    required: bool
    single: bool
    group: str | None
    value: str | None
    name: str
    description: str


class NodeShape(NamedTuple):
    """A kind of resource: its label, its properties and its IRI template."""

    iri: str
    is_class: bool
    label: str
    definition: str
    template: str | None
    properties: tuple[PropertyShape, ...]


class Concept(NamedTuple):
    """An API value of a code list."""

    iri: str
    notation: str
    label: str
    definition: str


class Registry(NamedTuple):
    """Another trial registry: the pattern of its identifiers, and the URL template of its pages.

    In the template, ``{.}`` is the identifier and ``{1}`` the first group of the pattern; a registry without pages has
    no template.
    """

    iri: str
    label: str
    pattern: str
    template: str | None


class Ontology(NamedTuple):
    """The content of the files under ``ontology/``, in document order."""

    shapes: dict[str, NodeShape]
    schemes: dict[str, dict[str, Concept]]
    """Concepts by the IRI of their scheme and their API value."""
    registries: tuple[Registry, ...]
    prefixes: dict[str, str]
    other_names: dict[str, tuple[str, ...]]
    """Other labels of classes and properties by their IRI: synonyms, and words by which people look for them."""


class _Graph:
    """The statements of Turtle files by subject and predicate, in document order."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.prefixes: dict[str, str] = {}
        self.subjects: dict[ox.NamedNode | ox.BlankNode | ox.Triple, Properties] = {}
        for file in files:
            parser = ox.parse(path=str(file), format=ox.RdfFormat.TURTLE)
            for quad in parser:
                self.subjects.setdefault(quad.subject, {}).setdefault(quad.predicate.value, []).append(quad.object)
            self.prefixes |= parser.prefixes

    def of_type(self, iri: str) -> Iterable[tuple[str, Properties]]:
        for subject, properties in self.subjects.items():
            if isinstance(subject, ox.NamedNode) and iri in texts(properties, RDF + "type"):
                yield subject.value, properties


def texts(properties: Properties, predicate: str) -> list[str]:
    """Return the IRIs and lexical forms of a predicate."""
    return [term.value for term in properties.get(predicate, ()) if not isinstance(term, ox.Triple)]


def first(properties: Properties, predicate: str) -> str | None:
    """Return the only IRI or lexical form of a predicate."""
    if predicate not in properties:
        return None
    values = texts(properties, predicate)
    if len(values) > 1:
        raise OntologyError(f"{predicate} has {len(values)} values, expected one: {', '.join(values)}.")
    return values[0] if values else None


def _language(graph: _Graph, properties: Properties) -> str | None:
    lists = properties.get(SH + "languageIn")
    if not lists or not isinstance(lists[0], ox.BlankNode):
        return None
    return first(graph.subjects[lists[0]], RDF + "first")


def _property_shape(graph: _Graph, properties: Properties) -> PropertyShape:
    path = first(properties, SH + "path")
    if path is None:
        raise OntologyError("A property shape has no sh:path.")
    return PropertyShape(
        path=path,
        json=first(properties, CT + "json"),
        datatype=first(properties, SH + "datatype"),
        language=_language(graph, properties),
        node=first(properties, SH + "node"),
        of_class=first(properties, SH + "class"),
        known_by=first(properties, CT + "alsoKnownBy"),
        is_iri=first(properties, SH + "nodeKind") == SH + "IRI",
        template=first(properties, CT + "iri"),
        pattern=first(properties, SH + "pattern"),
        required=first(properties, SH + "minCount") == "1",
        single=first(properties, SH + "maxCount") == "1",
        group=first(properties, SH + "group"),
        value=first(properties, SH + "hasValue"),
        name=first(properties, SH + "name") or "",
        description=first(properties, SH + "description") or "",
    )


def _node_shape(graph: _Graph, iri: str, properties: Properties) -> NodeShape:
    return NodeShape(
        iri=iri,
        is_class=OWL + "Class" in texts(properties, RDF + "type"),
        label=first(properties, RDFS + "label") or "",
        definition=first(properties, SKOS + "definition") or "",
        template=first(properties, CT + "iri"),
        properties=tuple(
            _property_shape(graph, graph.subjects[node])
            for node in properties.get(SH + "property", ())
            if isinstance(node, ox.BlankNode | ox.NamedNode)
        ),
    )


def _schemes(graph: _Graph) -> dict[str, dict[str, Concept]]:
    schemes: dict[str, dict[str, Concept]] = {iri: {} for iri, _ in graph.of_type(SKOS + "ConceptScheme")}
    for iri, properties in graph.of_type(SKOS + "Concept"):
        notation = first(properties, SKOS + "notation") or ""
        label = first(properties, SKOS + "prefLabel") or notation
        concept = Concept(iri, notation, label, first(properties, SKOS + "definition") or "")
        for scheme in texts(properties, SKOS + "inScheme"):
            schemes[scheme][notation] = concept
    return schemes


def codes_by_value(scheme: dict[str, Concept], shape: PropertyShape) -> dict[str, Concept]:
    """Return the concepts of a scheme by the values of a field: API values, or labels.

    Raises :class:`~kg.errors.OntologyError` if the shape refers to codes in another way, or a label is not unique.
    """
    if shape.known_by is None:
        return scheme
    codes = {concept.label: concept for concept in scheme.values()}
    if shape.known_by != BY_LABEL or len(codes) != len(scheme):
        raise OntologyError(f'{shape.path} cannot refer to the codes of {shape.node} by "{shape.known_by}".')
    return codes


def _registry(iri: str, properties: Properties) -> Registry:
    label, pattern = first(properties, RDFS + "label"), first(properties, SH + "pattern")
    template = first(properties, CT + "iri")
    if not (label and pattern):
        raise OntologyError(f"{iri} lacks a label or a sh:pattern.")
    return Registry(iri, label, pattern, template)


def read(files: Iterable[Path]) -> Ontology:
    """Read the ontology from Turtle files.

    Raises :class:`~kg.errors.OntologyError` for files that cannot be read or that contradict themselves.
    """
    try:
        graph = _Graph(files)
    except (SyntaxError, OSError) as error:
        raise OntologyError(f"The ontology cannot be read: {error}.") from error
    schemes = _schemes(graph)
    shapes = {
        iri: _node_shape(graph, iri, properties)
        for iri, properties in graph.of_type(SH + "NodeShape")
        if iri not in schemes
    }
    registries = tuple(_registry(iri, properties) for iri, properties in graph.of_type(CT + "Registry"))
    return Ontology(shapes, schemes, registries, graph.prefixes, _other_names(graph))


def _other_names(graph: _Graph) -> dict[str, tuple[str, ...]]:
    """Return the alternative labels of the terms of the ontology."""
    names = {
        subject.value: tuple(texts(properties, SKOS + "altLabel"))
        for subject, properties in graph.subjects.items()
        if isinstance(subject, ox.NamedNode) and subject.value.startswith(CT)
    }
    return {iri: others for iri, others in names.items() if others}


def _checksum(files: Iterable[Path]) -> int:
    """Return a checksum of the files and of the classes that hold their content."""
    models = (Ontology, NodeShape, PropertyShape, Concept, Registry)
    checksum = crc32(repr([model._fields for model in models]).encode())
    for file in files:
        checksum = crc32(file.read_bytes(), checksum)
    return checksum


def document(files: Iterable[Path]) -> str:
    """Return the content of :data:`CACHE_FILE` for Turtle files; raise like :func:`read`."""
    files = [*files]
    content = {"checksum": _checksum(files), **read(files)._asdict()}
    return orjson.dumps(content, default=tuple, option=orjson.OPT_INDENT_2).decode() + "\n"


def _cached(files: Iterable[Path], cache_file: Path) -> Ontology | None:
    """Return the ontology from a cache file, or ``None`` if it does not belong to these Turtle files."""
    try:
        cached: Any = orjson.loads(cache_file.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(cached, dict) or cached.get("checksum") != _checksum(files):
        return None
    shapes = {
        iri: NodeShape._make((*rest, tuple(map(PropertyShape._make, properties))))
        for iri, (*rest, properties) in cached["shapes"].items()
    }
    schemes = {
        iri: {notation: Concept._make(concept) for notation, concept in concepts.items()}
        for iri, concepts in cached["schemes"].items()
    }
    other_names = {iri: tuple(names) for iri, names in cached["other_names"].items()}
    return Ontology(shapes, schemes, tuple(map(Registry._make, cached["registries"])), cached["prefixes"], other_names)


@cache
def shipped() -> Ontology:
    """Return the ontology shipped with the package.

    >>> shipped().schemes["https://w3id.org/trialkg/scheme/Phase"]["PHASE2"].label
    'Phase 2'
    """
    files = [folder("ontology") / name for name in FILES]
    try:
        return _cached(files, folder("ontology") / CACHE_FILE) or read(files)
    except OSError as error:
        raise OntologyError(f"The ontology cannot be read: {error}.") from error
