"""Load the graphs that changed into a running store, each replaced atomically, and count the result."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kg._types import Progress
from kg.errors import InputError, SourceError, Superseded, UsageError, nothing_found
from kg.export.record_header import modified_day
from kg.export.report import Report
from kg.load import state
from kg.load.choice import Choice, check_wanted, kept_in_graph, one_choice, other_choice
from kg.load.client import RemoteStore
from kg.load.graphs import NamedGraph, as_quads, graphs, statements
from kg.load.shared_graph import SharedGraph
from kg.load.sorted_lines import SortedLines
from kg.load.staging import count_range, replace_graphs, replace_large_graph
from kg.load.state import GraphState
from kg.mapping.sections import phrase
from kg.ontology.vocabulary import SHARED_GRAPH

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

Validator = Callable[[NamedGraph], Iterable[str]]
"""Returns one sentence per violation in a graph."""


@dataclass(slots=True)
class LoadResult:
    """The counts of a load; ``wrong`` has one sentence per graph whose count in the store is unexpected."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0
    earlier: int = 0
    removed: int = 0
    statements: int = 0
    wrong: list[str] = field(default_factory=list)
    without: tuple[str, ...] = ()
    """The sections of the model that the studies leave out by choice."""
    started: float = field(default_factory=time.monotonic)

    def summary(self) -> str:
        """Return the counts in one sentence."""
        parts = [
            f"{self.added:,} added",
            f"{self.replaced:,} replaced",
            f"{self.unchanged:,} unchanged",
            f"{self.older:,} older than in the store" if self.older else "",
            f"{self.earlier:,} older than --since" if self.earlier else "",
            f"{self.removed:,} removed" if self.removed else "",
            f"{self.statements:,} statements " + ("counted" if not self.wrong else "found"),
            phrase(self.without) if self.without else "",
            f"{time.monotonic() - self.started:.1f} s",
        ]
        return "Graphs: " + ", ".join(part for part in parts if part) + "."


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """The options of a load.

    - ``since``: leave out records last updated before a day, numbered by :func:`kg.export.record_header.day`.
    - ``prune``: remove graphs that were loaded before and are not in the inputs.
    - ``contacts``: keep contact data.
    - ``without``: leave sections of the model out of records; by default those that the store leaves out already.
    - ``validator``: leave out graphs in which it finds a violation.
    """

    since: int = 0
    prune: bool = False
    contacts: bool = False
    without: tuple[str, ...] = ()
    validator: Validator | None = None


def load(
    store: RemoteStore,
    inputs: Iterable[AnyData],
    options: LoadOptions | None = None,
    *,
    report: Report,
    progress: Progress | None = None,
) -> LoadResult:
    """Load the changed graphs of the inputs into a store, each replaced atomically.

    Raises :class:`~kg.errors.OutputError` if the store refuses a request; each graph is then old or new, and running
    the same load again continues from there. Raises :class:`~kg.errors.UsageError` for studies that leave out other
    sections than those in the store.
    """
    inputs, options = [*inputs], options or LoadOptions()
    result, seen = LoadResult(), set[str]()
    choice = Choice(store, options.without)
    state.drop_staging(store)
    shared = SharedGraph(store)
    candidates = graphs(inputs, report, progress, contacts=options.contacts, without=choice.names)
    valid = _valid(choice.checked(candidates), options.validator, report)
    for batch in _batches(_recent(valid, options.since, seen, result), store.preset.statements, store.preset.members):
        _load_batch(store, shared, batch, result, report)
    if not seen:
        raise nothing_found("graph", inputs, report.problems)
    if options.prune:
        _prune(store, shared, seen, result, report)
    shared.complete()
    result.without = choice.names
    result.statements += state.counts(store, [SHARED_GRAPH]).get(SHARED_GRAPH, 0)
    return result


def _valid(candidates: Iterable[NamedGraph], validator: Validator | None, report: Report) -> Iterator[NamedGraph]:
    for graph in candidates:
        violations = [*validator(graph)] if validator else []
        for sentence in violations:
            report.problem(InputError(sentence.rstrip("."), study=graph.name))
        if not violations:
            yield graph


def _recent(candidates: Iterable[NamedGraph], since: int, seen: set[str], result: LoadResult) -> Iterator[NamedGraph]:
    for graph in candidates:
        seen.add(graph.name)
        if graph.version and modified_day(graph.version) < since:
            result.earlier += 1
        else:
            yield graph


def _batches(candidates: Iterable[NamedGraph], size: int, members: int) -> Iterator[list[NamedGraph]]:
    """Group graphs into batches of about ``size`` statements; of several with one name, keep the last newest one."""
    batch: dict[str, NamedGraph] = {}
    count = 0
    for graph in candidates:
        duplicate = batch.get(graph.name)
        if duplicate is None or duplicate.version <= graph.version:
            batch[graph.name] = graph
            count += graph.most
        if count >= size or len(batch) >= members:
            yield [*batch.values()]
            batch, count = {}, 0
    if batch:
        yield [*batch.values()]


def _load_batch(
    store: RemoteStore, shared: SharedGraph, batch: list[NamedGraph], result: LoadResult, report: Report
) -> None:
    before = state.graph_states(store, (graph.name for graph in batch))
    new: list[NamedGraph] = []
    changed: list[NamedGraph] = []
    for graph in batch:
        stored = before[graph.name]
        if graph.digest == stored.digest and graph.is_complete(stored.count):
            result.unchanged += 1
            result.statements += stored.count
        elif stored.count and graph.version < stored.version:
            result.older += 1
            result.statements += stored.count
            report.problem(Superseded("is older than the graph in the store and was skipped", study=graph.name))
        elif _is_valid_rdf(graph, report):
            (new if stored == GraphState() else changed).append(graph)
    descriptions = {graph.name: graph.shared for graph in new + changed}
    change = shared.prepare([graph.name for graph in changed if before[graph.name].count], descriptions)
    _write(store, new, changed, max(stored.count for stored in before.values()))
    shared.finish(change)
    result.added += sum(not before[graph.name].count for graph in new + changed)
    result.replaced += sum(before[graph.name].count > 0 for graph in changed)
    _count(store, new + changed, result)


def _is_valid_rdf(graph: NamedGraph, report: Report) -> bool:
    """Parse a graph strictly before it is sent; invalid RDF is a bug of the exporter, and other studies are loaded."""
    try:
        return graph.least >= 0
    except (SyntaxError, ValueError) as error:
        report.problem(SourceError(f"exported as invalid RDF ({error})", study=graph.name))
        return False


def _write(store: RemoteStore, new: list[NamedGraph], changed: list[NamedGraph], old_size: int) -> None:
    """Write new graphs and replace changed ones; the largest changed graph has ``old_size`` statements in the store.

    If each request is a transaction, only large graphs are staged.
    """
    large = [graph for graph in changed if store.preset.moves and graph.most > store.preset.statements]
    staged = large if store.preset.transactions else new + changed
    if staged:
        replace_graphs(store, staged, old_size)
    if not store.preset.transactions:
        return
    changed = [graph for graph in changed if graph not in large]
    if new:
        states = [line for graph in new for line in state.lines(graph.name, graph.digest, graph.version)]
        store.add_quads(b"".join(graph.quads() for graph in new) + as_quads(states, state.STATE))
    if changed:
        updates = state.replacement((graph.name, graph.digest, graph.version) for graph in changed)
        store.update(" ;\n".join([*(step for graph in changed for step in _steps(graph)), *updates]))


def _steps(graph: NamedGraph) -> Iterator[str]:
    yield f"DROP SILENT GRAPH <{graph.name}>"
    yield f"INSERT DATA {{ GRAPH <{graph.name}> {{\n{graph.data.decode()}}} }}"


def _count(store: RemoteStore, written: list[NamedGraph], result: LoadResult) -> None:
    if not written:
        return
    counted = state.counts(store, (graph.name for graph in written))
    for graph in written:
        count = counted.get(graph.name, 0)
        result.statements += count
        if not graph.is_complete(count):
            result.wrong.append(wrong_count(store, graph.name, count, graph.most))


def wrong_count(store: RemoteStore, name: str, count: int, expected: int) -> str:
    """Return the sentence about a graph of which a store counts another number of statements than was loaded."""
    return f"{store.url} counts {count:,} statements of {name}; {expected:,} were loaded."


def _prune(store: RemoteStore, shared: SharedGraph, seen: set[str], result: LoadResult, report: Report) -> None:
    if not report.lossless:
        raise UsageError("Some input could not be read, so --prune removed no graphs; the rest was loaded.")
    missing = [name for name in state.loaded_graphs(store) if name not in seen]
    for names in state.batches(missing, store.preset.members):
        steps = (step for name in names for step in (f"DROP SILENT GRAPH <{name}>", state.removal(name)))
        change = shared.prepare(names, {})
        store.update(" ;\n".join(steps))
        shared.finish(change)
    result.removed += len(missing)


def load_as_one(
    store: RemoteStore,
    graph: str,
    inputs: Iterable[AnyData],
    *,
    report: Report,
    contacts: bool = False,
    without: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> LoadResult:
    """Replace one graph of a store with all statements of the inputs, staged first.

    Raises the first :class:`~kg.errors.SourceError` or :class:`~kg.errors.RecordError`, so that the graph is never
    incomplete, :class:`~kg.errors.UsageError` for studies that leave out other sections than those in the graph, and
    :class:`~kg.errors.OutputError` if the store refuses a request. The graph is then unchanged, and
    running the same load again continues from there.
    """
    inputs, strict = [*inputs], Report(on_problem=lambda error: _raise_losses(error, report))
    result, size = LoadResult(), store.preset.statements
    kept = kept_in_graph(store, graph)
    check_wanted(store, kept, without)
    with SortedLines(statements(inputs, strict, progress, contacts=contacts, without=kept or without)) as lines:
        report.read += strict.read
        if next(iter(lines), None) is None:
            raise nothing_found("statement", inputs, report.problems)
        own = one_choice(lines, without)
        if None not in (own, kept) and own != kept:
            raise other_choice(store, "The studies in the inputs were", own or (), kept or ())
        result.without = own or ()
        digest = _digest(lines)
        least, most = count_range(lines, size)
        before = state.graph_states(store, [graph])[graph]
        if before.digest == digest and least <= before.count <= most:
            result.unchanged, result.statements = 1, before.count
            state.drop_staging(store)
            return result
        replace_large_graph(store, graph, digest, lines, (least, most), before.count)
    result.replaced, result.added = (1, 0) if before.count else (0, 1)
    result.statements = state.counts(store, [graph]).get(graph, 0)
    if not least <= result.statements <= most:
        result.wrong.append(wrong_count(store, graph, result.statements, most))
    return result


def _raise_losses(error: InputError, report: Report) -> None:
    """Report a problem, and raise it if a record or file is lost."""
    before = report.rejected
    report.problem(error)
    if report.rejected > before:
        raise error


def _digest(lines: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()
