"""Write the graph of MeSH: headings with names, classes, tree numbers and broader descriptors.

The statements are the same as in NLM's own RDF, so that queries work on either.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain, islice

import orjson

from kg._types import Progress, Reject
from kg.errors import InputError, UsageError, nothing_found, raise_losses
from kg.mapping.datatypes import Literal
from kg.mesh.read import read
from kg.mesh.tree import DESCRIPTOR, SUPPLEMENTARY, Heading, Tree, parent
from kg.ontology.model import shipped
from kg.ontology.vocabulary import MESH, MESHV, RDF, RDFS, SCHEMA, XSD
from kg.rdf.atomic import check_outputs, writing
from kg.rdf.formats import format_of
from kg.rdf.syntax import Block, Grouped, Style, prefixes

GRAPH = MESH.rstrip("/")
"""The name of the graph in N-Quads and TriG, as at NLM's endpoint."""
BATCH = 500
"""Resources encoded together."""
_PREFIXES = ("mesh", "meshv", "rdfs", "schema", "xsd")


@dataclass(slots=True)
class MeshCounts:
    """The number of resources written."""

    headings: int = 0
    trees: int = 0
    edges: int = 0
    terms: int = 0
    """Entry terms."""
    orphans: int = 0
    """Tree numbers without a parent; complete MeSH has none."""

    def summary(self) -> str:
        """Return the counts in one sentence."""
        counts = {"headings": self.headings, "tree numbers": self.trees, "broader descriptors": self.edges}
        counts |= {"entry terms": self.terms} if self.terms else {}
        text = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        orphans = f", {self.orphans:,} tree numbers without a parent" if self.orphans else ""
        return f"MeSH: {text}{orphans}."


def build(
    names: list[str],
    output: str,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    reject: Reject = raise_losses,
    progress: Progress | None = None,
) -> MeshCounts:
    """Write the headings of some files as a graph, sorted by id.

    Invalid content goes to ``reject``. Raises :class:`~kg.errors.UsageError` for an unsupported format, and
    :class:`~kg.errors.OutputError` if the output cannot be written.
    """
    check_outputs(names, [output])
    rdf_format = format_of(output, format)
    if rdf_format.name == "jsonld":  # its context is for studies
        raise UsageError(f"MeSH cannot be written as JSON-LD; use another extension for {output}, such as .ttl or .nt.")
    problems: list[InputError] = []
    tree = read(names, problems.append, progress)
    if not len(tree):
        raise nothing_found("MeSH heading", names, problems)
    for problem in problems:
        reject(problem)
    namespaces = {name: namespace for name, namespace in prefixes(shipped()).items() if name in _PREFIXES}
    style: Style = Grouped(prefixes=namespaces) if rdf_format.grouped else Style()
    frame = rdf_format.frame(namespaces)
    graph = style.iri(GRAPH) if rdf_format.graphs else b""
    trees, edges = (sum(len(getattr(heading, name)) for heading in tree.values()) for name in ("trees", "broader"))
    terms = sum(len(heading.names - {heading.label}) for heading in tree.values())
    counts = MeshCounts(len(tree), trees, edges, terms, len(tree.orphans()))
    with writing(output, rdf_format.compression) as file:
        file.write(frame.head)
        for i, blocks in enumerate(_batches(_resources(tree, style))):
            file.write((frame.between if i else b"") + frame.encode(style.study(blocks, graph)))
        file.write(frame.tail)
    return counts


def _batches(blocks: Iterator[Block]) -> Iterator[list[Block]]:
    while batch := list(islice(blocks, BATCH)):
        yield batch


def _resources(tree: Tree, style: Style) -> Iterator[Block]:
    yield from chain.from_iterable(_blocks(tree[id_], style) for id_ in sorted(tree))
    pairs = {id_ for heading in tree.values() for id_ in heading.mapped if "Q" in id_}
    yield from (_pair(pair, style) for pair in sorted(pairs))


def _blocks(heading: Heading, style: Style) -> Iterator[Block]:
    """Yield the resources of a heading: itself and its tree numbers."""

    def all_of(predicate: str, ids: set[str]) -> list[bytes]:
        tokens = [style.iri(MESH + id_) for id_ in sorted(ids)]
        if tokens and not style.repeats:
            tokens = [b", ".join(tokens)]
        return [style.predicate(MESHV + predicate) + token for token in tokens]

    class_name = heading.kind or (SUPPLEMENTARY if heading.id.startswith("C") else DESCRIPTOR)
    pairs = [
        style.predicate(RDF + "type") + style.iri(MESHV + class_name),
        style.predicate(RDFS + "label") + _english(heading.label),
        style.predicate(MESHV + "identifier") + style.literal(Literal(heading.id, XSD + "string")),
    ]
    if not heading.active:
        pairs.append(style.predicate(MESHV + "active") + style.literal(Literal("false", XSD + "boolean")))
    pairs += _entry_terms(heading, style)
    pairs += all_of("treeNumber", heading.trees)
    pairs += all_of("broaderDescriptor", heading.broader)
    pairs += all_of("pharmacologicalAction", heading.actions)
    pairs += all_of("preferredMappedTo", heading.preferred)
    pairs += all_of("mappedTo", heading.mapped - heading.preferred)
    yield style.iri(MESH + heading.id), pairs
    yield from (_tree_number(tree, style) for tree in sorted(heading.trees))


def _entry_terms(heading: Heading, style: Style) -> list[bytes]:
    """Return the entry terms as other names of the heading itself; in NLM's RDF they are those of its concepts."""
    tokens = [_english(name) for name in sorted(heading.names - {heading.label, ""})]
    if tokens and not style.repeats:
        tokens = [b", ".join(tokens)]
    return [style.predicate(SCHEMA + "alternateName") + token for token in tokens]


def _tree_number(tree: str, style: Style) -> Block:
    pairs = [
        style.predicate(RDF + "type") + style.iri(MESHV + "TreeNumber"),
        style.predicate(RDFS + "label") + _english(tree),
    ]
    if parent_number := parent(tree):
        pairs.append(style.predicate(MESHV + "parentTreeNumber") + style.iri(MESH + parent_number))
    return style.iri(MESH + tree), pairs


def _pair(pair: str, style: Style) -> Block:
    """Return a descriptor-qualifier pair; the ids do not show whether NLM allows the combination."""
    descriptor, _, qualifier = pair.partition("Q")
    pairs = [
        style.predicate(RDF + "type") + style.iri(MESHV + "DescriptorQualifierPair"),
        style.predicate(MESHV + "hasDescriptor") + style.iri(MESH + descriptor),
        style.predicate(MESHV + "hasQualifier") + style.iri(f"{MESH}Q{qualifier}"),
    ]
    return style.iri(MESH + pair), pairs


def _english(text: str) -> bytes:
    return orjson.dumps(text) + b"@en"
