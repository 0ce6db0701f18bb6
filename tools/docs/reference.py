"""Generated files: the OWL file for Protégé, the JSON-LD context, the prefix map and the reference pages.

``python -m tools.docs`` writes them; with ``--check`` it lists those that are out of date.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import pyoxigraph as ox

from kg.coverage.fields import cardinality
from kg.mapping.plan import LEFT_OUT, LISTED, OF_STUDY, POSITION, UNMAPPED, Entity, Field, Plan, Role, shipped_plan
from kg.ontology.files import folder
from kg.ontology.model import CACHE_FILE, FILES, PropertyShape, Registry, document
from kg.ontology.vocabulary import CT, OWL, RDF, RDFS, SH, SKOS, XSD
from kg.rdf.jsonld import compact, context
from kg.rdf.ontology_document import convert
from kg.rdf.syntax import prefixes
from tools.docs.catalogue import examples
from tools.docs.catalogue import page as catalogue
from tools.docs.field_page import page, sample_document
from tools.docs.html import page as html_page
from tools.docs.layout import contributing
from tools.docs.prefix_map import prefix_map

if TYPE_CHECKING:
    import click
    import rdflib

_OWL_DATATYPES = {XSD + name for name in ("string", "boolean", "integer", "decimal", "dateTime")}
"""Datatypes of OWL 2 (https://www.w3.org/TR/owl2-syntax/#Datatype_Maps), which has no dates."""

_ANNOTATIONS = {CT + name for name in ("json", "iri", "alsoKnownBy")}
_OBJECTS = (Role.CODE, Role.IRI, Role.NODE, Role.REFERENCE, Role.LINK)


def _is_object(field: Field) -> bool:
    return field.role in _OBJECTS or (field.role is Role.DERIVED and field.shape.is_iri)


def _range(plan: Plan, field: Field) -> str | None:
    if field.role is Role.CODE:
        return SKOS + "Concept"
    if field.target is not None:
        types = plan.entities[field.target.iri].types
        return types[0] if len(types) == 1 else None
    datatype = field.shape.datatype
    return datatype if datatype in _OWL_DATATYPES and not _is_object(field) else None


def _uses(plan: Plan) -> dict[str, list[tuple[Entity, Field]]]:
    """Map each property except ``rdf:type`` to its uses."""
    uses: dict[str, list[tuple[Entity, Field]]] = {}
    for entity in plan.entities.values():
        for field in entity.fields:
            if field.shape.path != RDF + "type":
                uses.setdefault(field.shape.path, []).append((entity, field))
    return uses


def owl(plan: Plan) -> str:
    """Return the ontology as OWL 2 in Turtle: classes, axioms and codes as written, and each property declared once."""
    import rdflib
    from rdflib.compare import to_canonical_graph

    graph = rdflib.Graph()
    for name in FILES:
        graph.parse(folder("ontology") / name)
    _declare(graph, plan)
    _drop_shapes(graph)
    _declare_external(graph)
    canonical = to_canonical_graph(graph)
    written = rdflib.Graph(bind_namespaces="none")
    for prefix, namespace in plan.ontology.prefixes.items():
        written.bind(prefix, namespace)
    for triple in canonical:
        written.add(triple)
    note = "# Generated from the other files here by python -m tools.docs: open this one in Protégé, edit those.\n\n"
    return note + written.serialize(format="turtle").strip() + "\n"


def owl_xml(owl: str) -> str:
    """Return the ontology as RDF/XML; ``owl`` is the Turtle document."""
    declaration, root, content = convert(owl.encode(), ox.RdfFormat.RDF_XML).decode().partition("<rdf:RDF")
    note = "<!-- Generated from the Turtle files here by python -m tools.docs: edit those. -->"
    return f"{declaration}{note}\n{root}{content}"


def _words(name: str) -> str:
    """Split a camel-case name into words.

    >>> _words("secondaryIdType")
    'secondary id type'
    """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _declare(graph: rdflib.Graph, plan: Plan) -> None:
    from rdflib import Literal, URIRef

    def add(subject: str, predicate: str, value: str) -> None:
        graph.add((URIRef(subject), URIRef(predicate), URIRef(value)))

    def word(subject: str, predicate: str, text: str) -> None:
        if (URIRef(subject), URIRef(predicate), None) not in graph:
            graph.add((URIRef(subject), URIRef(predicate), Literal(text, lang="en")))

    names = Counter(uses[0][1].shape.name for uses in _uses(plan).values())
    for path, uses in _uses(plan).items():
        field = uses[0][1]
        if path != RDFS + "label":
            add(path, RDF + "type", OWL + ("ObjectProperty" if _is_object(field) else "DatatypeProperty"))
        if not path.startswith(CT):
            continue
        word(path, RDFS + "label", field.shape.name if names[field.shape.name] == 1 else _words(field.local))
        word(path, SKOS + "definition", field.shape.description)
        domains = {type_ for entity, _ in uses for type_ in entity.types}
        ranges = {_range(plan, field) for _, field in uses}
        if len(domains) == 1:
            add(path, RDFS + "domain", domains.pop())
        if len(ranges) == 1 and (only := ranges.pop()):
            add(path, RDFS + "range", only)
    owners = {POSITION: "Part", OF_STUDY: "Part", LISTED: "Study", UNMAPPED: "Study", LEFT_OUT: "Study"}
    for path, owner in owners.items():
        shape = next(field for field in plan.ontology.shapes[CT + owner].properties if field.path == path)
        _declare_unmapped(graph, shape, CT + owner)


def _declare_unmapped(graph: rdflib.Graph, shape: PropertyShape, owner: str) -> None:
    """Declare a property that is not filled from a field."""
    from rdflib import Literal, URIRef

    path = URIRef(shape.path)
    graph.add((path, URIRef(RDF + "type"), URIRef(OWL + ("ObjectProperty" if shape.is_iri else "DatatypeProperty"))))
    graph.add((path, URIRef(RDFS + "domain"), URIRef(owner)))
    graph.add((path, URIRef(RDFS + "label"), Literal(shape.name, lang="en")))
    graph.add((path, URIRef(SKOS + "definition"), Literal(shape.description, lang="en")))


def _drop_lists(graph: rdflib.Graph) -> None:
    """Remove the lists of the shapes, with their members."""
    from rdflib import URIRef

    for heads in (graph.objects(None, URIRef(SH + "or")), graph.objects(None, URIRef(SH + "languageIn"))):
        for head in list(heads):
            for cell in list(graph.transitive_objects(head, URIRef(RDF + "rest"))):
                for member in list(graph.objects(cell, URIRef(RDF + "first"))):
                    graph.remove((member, None, None))
                graph.remove((cell, None, None))


def _drop_shapes(graph: rdflib.Graph) -> None:
    """Remove everything that only shapes need: SHACL, JSON paths and anonymous property shapes."""
    from rdflib import BNode, URIRef

    _drop_lists(graph)
    shapes = list(graph.subjects(URIRef(RDF + "type"), URIRef(SH + "NodeShape")))
    for shape in shapes:
        for part in list(graph.objects(shape, URIRef(SH + "property"))):
            if isinstance(part, BNode):
                graph.remove((part, None, None))
        if not (set(graph.objects(shape, URIRef(RDF + "type"))) - {URIRef(SH + "NodeShape")}):
            graph.remove((shape, None, None))
    for triple in list(graph):
        if any(str(term).startswith(SH) for term in triple) or str(triple[1]) in _ANNOTATIONS:
            graph.remove(triple)
    graph.remove((URIRef(CT + "ContactData"), None, None))


def _declare_external(graph: rdflib.Graph) -> None:
    """Declare the classes and properties of other vocabularies that occur in axioms."""
    from rdflib import URIRef

    type_ = URIRef(RDF + "type")
    for sub, _, above in list(graph.triples((None, URIRef(RDFS + "subPropertyOf"), None))):
        if (above, type_, None) not in graph:
            for kind in graph.objects(sub, type_):
                graph.add((above, type_, kind))
    for above in list(graph.objects(None, URIRef(RDFS + "subClassOf"))):
        graph.add((above, type_, URIRef(OWL + "Class")))
    for name in ("title", "description", "creator", "license", "source", "created"):
        graph.add((URIRef("http://purl.org/dc/terms/" + name), type_, URIRef(OWL + "AnnotationProperty")))
    for name in ("definition", "prefLabel", "altLabel"):
        graph.add((URIRef(SKOS + name), type_, URIRef(OWL + "AnnotationProperty")))
    for name in ("inScheme", "closeMatch"):
        graph.add((URIRef(SKOS + name), type_, URIRef(OWL + "ObjectProperty")))
    for name in ("Concept", "ConceptScheme"):
        graph.add((URIRef(SKOS + name), type_, URIRef(OWL + "Class")))


def context_document(plan: Plan) -> str:
    """Return the JSON-LD context as a document."""
    document = {"@context": context(plan, prefixes(plan.ontology))}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _value_of(field: Field, plan: Plan) -> str:
    """Return the type of the values of a field, in Markdown."""
    shape, names = field.shape, plan.ontology.prefixes
    if field.role is Role.CODE:
        return f"[{compact(str(shape.node), names)}](#{str(shape.node).rpartition('/')[2].lower()})"
    if field.target is not None:
        return f"[{compact(field.target.iri, names)}](#{field.target.iri.removeprefix(CT).lower()})"
    if field.shape.is_iri:
        return "IRI"
    if shape.language:
        return f"text @{shape.language}"
    return compact(str(shape.datatype or shape.node), names)


def _class_section(entity: Entity, plan: Plan) -> Iterator[str]:
    names = plan.ontology.prefixes
    yield f"### {entity.local}"
    yield ""
    yield entity.shape.definition
    yield ""
    types = ", ".join(f"`{compact(type_, names)}`" for type_ in entity.types)
    template = (
        f" IRI: `{entity.shape.template}`."
        if entity.shape.template
        else " A part: its IRI contains the number of its study."
    )
    known_by = f" Referred to by the name `{entity.known_by}`." if entity.known_by else ""
    yield (f"Class: {types}." if types else "Class: depends on the identifier.") + template + known_by
    yield ""
    yield "| property | value | | JSON path | meaning |"
    yield "|---|---|---|---|---|"
    for field in entity.fields:
        path = (".".join(field.keys) or ".") + ("[]" if field.many else "")
        name = compact(field.shape.path, names)
        derived = " *(derived)*" if field.is_derived else ""
        yield (
            f"| `{name}` | {_value_of(field, plan)}{derived} | {cardinality(field)} | `{path}` "
            f"| **{field.shape.name}**: {field.shape.description} |"
        )
    yield ""


def _scheme_section(iri: str, plan: Plan) -> Iterator[str]:
    yield f"### {iri.rpartition('/')[2]}"
    yield ""
    yield "| code | label | meaning |"
    yield "|---|---|---|"
    for concept in plan.ontology.schemes[iri].values():
        yield f"| `code:{concept.notation}` | {concept.label} | {concept.definition} |"
    yield ""


def reference(plan: Plan) -> str:
    """Return the reference of the ontology in Markdown."""
    used = dict.fromkeys(str(field.shape.node) for _, _, field in plan.walk() if field.role is Role.CODE)
    common = [
        (owner, shape)
        for owner, name in (("parts", "Part"), ("studies", "Study"))
        for shape in plan.ontology.shapes[CT + name].properties
        if shape.path in (POSITION, OF_STUDY, LISTED, UNMAPPED, LEFT_OUT)
    ]
    lines = [
        "# Ontology reference",
        "",
        "<!-- Generated by python -m tools.docs from ontology/*.ttl. -->",
        "",
        "All classes with their properties, in the order in which an export writes them, and all code lists. The third",
        "column is the number of values (`0..1`, `1..1`, `0..n`). JSON paths are relative to the object of the class.",
        "[The model](model.md) is the introduction.",
        "",
        "In addition to the properties below:",
        "",
        *(
            f"- `{compact(shape.path, plan.ontology.prefixes)}`, on {owner}: {shape.description}"
            for owner, shape in common
        ),
        "",
        "## Prefixes",
        "",
        *(f"- `{prefix}:` <{namespace}>" for prefix, namespace in prefixes(plan.ontology).items()),
        "",
        "## Classes",
        "",
    ]
    for entity in plan.entities.values():
        lines += _class_section(entity, plan)
    lines += ["## Code lists", ""]
    for iri in used:
        lines += _scheme_section(iri, plan)
    lines += ["## Other registries", "", "| registry | identifier | entry |", "|---|---|---|"]
    lines += [_registry_row(registry) for registry in plan.ontology.registries]
    return "\n".join(lines) + "\n"


def _registry_row(registry: Registry) -> str:
    pattern = registry.pattern.replace("|", "\\|")  # a bar would end the cell
    return f"| {registry.label} | `{pattern}` | {f'`{registry.template}`' if registry.template else ''} |"


def commands() -> str:
    """Return the reference of the command line in Markdown."""
    import click

    from kg.cli import main as group

    lines = ["# Commands", "", "<!-- Generated by python -m tools.docs from kg/cli/. -->", ""]
    top = click.Context(group, info_name="kg", terminal_width=110, color=False, **group.context_settings)
    for shown in sorted(_contexts(top), key=lambda item: (item is not top, item.command_path)):
        lines += [f"## {shown.command_path}", "", "```text", shown.get_help(), "```", ""]
    return "\n".join(lines)


def _contexts(above: click.Context) -> Iterator[click.Context]:
    """Yield the contexts of a command and its subcommands."""
    import click

    yield above
    if isinstance(above.command, click.Group):
        for name in above.command.list_commands(above):
            command = above.command.get_command(above, name)
            if command is not None:
                yield from _contexts(click.Context(command, parent=above, info_name=name))


_CHECKOUT = Path(__file__).parents[2]
"""The folder with the generated files and the test records."""


def _sample(plan: Plan) -> str:
    """Return the official field tree with counts and examples from the test records."""
    data = _CHECKOUT / "tests" / "data"
    real, made = (
        [orjson.loads(path.read_bytes()) for path in sorted((data / name).glob("*.json"))]
        for name in ("studies", "made")
    )
    return sample_document(plan, orjson.loads((data / "studies-metadata.json").read_bytes()), real, made)


def generated(plan: Plan) -> dict[str, str]:
    """Return the generated files of a checkout by path."""
    ontology, sample = owl(plan), _sample(plan)
    return {
        "ontology/context.jsonld": context_document(plan),
        "ontology/fields.json": sample,
        "ontology/prefixes.json": prefix_map(plan.ontology),
        f"ontology/{CACHE_FILE}": document(folder("ontology") / name for name in FILES),
        "ontology/trialkg.owl": owl_xml(ontology),
        "ontology/trialkg.ttl": ontology,
        "CONTRIBUTING.md": contributing(_CHECKOUT),
        "docs/commands.md": commands(),
        "docs/fields.md": page(plan, orjson.loads(sample)),
        "docs/ontology.html": html_page(plan, ontology),
        "docs/ontology.md": reference(plan),
        "docs/queries.md": catalogue(prefixes(plan.ontology), _CHECKOUT / "tests" / "golden" / "queries"),
        "queries/examples.ttl": examples(),
    }


def main(arguments: list[str]) -> int:
    """Write the generated files; with ``--check``, list those that differ and return 1."""
    top = _CHECKOUT
    files: dict[str, Any] = generated(shipped_plan())
    stale = [name for name, text in files.items() if not (top / name).exists() or (top / name).read_text() != text]
    for name in stale:
        if "--check" in arguments:
            sys.stderr.write(f"{name} is not what python -m tools.docs writes.\n")
        else:
            (top / name).write_text(files[name])
    return 1 if stale and "--check" in arguments else 0
