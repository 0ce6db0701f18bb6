"""The graph of MeSH: headings with their names, classes, places in the tree and broader descriptors.

The statements are those of NLM's own RDF, so that a graph of NLM's takes its place without a change of any query.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, islice

import orjson

from kg.errors import InputError, UsageError
from kg.mapping.datatypes import Literal
from kg.mesh.heading import DESCRIPTOR, MESH, SUPPLEMENTARY, VOCABULARY, Heading, Tree, parent
from kg.mesh.read import read
from kg.ontology.model import shipped
from kg.ontology.vocabulary import RDF, RDFS, XSD
from kg.rdf.atomic import check_places, writing
from kg.rdf.formats import format_of
from kg.rdf.syntax import Block, Grouped, Style, prefixes

GRAPH = "http://id.nlm.nih.gov/mesh"
"""The name of the graph in N-Quads and TriG, as NLM's endpoint has it."""
AT_ONCE = 500
"""Resources encoded together."""
_PREFIXES = ("mesh", "meshv", "rdfs", "xsd")


@dataclass(slots=True)
class Built:
    """What was written."""

    headings: int = 0
    trees: int = 0
    edges: int = 0
    orphans: int = 0
    """Tree numbers whose parent no heading has; in the whole of MeSH none."""

    def summary(self) -> str:
        """The counts in one sentence."""
        counts = {"headings": self.headings, "tree numbers": self.trees, "broader descriptors": self.edges}
        said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        lacking = f", {self.orphans:,} tree numbers without a parent" if self.orphans else ""
        return f"MeSH: {said}{lacking}."


def build(
    names: list[str],
    output: str,
    *,
    format: str | None = None,  # noqa: A002 -- the name of the option
    reject: Callable[[InputError], None],
    progress: Callable[[int], None] | None = None,
) -> Built:
    """Writes the headings of some files as a graph, in the order of their ids, whatever the order of the files says.

    ``reject`` is told of what is not taken as it stands. Raises :class:`~kg.errors.UsageError` for what cannot be
    done, and :class:`~kg.errors.OutputError` for what cannot be written.
    """
    check_places(names, [output])
    chosen = format_of(output, format)
    if chosen.name == "jsonld":  # its context is that of studies
        raise UsageError(f"MeSH is not written as JSON-LD; give {output} another ending, such as .ttl or .nt.")
    tree = read(names, reject, progress)
    known = prefixes(shipped())
    style: Style = Grouped(prefixes=_chosen(known)) if chosen.grouped else Style()
    frame = chosen.frame(_chosen(known))
    graph = style.iri(GRAPH) if chosen.graphs else b""
    trees, edges = (sum(len(getattr(one, name)) for one in tree.values()) for name in ("trees", "broader"))
    done = Built(len(tree), trees, edges, len(tree.orphans()))
    with writing(output, chosen.packing) as file:
        file.write(frame.head)
        for i, blocks in enumerate(_batches(_resources(tree, style))):
            file.write((frame.between if i else b"") + frame.encode(style.study(blocks, graph)))
        file.write(frame.tail)
    return done


def _chosen(known: dict[str, str]) -> dict[str, str]:
    return {name: known[name] for name in _PREFIXES}


def _batches(blocks: Iterator[Block]) -> Iterator[list[Block]]:
    while batch := list(islice(blocks, AT_ONCE)):
        yield batch


def _resources(tree: Tree, style: Style) -> Iterator[Block]:
    yield from chain.from_iterable(_blocks(tree[id_], style) for id_ in sorted(tree))
    yield from (_pair(pair, style) for pair in sorted({p for one in tree.values() for p in one.mapped if "Q" in p}))


def _blocks(heading: Heading, style: Style) -> Iterator[Block]:
    """The resources of one heading: itself and its tree numbers."""

    def all_of(predicate: str, ids: set[str]) -> list[bytes]:
        tokens = [style.iri(MESH + id_) for id_ in sorted(ids)]
        if tokens and not style.repeats:
            tokens = [b", ".join(tokens)]
        return [style.predicate(VOCABULARY + predicate) + token for token in tokens]

    kind = heading.kind or (SUPPLEMENTARY if heading.id.startswith("C") else DESCRIPTOR)
    pairs = [
        style.predicate(RDF + "type") + style.iri(VOCABULARY + kind),
        style.predicate(RDFS + "label") + _english(heading.label),
        style.predicate(VOCABULARY + "identifier") + style.literal(Literal(heading.id, XSD + "string")),
    ]
    if not heading.active:
        pairs.append(style.predicate(VOCABULARY + "active") + style.literal(Literal("false", XSD + "boolean")))
    pairs += all_of("treeNumber", heading.trees)
    pairs += all_of("broaderDescriptor", heading.broader)
    pairs += all_of("pharmacologicalAction", heading.actions)
    pairs += all_of("preferredMappedTo", heading.preferred)
    pairs += all_of("mappedTo", heading.mapped - heading.preferred)
    yield style.iri(MESH + heading.id), pairs
    yield from (_place(tree, style) for tree in sorted(heading.trees))


def _place(tree: str, style: Style) -> Block:
    pairs = [
        style.predicate(RDF + "type") + style.iri(VOCABULARY + "TreeNumber"),
        style.predicate(RDFS + "label") + _english(tree),
    ]
    if above := parent(tree):
        pairs.append(style.predicate(VOCABULARY + "parentTreeNumber") + style.iri(MESH + above))
    return style.iri(MESH + tree), pairs


def _pair(pair: str, style: Style) -> Block:
    """A descriptor with a qualifier; whether NLM allows the two together is not told by their ids."""
    descriptor, _, qualifier = pair.partition("Q")
    pairs = [
        style.predicate(RDF + "type") + style.iri(VOCABULARY + "DescriptorQualifierPair"),
        style.predicate(VOCABULARY + "hasDescriptor") + style.iri(MESH + descriptor),
        style.predicate(VOCABULARY + "hasQualifier") + style.iri(f"{MESH}Q{qualifier}"),
    ]
    return style.iri(MESH + pair), pairs


def _english(text: str) -> bytes:
    return orjson.dumps(text) + b"@en"
