"""Statements grouped by study, so that memory use does not grow with the number of studies.

The input is the union (the RDF merge) of its graphs: a statement counts once, however many graphs contain it. The
statements about a study and its parts are streamed if they are together (:mod:`kg.store.study_runs`); all other
statements are held in memory by subject.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

import pyoxigraph as ox

from kg._types import Progress
from kg.export.report import Report
from kg.export.run import export
from kg.ontology import files
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import CODE, CT, SCHEME
from kg.rdf.atomic import system_folder, writing
from kg.store.dataset import classify_inputs, statements
from kg.store.merge import load_on_disk, temporary_store
from kg.store.study_runs import Note, note_in_memory, runs, silent

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

_PER_STATEMENT = 1_300
"""Bytes of memory per statement that is not streamed."""
_VOCABULARY = (CT, CODE, SCHEME)
_OTHER_GRAPHS = ("/graph/ontology", "/graph/registry")
"""Graphs that are not about studies, with any base."""
_ONTOLOGY = "trialkg.ttl"

Statement = ox.Quad | ox.Triple
"""A statement whose subject is a named node; its graph is ignored."""
Subjects = Iterable[tuple[str, Iterable[ox.Quad]]]
_subject = attrgetter("subject")


@dataclass(frozen=True, slots=True)
class Group:
    """Statements about a study and its parts or, if ``study`` is empty, about everything else."""

    study: str
    statements: list[Statement]
    """In no particular order, possibly with duplicates."""


@dataclass(frozen=True, slots=True)
class RdfSource:
    """The statements of an RDF file or a store; can be iterated more than once."""

    name: str

    def __iter__(self) -> Iterator[ox.Quad]:
        """Yield the statements; raise :class:`~kg.errors.SourceError` if the source cannot be read."""
        return statements([self.name])


@dataclass(slots=True)
class StatementGroups:
    """The groups of some sources. Each source must allow repeated iteration, as the groups do.

    ``shared`` has, by subject, the statements that are not about a study, or are in the graph of another one.
    ``note`` receives a sentence if many statements cannot be streamed.
    """

    sources: list[Iterable[ox.Quad]]
    note: Note = silent
    shared: dict[str, set[ox.Triple]] = field(default_factory=dict, init=False)
    scattered: set[str] = field(default_factory=set, init=False)
    """Studies whose statements are not contiguous in the input; they are all in ``shared``."""

    def __post_init__(self) -> None:
        """Collect the shared statements; raise :class:`~kg.errors.InputError` if a source cannot be read."""
        ended: set[str] = set()
        for study, subjects in self._runs():
            if study in ended:
                self.scattered.add(study)
            if study:
                ended.add(study)
            self._keep((subject, quads) for subject, quads in subjects if not study or study_of(subject) != study)
        if self.scattered:
            self._keep_scattered()

    def _keep_scattered(self) -> None:
        """Collect the statements of studies that are not together, too."""
        size = sum(
            1 for study, subjects in self._runs() if study in self.scattered for _, quads in subjects for _ in quads
        )
        note_in_memory(self.note, "The input", size, _PER_STATEMENT)
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
                    if study_of(subject) == study:
                        group.statements.extend(quads)
                        if subject in self.shared:
                            group.statements.extend(self.shared[subject])
                            merged.add(subject)
                yield group
        rest = (triples for subject, triples in self.shared.items() if subject not in merged)
        yield Group("", list(itertools.chain.from_iterable(rest)))

    def _runs(self) -> Iterator[tuple[str, Subjects]]:
        """Yield the runs of all sources, with the NCT number if one belongs to a study."""
        for source in self.sources:
            for run in runs(source):
                if not (run.graph or "").endswith(_OTHER_GRAPHS):
                    yield run.study, _subjects(run.statements)


def _subjects(quads: Iterable[ox.Quad]) -> Subjects:
    """Yield each run of statements with one subject, if that is an IRI and not part of the vocabulary."""
    for subject, members in itertools.groupby(quads, key=_subject):
        if isinstance(subject, ox.NamedNode) and not is_vocabulary(subject.value):
            yield subject.value, members


def is_vocabulary(iri: str) -> bool:
    """Return whether a resource belongs to the ontology (class, property, code, registry) and so is not a node.

    >>> is_vocabulary("https://w3id.org/trialkg/code/PHASE2"), is_vocabulary("http://purl.org/dc/terms/modified")
    (True, True)
    """
    return iri.startswith(_VOCABULARY) or iri in _ontology_terms()


@cache
def _ontology_terms() -> frozenset[str]:
    quads = ox.parse(path=files.folder("ontology") / _ONTOLOGY, format=ox.RdfFormat.TURTLE)
    return frozenset(quad.subject.value for quad in quads if isinstance(quad.subject, ox.NamedNode))


@contextlib.contextmanager
def open_sources(
    inputs: Iterable[AnyData], report: Report, progress: Progress | None = None
) -> Iterator[list[Iterable[ox.Quad]]]:
    """Open study records, RDF files, stores and graphs, in any mix, as sources of :class:`StatementGroups`.

    Raises :class:`~kg.errors.UsageError` for missing input; problems with records go to ``report``.
    """
    by_kind = classify_inputs(inputs)
    others: list[Iterable[ox.Quad]] = [*map(RdfSource, by_kind.rdf), *by_kind.graphs]
    if by_kind.single_store:
        with system_folder() as folder:
            yield [RdfSource(_copied(by_kind.stores[0], folder))]
    elif not (by_kind.records or by_kind.stores) and len(others) == 1:
        yield others
    elif not (by_kind.stores or others):
        with system_folder() as folder:
            exported = str(folder / "studies.nq.zst")
            export(by_kind.records, exported, report=report, progress=progress)
            yield [RdfSource(exported)]
    else:
        with temporary_store() as (store, scratch):
            load_on_disk(store, by_kind, scratch, report, progress=progress)
            yield [store]


def _copied(store: str, folder: Path) -> str:
    """Return the name of a file with the statements of a store: they are read several times, faster from a file."""
    copy = str(folder / "store.nq.zst")
    with writing(copy, ".zst") as file:
        ox.serialize(statements([store]), file, format=ox.RdfFormat.N_QUADS)
    return copy
