"""Counts of an export as one graph, for its description: a statement in several graphs counts once.

The statements of a study are counted together, because its classes may come after its other statements. Statements
about shared resources are kept until the end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from kg.ontology.vocabulary import CT, RDF, XSD

Statement = tuple[bytes, bytes, bytes]
"""Subject, predicate and object, as written in N-Triples."""
Classes = tuple[bytes, ...]
Kind = bytes | int | Classes | None
"""The kind of an object: a datatype, classes, the hash of a shared resource, or ``None`` for an IRI without a class."""

_TYPE, _STUDY = f"<{RDF}type>".encode(), f"<{CT}Study>".encode()
_STRING, _TAGGED = f"<{XSD}string>".encode(), f"<{RDF}langString>".encode()


@dataclass(slots=True)
class Partition:
    """Counts of the statements with one property about the resources of one class."""

    triples: int = 0
    subjects: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    """Class of the object -> statements."""
    datatypes: Counter[str] = field(default_factory=Counter)
    """Datatype of the object -> statements."""


@dataclass(slots=True)
class Tally:
    """Counts of an export."""

    triples: int = 0
    subjects: int = 0
    classes: Counter[str] = field(default_factory=Counter)
    """Class -> resources."""
    properties: Counter[str] = field(default_factory=Counter)
    """Property -> statements."""
    partitions: dict[str, dict[str, Partition]] = field(default_factory=dict)
    """Class -> property -> counts of the statements about its resources."""
    example: str = ""
    """The first study."""


def count_statements(
    statements: Iterable[Statement], study_prefixes: tuple[bytes, ...], shared_prefixes: tuple[bytes, ...]
) -> Tally:
    """Count statements; the prefixes are those of the IRIs of studies and their parts, and of shared resources."""
    counting, study, number = _Counting(shared_prefixes), dict[Statement, None](), b""
    for statement in statements:
        subject = statement[0]
        if not subject.startswith(study_prefixes):
            counting.share(statement)
            continue
        at = subject.rindex(b"/") + 1
        if subject[at : at + 11] != number:
            counting.study(study)
            study, number = {}, subject[at : at + 11]
        study[statement] = None
    counting.study(study)
    return counting.result()


class _Counting:
    """Counts statements by the classes of the subject, the property and the kind of the object."""

    def __init__(self, shared_prefixes: tuple[bytes, ...]) -> None:
        self._shared_prefixes = shared_prefixes
        self._triples = Counter[tuple[Classes, bytes, Kind]]()
        self._subjects = Counter[tuple[Classes, bytes]]()
        self._nodes = Counter[Classes]()
        self._seen = set[int]()
        self._kept: list[tuple[int, bytes, Kind]] = []
        self._classes: dict[int, Classes] = {}
        """Hash of a shared resource -> its classes."""
        self._example = b""

    def study(self, statements: dict[Statement, None]) -> None:
        """Count the distinct statements of one study."""
        types: dict[bytes, Classes] = {}
        for subject, predicate, value in statements:
            if predicate == _TYPE:
                types[subject] = (*types.get(subject, ()), value)
                if value == _STUDY and not self._example:
                    self._example = subject
        self._triples.update((types.get(s, ()), p, self._kind(o, types)) for s, p, o in statements)
        self._subjects.update((types.get(s, ()), p) for s, p in dict.fromkeys((s, p) for s, p, _ in statements))
        self._nodes.update(types.get(s, ()) for s in dict.fromkeys(s for s, _, _ in statements))

    def share(self, statement: Statement) -> None:
        """Keep a statement about a shared resource, once."""
        key = hash(statement)
        if key in self._seen:
            return
        self._seen.add(key)
        subject, predicate, value = hash(statement[0]), statement[1], statement[2]
        classes = self._classes.setdefault(subject, ())
        if predicate == _TYPE:
            self._classes[subject] = (*classes, value)
        self._kept.append((subject, predicate, self._kind(value, {})))

    def _kind(self, value: bytes, types: dict[bytes, Classes]) -> Kind:
        if value.startswith(b"<"):
            return types.get(value) or (hash(value) if value.startswith(self._shared_prefixes) else None)
        end = value[value.rindex(b'"') + 1 :]
        return _TAGGED if end.startswith(b"@") else end[2:] or _STRING

    def result(self) -> Tally:
        """Return all counts, by IRI."""
        kept, classes = self._kept, self._classes
        self._triples.update((classes[subject], predicate, kind) for subject, predicate, kind in kept)
        self._subjects.update((classes[s], p) for s, p in dict.fromkeys((s, p) for s, p, _ in kept))
        self._nodes.update(classes.values())
        tally = Tally(subjects=self._nodes.total(), triples=self._triples.total(), example=_iri(self._example))
        for names, count in self._nodes.items():
            tally.classes.update({_iri(name): count for name in names})
        for (names, predicate, kind), count in self._triples.items():
            tally.properties[_iri(predicate)] += count
            for partition in _partitions(tally, names, predicate):
                partition.triples += count
                self._object(partition, kind, count)
        for (names, predicate), count in self._subjects.items():
            for partition in _partitions(tally, names, predicate):
                partition.subjects += count
        return tally

    def _object(self, partition: Partition, kind: Kind, count: int) -> None:
        """Count the classes or the datatype of the object of statements."""
        if isinstance(kind, bytes):
            partition.datatypes[_iri(kind)] += count
            return
        classes = self._classes.get(kind, ()) if isinstance(kind, int) else kind or ()
        partition.classes.update({_iri(name): count for name in classes})


def _partitions(tally: Tally, names: Classes, predicate: bytes) -> Iterator[Partition]:
    for name in names:
        yield tally.partitions.setdefault(_iri(name), {}).setdefault(_iri(predicate), Partition())


def _iri(token: bytes) -> str:
    return token[1:-1].decode()
