"""Restore the studies of files and stores, one at a time where the statements of each study are together.

The records are in a temporary file until their order is known. Studies that need shared resources, since their links
changed, are restored when all of these were read, in a second pass. Other inputs are held in memory.
"""

from __future__ import annotations

import tempfile
from collections import ChainMap
from collections.abc import Iterable, Iterator, MutableMapping

import orjson

from kg._types import Reject
from kg.errors import InputError, RecordError, nothing_found
from kg.export.run import namespace
from kg.ontology.vocabulary import BASE
from kg.rdf.atomic import check_outputs, writing
from kg.restore.records import Restorer, raise_error
from kg.restore.study_graph import Properties, StudyGraph, study_iris
from kg.store.dataset import statement_runs, statements
from kg.store.study_runs import Note, Run, Scattered, note_in_memory, silent, together

_PER_STATEMENT = 450
"""Bytes of memory per statement of an input that is not streamed."""
Restored = tuple[str, bytes | RecordError]
"""The IRI of a study, and its record as a line of JSON or the reason why it cannot be restored."""


def restore(
    names: Iterable[str], output: str, *, base: str = BASE, reject: Reject = raise_error, note: Note = silent
) -> int:
    """Write the records of some graphs as JSON Lines (``-``: standard output) and return their number.

    A study that cannot be restored goes to ``reject``, which raises the error by default. ``note`` receives a sentence
    if a large input has to be held in memory.

    Raises :class:`~kg.errors.UsageError`, :class:`~kg.errors.SourceError` and :class:`~kg.errors.OutputError`.
    """
    inputs, count, base = list(names), 0, namespace(base)
    first: list[InputError] = []

    def reject_one(problem: InputError) -> None:
        if not first:
            first.append(problem)
        reject(problem)

    check_outputs(inputs, [output])
    with writing(output) as file:
        for line in _lines(inputs, base, reject_one, note):
            file.write(line)
            count += 1
        if not count:
            raise nothing_found("study", inputs, first)
    return count


def _lines(inputs: list[str], base: str, reject: Reject, note: Note) -> Iterator[bytes]:
    """Yield the records as lines of JSON, by NCT number."""
    try:
        with _Lines() as lines:
            for position, item in _streamed(inputs, Restorer(base=base)):
                lines.add(position, *item)
            yield from lines.by_number(reject)
    except Scattered:
        size = sum(1 for _ in statements(inputs))
        note_in_memory(note, ", ".join(inputs), size, _PER_STATEMENT)
        for record in Restorer(statements(inputs), base=base, reject=reject):
            yield orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)


class _Lines:
    """Records in a temporary file, with their places by study; of several records of a study, the last one counts."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- it lives as long as the object
        self._places: dict[str, tuple[int, int, int | RecordError]] = {}
        self._end = 0

    def __enter__(self) -> _Lines:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, position: int, iri: str, result: bytes | RecordError) -> None:
        """Add a study, from the run at a position."""
        if iri in self._places and self._places[iri][0] > position:
            return
        if isinstance(result, RecordError):
            self._places[iri] = position, 0, result
        else:
            self._places[iri] = position, self._end, len(result)
            self._end += self._file.write(result)

    def by_number(self, reject: Reject) -> Iterator[bytes]:
        """Yield the records by NCT number; errors go to ``reject``."""
        for iri in sorted(self._places):
            _, start, size = self._places[iri]
            if isinstance(size, RecordError):
                reject(size)
            else:
                self._file.seek(start)
                yield self._file.read(size)


class _NeedsOthers(Exception):  # noqa: N818 -- never leaves this module
    """A study refers to a resource that is not among its own statements."""


class _Unread(StudyGraph):
    """The resources that were not read yet."""

    def __contains__(self, _: object) -> bool:
        raise _NeedsOthers


def _streamed(inputs: list[str], restorer: Restorer) -> Iterator[tuple[int, Restored]]:
    """Yield the studies as they are read; raise ``Scattered`` if the statements of one are not together."""
    rest: dict[str | None, StudyGraph] = {}
    later: set[int] = set()
    for position, run in enumerate(together(statement_runs(inputs))):
        if not run.study:
            rest.setdefault(run.graph, StudyGraph()).extend(run.statements)
            continue
        try:
            yield from [(position, item) for item in _restored(restorer, run, _Unread(), _Unread())]
        except _NeedsOthers:
            later.add(position)
    for position, run in enumerate(together(statement_runs(inputs)) if later else ()):
        if position in later:
            found = _restored(restorer, run, rest.get(run.graph, StudyGraph()), ChainMap(*rest.values()))
            yield from ((position, item) for item in found)
    for position, graph in enumerate(rest.values(), -len(rest)):
        yield from ((position, item) for item in _of_graph(restorer, graph, graph, ChainMap(*rest.values())))


def _restored(
    restorer: Restorer,
    run: Run,
    same_graph: MutableMapping[str, Properties],
    all_graphs: MutableMapping[str, Properties],
) -> Iterator[Restored]:
    """Yield the studies of a run, which usually has one; a graph of its own has all that belongs to it."""
    graph = StudyGraph().extend(run.statements)
    known = graph if run.is_own else ChainMap(graph, same_graph)
    yield from _of_graph(restorer, graph, known, ChainMap(graph, all_graphs))


def _of_graph(
    restorer: Restorer,
    graph: StudyGraph,
    known: MutableMapping[str, Properties],
    others: MutableMapping[str, Properties],
) -> Iterator[Restored]:
    for iri in study_iris(graph):
        try:
            record = restorer.record(iri, known, others)
            yield iri, orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        except RecordError as error:
            yield iri, error
