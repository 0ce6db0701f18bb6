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
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pyoxigraph as ox

from kg.errors import UsageError
from kg.formats import format_of
from kg.ontology import BASE, CT
from kg.rdf import statements
from kg.report import Report
from kg.run import export

Progress = Callable[[int], None]

_STUDY = re.compile(r"NCT[0-9]{8}")
_VOCABULARY = (CT, BASE + "code/", BASE + "scheme/")
_ONTOLOGY_GRAPH = "/graph/ontology"


@dataclass(frozen=True, slots=True)
class Group:
    """Statements about a study and its parts, or, where ``study`` is empty, about all else."""

    study: str
    triples: set[ox.Triple]


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
        for study, quads in self._runs():
            if study in ended:
                self.scattered.add(study)
            if study:
                ended.add(study)
            self._keep(quad for quad in quads if not _owns(study, quad))
        if self.scattered:
            for study, quads in self._runs():
                if study in self.scattered:
                    self._keep(quads)

    def __iter__(self) -> Iterator[Group]:
        merged: set[str] = set()
        for study, quads in self._runs():
            if study and study not in self.scattered:
                group = Group(study, {quad.triple for quad in quads if _owns(study, quad)})
                subjects = {triple.subject.value for triple in group.triples} & self.shared.keys()  # type: ignore[union-attr]  # no triple terms
                merged |= subjects
                group.triples.update(*(self.shared[subject] for subject in subjects))
                yield group
        rest = (triples for subject, triples in self.shared.items() if subject not in merged)
        yield Group("", set().union(*rest))

    def _runs(self) -> Iterator[tuple[str, Iterator[ox.Quad]]]:
        """Statements that follow each other in the graph of one study, or in other graphs."""
        for source in self.sources:
            yield from itertools.groupby(filter(_is_data, source), key=_study)

    def _keep(self, quads: Iterable[ox.Quad]) -> None:
        for quad in quads:
            self.shared.setdefault(quad.subject.value, set()).add(quad.triple)  # type: ignore[union-attr]  # named nodes only


def number_of(iri: str) -> str:
    """The NCT number in the IRI of a study, its record or a part of it; empty for any other IRI.

    >>> number_of("https://w3id.org/trialkg/part/NCT02059759-arm-1"), number_of("http://id.nlm.nih.gov/mesh/D000690")
    ('NCT02059759', '')
    """
    number = iri.rpartition("/")[2].partition("-")[0]
    return number if _STUDY.fullmatch(number) else ""


def _graph(quad: ox.Quad) -> str:
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""


def _study(quad: ox.Quad) -> str:
    return number_of(_graph(quad))


def _owns(study: str, quad: ox.Quad) -> bool:
    """Whether a statement in the graph of a study is about this study or a part of it."""
    return bool(study) and number_of(quad.subject.value) == study  # type: ignore[union-attr]  # named nodes only


def _is_data(quad: ox.Quad) -> bool:
    """Whether a statement is about a named resource that is neither a code nor part of the vocabulary."""
    subject = quad.subject
    return (
        isinstance(subject, ox.NamedNode)
        and not subject.value.startswith(_VOCABULARY)
        and not _graph(quad).endswith(_ONTOLOGY_GRAPH)
    )


@contextlib.contextmanager
def opened(inputs: Iterable[str], report: Report, progress: Progress | None = None) -> Iterator[list[File]]:
    """The statements of study records, RDF files and stores, or any of these together, as sources of :class:`Groups`.

    Raises :class:`~kg.errors.UsageError` for what is not there. ``report`` gets what is lost of records.
    """
    given = list(inputs)
    if not given:
        raise UsageError("No input is given; name files with records or RDF, folders, stores, or - for standard input.")
    graphs = [name for name in given if is_rdf(name)]
    records = [name for name in given if name not in graphs]
    with tempfile.TemporaryDirectory() as folder:
        if records:
            exported = str(Path(folder, "studies.nq.zst"))
            export(records, exported, report=report, progress=progress)
            graphs.insert(0, exported)
        yield [File(name) for name in graphs]


def is_rdf(name: str) -> bool:
    """Whether a name is that of a file of RDF or of the folder of a store.

    >>> is_rdf("trials.nq.gz"), is_rdf("studies.zip"), is_rdf("-")
    (True, False, False)
    """
    if Path(name).is_dir():
        return Path(name, "CURRENT").is_file()
    try:
        return name != "-" and bool(format_of(name))
    except UsageError:
        return False
