"""The resources that studies share (organizations, MeSH terms, countries, browse branches), collected over a run.

A record describes each shared resource that it refers to. A run keeps every distinct description once, with the number
of studies that use it, and writes one block per resource at the end: all classes, the most used ``rdfs:label`` of each
language with the others as ``skos:altLabel``, and of every other property the most used value. Ties go to the smaller
text by code point, so that the result does not depend on the order of the studies. Resources with several descriptions
have ``ct:descriptionCount``.
"""

from __future__ import annotations

import tempfile
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import NamedTuple

import orjson

from kg.mapping.datatypes import Literal
from kg.ontology.vocabulary import CT, RDF, RDFS, SHARED_GRAPH, SKOS, XSD
from kg.rdf.syntax import Block, Style

DESCRIPTIONS = CT + "descriptionCount"
"""The number of different descriptions of a resource, where there are several."""
CHUNK_SIZE = 1 << 20
"""Bytes of the graph per chunk."""
_IN_MEMORY = _CHUNK = 1 << 16
_END = b"\0"
"""Separator of the token of a resource and its predicate-object pairs in a description."""


def description(token: bytes, pairs: Iterable[bytes]) -> bytes:
    """Return the description of a shared resource by one record, as bytes that are equal for equal descriptions.

    >>> description(b"mesh:D000690", [b"a meshv:Descriptor", b'rdfs:label "ALS"@en'])
    b'mesh:D000690\\x00a meshv:Descriptor\\x00rdfs:label "ALS"@en'
    """
    return _END.join((token, *pairs))


def resource(description: bytes) -> str:
    """Return the IRI of the resource of a description in N-Triples, empty for an empty description.

    >>> resource(b"<http://id.nlm.nih.gov/mesh/D000690>\\0<a> <b>")
    'http://id.nlm.nih.gov/mesh/D000690'
    """
    return description.partition(_END)[0][1:-1].decode()


class Usage(NamedTuple):
    """A description, and the number of studies that use it."""

    description: bytes
    studies: int


class _Numbers(dict[bytes, int]):
    """Descriptions, numbered in the order of their first use."""

    def __missing__(self, description: bytes) -> int:
        number = self[description] = len(self)
        return number


class SharedResources:
    """The descriptions of a run, with the studies that use them.

    Memory grows with the distinct descriptions. The numbers of the descriptions that each study uses are written to a
    temporary file and counted at the end of the run, without the superseded records.
    """

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._starts = array("Q")
        self._uses = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 -- it lives as long as the run
        self._end = 0
        self._removed: set[int] = set()

    def enter(self, descriptions: Iterable[bytes]) -> None:
        """Add the distinct descriptions that the next study uses."""
        numbers = array("I", map(self._numbers.__getitem__, descriptions))
        self._starts.append(self._end)
        self._end += self._uses.write(numbers.tobytes())

    def remove(self, position: int) -> None:
        """Remove the study at a position, counted from 0."""
        self._removed.add(position)

    def usages(self) -> Iterator[Usage]:
        """Yield the descriptions in use."""
        counts = Counter[int]()
        self._uses.seek(0)
        while chunk := self._uses.read(_CHUNK):
            counts.update(array("I", chunk))
        for position in self._removed:
            counts.subtract(self._used_by(position))
        self._uses.seek(self._end)
        return (Usage(text, counts[number]) for text, number in self._numbers.items() if counts[number] > 0)

    def _used_by(self, position: int) -> array[int]:
        start, *ends = self._starts[position : position + 2]
        end = ends[0] if ends else self._end
        self._uses.seek(start)
        return array("I", self._uses.read(end - start))


def encode_graph(
    usages: Iterable[Usage], style: Style, *, graphs: bool, size: int = CHUNK_SIZE
) -> Iterator[tuple[bytes, int]]:
    """Yield the shared graph in chunks of about ``size`` bytes, by IRI, each with its number of triples.

    ``graphs`` writes the name of the graph too.
    """
    graph = style.iri(style.rebased(SHARED_GRAPH)) if graphs else b""
    waiting: list[Block] = []
    held = 0
    for block in blocks(usages, style):
        waiting.append(block)
        held += len(block[0]) + sum(map(len, block[1]))
        if held > size:
            yield style.study(waiting, graph), sum(len(pairs) for _, pairs in waiting)
            waiting, held = [], 0
    if waiting:
        yield style.study(waiting, graph), sum(len(pairs) for _, pairs in waiting)


def blocks(usages: Iterable[Usage], style: Style) -> Iterator[Block]:
    """Yield one block per resource, by IRI."""
    parts = ((usage.studies, usage.description.split(_END)) for usage in usages)
    ordered = sorted((style.expanded(part[0]), -studies, part) for studies, part in parts)
    for _, same in groupby(ordered, key=lambda variant: variant[0]):
        variants = [(-studies, part) for _, studies, part in same]
        token, *pairs = variants[0][1]
        yield token, pairs if len(variants) == 1 else _merged(variants, style)


def _merged(variants: list[tuple[int, list[bytes]]], style: Style) -> list[bytes]:
    """Merge the descriptions of a resource, the most used first, into its predicate-object pairs."""
    values: dict[bytes, Counter[bytes]] = {}
    for studies, (_, *pairs) in variants:
        for pair in pairs:
            predicate, _, token = pair.partition(b" ")
            values.setdefault(predicate + b" ", Counter())[token] += studies
    merged: list[bytes] = []
    for predicate, counts in values.items():
        tokens = sorted(counts, key=lambda token: (-counts[token], _text(token, style)))
        if predicate == style.predicate(RDF + "type"):
            merged += [predicate + token for token in tokens]
        elif predicate == style.predicate(RDFS + "label"):
            merged += _labels(tokens, style)
        else:
            merged.append(predicate + tokens[0])
    count = style.literal(Literal(str(len(variants)), XSD + "integer"))
    return [*merged, style.predicate(DESCRIPTIONS) + count]


def _labels(tokens: list[bytes], style: Style) -> list[bytes]:
    """Return the first label of each language as label, the others as alternative labels."""
    first = {token[token.rindex(b'"') :]: token for token in reversed(tokens)}
    label, other = style.predicate(RDFS + "label"), style.predicate(SKOS + "altLabel")
    labels = [token for token in tokens if token in first.values()]
    others = sorted({*tokens} - {*labels}, key=lambda token: _text(token, style))
    return [label + token for token in labels] + [other + token for token in others]


def _text(token: bytes, style: Style) -> str:
    """Return the text of a literal or the IRI of a token, which does not depend on the style."""
    if token.startswith(b'"'):
        return str(orjson.loads(token[: token.rindex(b'"') + 1]))
    return style.expanded(token) if b":" in token else token.decode()
