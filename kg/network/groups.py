"""Statements in groups: study by study where that can be, so that memory stays flat.

Study records are exported to a temporary file of N-Quads; N-Quads and stores hold each study in a named graph of its
own; anything else is one group, held in memory.
"""

from __future__ import annotations

import contextlib
import itertools
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox

from kg.errors import SourceError, UsageError
from kg.formats import format_of
from kg.rdf import statements
from kg.report import Report
from kg.run import export

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Group:
    """The statements of one named graph, or of all that stand in none."""

    name: str
    quads: list[ox.Quad]

    @property
    def study(self) -> str:
        """The number of the study that the graph is about, nothing where it is none."""
        number = self.name.rpartition("/")[2]
        return number if number.startswith("NCT") else ""


@dataclass(frozen=True, slots=True)
class Groups:
    """The groups of some files of RDF and stores; can be gone through again."""

    names: list[str]

    def __iter__(self) -> Iterator[Group]:
        """Raises :class:`~kg.errors.SourceError` where the statements of a graph do not stand together."""
        ended: set[str] = set()
        for name in self.names:
            for graph, quads in itertools.groupby(statements([name]), key=_graph_name):
                if graph and graph in ended:
                    raise SourceError(
                        f"has the statements of {graph} in several places; load it into a store", file=name
                    )
                ended.add(graph)
                yield Group(graph, list(quads))


def _graph_name(quad: ox.Quad) -> str:
    return quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""


@contextlib.contextmanager
def opened(inputs: Iterable[str], report: Report, progress: Progress | None = None) -> Iterator[Groups]:
    """The groups of study records, RDF files and stores, or any of these together.

    Raises :class:`~kg.errors.UsageError` for what is not there. ``report`` is told what is lost of records.
    """
    given = list(inputs)
    if not given:
        raise UsageError("No input is given; name files with records or RDF, folders, stores, or - for standard input.")
    graphs = [name for name in given if is_rdf(name)]
    records = [name for name in given if name not in graphs]
    with tempfile.TemporaryDirectory() as folder:
        if records:
            made = str(Path(folder, "studies.nq.zst"))
            export(records, made, report=report, progress=progress)
            graphs.insert(0, made)
        yield Groups(graphs)


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
