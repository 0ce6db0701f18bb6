"""Runs: statements of one study, or of none, that follow one another in a file or a store.

Exports, and stores as :func:`kg.store.dataset.statements` reads them, keep the statements of a study together, so that
one study at a time can be processed, whatever the number of studies. A study belongs to its own graph, and elsewhere
to its subjects (:func:`kg.ontology.study_iri.study_of`).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from operator import attrgetter
from typing import NamedTuple

import pyoxigraph as ox

from kg.ontology.study_iri import study_of

Note = Callable[[str], None]
"""Receives one sentence for the user."""
MANY = 1_000_000
"""Statements that may be held in memory without a note."""
_place = attrgetter("graph_name", "subject")
_cached_study = lru_cache(16)(study_of)


class Run(NamedTuple):
    """Statements of one graph, ``None`` for the default graph, about one study, or none if ``study`` is empty."""

    graph: str | None
    study: str
    statements: Iterator[ox.Quad]
    """In a store, their own graph is that of its layout."""

    @property
    def is_own(self) -> bool:
        """Whether the graph is that of the study."""
        return self.study != "" and self.graph is not None and _cached_study(self.graph) == self.study


class Scattered(Exception):  # noqa: N818 -- never reaches a user
    """The statements of a study are not together."""


def runs(quads: Iterable[ox.Quad]) -> Iterator[Run]:
    """Yield the runs of an input; the statements of each have to be read before the next.

    >>> lines = b"<http://e.org/study/NCT00000001> <http://e.org/p> 1 . <http://e.org/a> <http://e.org/p> 2 ."
    >>> [(run.study, len([*run.statements])) for run in runs(ox.parse(lines, format=ox.RdfFormat.TURTLE))]
    [('NCT00000001', 1), ('', 1)]
    """
    subjects = itertools.groupby(quads, key=_place)
    for (graph, study), members in itertools.groupby(subjects, key=_owner):
        yield Run(graph, study, (quad for _, statements in members for quad in statements))


def _owner(item: tuple[tuple[ox.NamedNode | ox.BlankNode | ox.DefaultGraph, object], object]) -> tuple[str | None, str]:
    graph, subject = item[0]
    name = None if isinstance(graph, ox.DefaultGraph) else str(graph.value)
    iri = subject.value if isinstance(subject, ox.NamedNode) else ""
    return name, _cached_study(name or "") or study_of(iri) or ""


class Seen:
    """The studies whose runs ended, to find those that are not together; some tens of bytes per study."""

    def __init__(self) -> None:
        self._studies: set[int | tuple[str | None, str]] = set()

    def enter(self, run: Run) -> bool:
        """Enter the study of a run, and return whether it is new."""
        is_usual = run.graph is None or run.is_own
        key = int(run.study[3:]) * 2 + (run.graph is None) if is_usual else (run.graph, run.study)
        is_new = key not in self._studies
        self._studies.add(key)
        return is_new


def together(items: Iterable[Run]) -> Iterator[Run]:
    """Yield the runs of an input; raise :class:`Scattered` where a study has a second run in the same graph."""
    seen = Seen()
    for run in items:
        if run.study and not seen.enter(run):
            raise Scattered
        yield run


def silent(_: str) -> None:
    """Ignore a note."""


def note_in_memory(note: Note, name: str, statements: int, per_statement: int) -> None:
    """Say what a large input needs whose statements have to be held in memory, ``per_statement`` bytes each."""
    if statements > MANY:
        size = statements * per_statement / 1e9
        note(
            f"{name} does not keep the statements of each study together, so {statements:,} statements are held in "
            f"memory, which needs about {size:,.1f} GB."
        )
