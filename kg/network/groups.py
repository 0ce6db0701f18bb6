"""Statements in groups: one group per study, so that memory stays flat, and one of all that studies share.

The input is the union of its graphs (the RDF merge): a statement counts once, whichever and however many graphs hold
it. What a study's own graph states about the study and its parts is read when its turn comes; statements about anything
else, and those in other graphs, are held in memory by subject.
"""

from __future__ import annotations

import contextlib
import itertools
import re
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from pathlib import Path

import pyoxigraph as ox

from kg._types import Progress
from kg.errors import UsageError
from kg.export.report import Report
from kg.export.run import export
from kg.ontology import files
from kg.ontology.vocabulary import BASE, CT
from kg.rdf.parse import statements
from kg.store.dataset import Inputs, fill, of_graphs, sorted_out
from kg.store.embedded import exporting

_STUDY = re.compile(r"NCT[0-9]{8}")
_VOCABULARY = (CT, BASE + "code/", BASE + "scheme/")
_ONTOLOGY_GRAPH = "/graph/ontology"
_ONTOLOGY = "trialkg.ttl"

Statement = ox.Quad | ox.Triple
"""A statement whose subject is a named node; its graph does not matter here."""
Subjects = Iterable[tuple[str, Iterable[ox.Quad]]]
_graph_name, _subject = attrgetter("graph_name"), attrgetter("subject")


@dataclass(frozen=True, slots=True)
class Group:
    """Statements about a study and its parts, or, where ``study`` is empty, about all else."""

    study: str
    statements: list[Statement]
    """In no order; the same statement may be there twice."""


@dataclass(frozen=True, slots=True)
class File:
    """The statements of a file of RDF or of the folder of a store; can be iterated again."""

    name: str

    def __iter__(self) -> Iterator[ox.Quad]:
        """Raises :class:`~kg.errors.SourceError` for what cannot be read."""
        return statements([self.name])


@dataclass(slots=True)
class Groups:
    """The groups of some sources, each of which can be iterated more than once; so can the groups.

    ``shared`` has the statements that are not in the graph of the study they are about, by subject.
    """

    sources: list[Iterable[ox.Quad]]
    shared: dict[str, set[ox.Triple]] = field(default_factory=dict, init=False)
    scattered: set[str] = field(default_factory=set, init=False)
    """Studies whose graph is in several places of the input; their statements are in ``shared`` too."""

    def __post_init__(self) -> None:
        """Raises :class:`~kg.errors.InputError` for a source that cannot be read."""
        ended: set[str] = set()
        for study, subjects in self._runs():
            if study in ended:
                self.scattered.add(study)
            if study:
                ended.add(study)
            self._keep((subject, quads) for subject, quads in subjects if not study or number_of(subject) != study)
        if self.scattered:
            for study, subjects in self._runs():
                if study in self.scattered:
                    self._keep(subjects)

    def _keep(self, subjects: Subjects) -> None:
        for subject, quads in subjects:
            self.shared.setdefault(subject, set()).update(quad.triple for quad in quads)

    def __iter__(self) -> Iterator[Group]:
        merged: set[str] = set()
        for study, subjects in self._runs():
            if study and study not in self.scattered:
                group = Group(study, [])
                for subject, quads in subjects:
                    if number_of(subject) == study:
                        group.statements.extend(quads)
                        if subject in self.shared:
                            group.statements.extend(self.shared[subject])
                            merged.add(subject)
                yield group
        rest = (triples for subject, triples in self.shared.items() if subject not in merged)
        yield Group("", list(itertools.chain.from_iterable(rest)))

    def _runs(self) -> Iterator[tuple[str, Subjects]]:
        """The statements of one graph that follow each other, with the number of the study if it is that of one."""
        for source in self.sources:
            for graph, quads in itertools.groupby(source, key=_graph_name):
                name = graph.value if isinstance(graph, ox.NamedNode) else ""
                if not name.endswith(_ONTOLOGY_GRAPH):
                    yield number_of(name), _subjects(quads)


def _subjects(quads: Iterable[ox.Quad]) -> Subjects:
    """Statements that follow each other, by subject: named resources that are neither codes nor vocabulary."""
    for subject, found in itertools.groupby(quads, key=_subject):
        if isinstance(subject, ox.NamedNode) and not is_vocabulary(subject.value):
            yield subject.value, found


def is_vocabulary(iri: str) -> bool:
    """Whether the ontology describes a resource, which is then no node: classes, properties, codes, registries.

    >>> is_vocabulary("https://w3id.org/trialkg/code/PHASE2"), is_vocabulary("http://purl.org/dc/terms/modified")
    (True, True)
    """
    return iri.startswith(_VOCABULARY) or iri in _described()


@cache
def _described() -> frozenset[str]:
    quads = ox.parse(path=files.folder("ontology") / _ONTOLOGY, format=ox.RdfFormat.TURTLE)
    return frozenset(quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode))


def number_of(iri: str) -> str:
    """The NCT number in the IRI of a study, its record or a part of it; empty for any other IRI.

    >>> number_of("https://w3id.org/trialkg/part/NCT02059759-arm-1"), number_of("http://id.nlm.nih.gov/mesh/D000690")
    ('NCT02059759', '')
    """
    number = iri.rpartition("/")[2].partition("-")[0]
    return number if _STUDY.fullmatch(number) else ""


@contextlib.contextmanager
def opened(inputs: Iterable[str], report: Report, progress: Progress | None = None) -> Iterator[list[File]]:
    """The statements of study records, RDF files and stores, or any of these together, as sources of :class:`Groups`.

    Raises :class:`~kg.errors.UsageError` for what is not there. ``report`` gets what is lost of records.
    """
    given = sorted_out(inputs)
    if not any(given):
        raise UsageError("No input is given; name files with records or RDF, folders, stores, or - for standard input.")
    with tempfile.TemporaryDirectory() as folder:
        graphs = [*given.stores, *given.rdf]
        if not given.records and len(graphs) == 1:
            yield [File(graphs[0])]
        elif not graphs:
            exported = str(Path(folder, "studies.nq.zst"))
            export(given.records, exported, report=report, progress=progress)
            yield [File(exported)]
        else:
            yield [File(_merged(given, Path(folder), report, progress))]


def _merged(given: Inputs, folder: Path, report: Report, progress: Progress | None) -> str:
    """The folder of a store with everything in some inputs."""
    made = folder / "store"
    options = {"progress": progress}
    loaders = [*of_graphs(given), *exporting(given.records, folder / "studies.nq", report, options)]
    fill(ox.Store(str(made)), loaders, report, folder)
    return str(made)
