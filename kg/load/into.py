"""A load: what changed goes into a running store, each graph as a whole, and what is there then is counted."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from kg._types import Progress
from kg.errors import InputError, Superseded, UsageError
from kg.export.record_header import modified_day
from kg.export.report import Report
from kg.export.shared_resources import GRAPH
from kg.load import state
from kg.load.client import Store
from kg.load.distinct import Distinct
from kg.load.graphs import Named, as_quads, graphs, statements
from kg.load.shared import SharedGraph
from kg.load.stage import measured, moved, whole
from kg.load.state import Known

Inputs = Iterable[str | os.PathLike[str]]
Judge = Callable[[Named], Iterable[str]]


@dataclass(slots=True)
class Loaded:
    """What a load did; ``wrong`` has a sentence for each graph whose count is not the one that it should be."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    older: int = 0
    earlier: int = 0
    removed: int = 0
    statements: int = 0
    wrong: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def summary(self) -> str:
        """The load in one sentence."""
        parts = [
            f"{self.added:,} added",
            f"{self.replaced:,} replaced",
            f"{self.unchanged:,} unchanged",
            f"{self.older:,} older than in the store" if self.older else "",
            f"{self.earlier:,} from before the day" if self.earlier else "",
            f"{self.removed:,} removed" if self.removed else "",
            f"{self.statements:,} statements " + ("counted" if not self.wrong else "found"),
            f"{time.monotonic() - self.started:.1f} s",
        ]
        return "Graphs: " + ", ".join(part for part in parts if part) + "."


@dataclass(frozen=True, slots=True)
class Choice:
    """What of the inputs is loaded.

    ``since`` is a day as :func:`kg.export.record_header.day` numbers it: records last updated before it are left out;
    ``prune`` removes graphs that were loaded before and are not in the inputs; ``contacts`` keeps contact data;
    ``judge`` says what is wrong with a graph, which is then left out.
    """

    since: int = 0
    prune: bool = False
    contacts: bool = False
    judge: Judge | None = None


def load(
    store: Store, inputs: Inputs, choice: Choice | None = None, *, report: Report, progress: Progress | None = None
) -> Loaded:
    """Loads the graphs of inputs into a store, those that changed, each as a whole.

    Raises :class:`~kg.errors.OutputError` where the store refuses something; graphs are then old or new, and the same
    load goes on from there.
    """
    choice = choice or Choice()
    done, seen = Loaded(), set[str]()
    state.sweep(store)
    shared = SharedGraph(store)
    found = _fit(graphs(inputs, report, progress, contacts=choice.contacts), choice.judge, report)
    wanted = _wanted(found, choice.since, seen, done)
    for batch in _batches(wanted, store.preset.statements, store.preset.members):
        _batch(store, shared, batch, done, report)
    if choice.prune:
        _prune(store, shared, seen, done, report)
    shared.complete()
    done.statements += state.counts(store, [GRAPH]).get(GRAPH, 0)
    return done


def _fit(found: Iterable[Named], judge: Judge | None, report: Report) -> Iterator[Named]:
    for each in found:
        wrong = [*judge(each)] if judge else []
        for sentence in wrong:
            report.problem(InputError(sentence.rstrip("."), study=each.name))
        if not wrong:
            yield each


def _wanted(found: Iterable[Named], since: int, seen: set[str], done: Loaded) -> Iterator[Named]:
    for each in found:
        seen.add(each.name)
        if each.version and modified_day(each.version) < since:
            done.earlier += 1
        else:
            yield each


def _batches(found: Iterable[Named], size: int, members: int) -> Iterator[list[Named]]:
    """Graphs in batches of about so many statements; of two of one name the newer, or else the later."""
    batch: dict[str, Named] = {}
    held = 0
    for each in found:
        before = batch.get(each.name)
        if before is None or before.version <= each.version:
            batch[each.name] = each
            held += each.most
        if held >= size or len(batch) >= members:
            yield [*batch.values()]
            batch, held = {}, 0
    if batch:
        yield [*batch.values()]


def _batch(store: Store, shared: SharedGraph, batch: list[Named], done: Loaded, report: Report) -> None:
    before = state.known(store, (each.name for each in batch))
    fresh: list[Named] = []
    changed: list[Named] = []
    for each in batch:
        there = before[each.name]
        if each.digest == there.digest and each.holds(there.count):
            done.unchanged += 1
            done.statements += there.count
        elif there.count and each.version < there.version:
            done.older += 1
            done.statements += there.count
            older = "is older than what the store has of the graph, and left out"
            report.problem(Superseded(older, study=each.name))
        else:
            (fresh if there == Known() else changed).append(each)
    written = {each.name: each.shared for each in fresh + changed}
    change = shared.before([each.name for each in changed if before[each.name].count], written)
    _write(store, fresh, changed, max(known.count for known in before.values()))
    shared.after(change)
    done.added += sum(not before[each.name].count for each in fresh + changed)
    done.replaced += sum(before[each.name].count > 0 for each in changed)
    _count(store, fresh + changed, done)


def _write(store: Store, fresh: list[Named], changed: list[Named], held: int) -> None:
    """Writes graphs that the store does not have, and others in the place of those that it has, of ``held`` at most.

    Where a request is a transaction, that needs no staging: it is done as a whole or not at all.
    """
    large = [each for each in changed if store.preset.moves and each.most > store.preset.statements]
    staged = large if store.preset.transactions else fresh + changed
    if staged:
        moved(store, staged, held)
    if not store.preset.transactions:
        return
    changed = [each for each in changed if each not in large]
    if fresh:
        stated = [line for each in fresh for line in state.lines(each.name, each.digest, each.version)]
        store.add_quads(b"".join(each.quads() for each in fresh) + as_quads(stated, state.STATE))
    if changed:
        states = state.restated((each.name, each.digest, each.version) for each in changed)
        store.update(" ;\n".join([*(step for each in changed for step in _steps(each)), *states]))


def _steps(each: Named) -> Iterator[str]:
    yield f"DROP SILENT GRAPH <{each.name}>"
    yield f"INSERT DATA {{ GRAPH <{each.name}> {{\n{each.data.decode()}}} }}"


def _count(store: Store, written: list[Named], done: Loaded) -> None:
    if not written:
        return
    counted = state.counts(store, (each.name for each in written))
    for each in written:
        count = counted.get(each.name, 0)
        done.statements += count
        if not each.holds(count):
            done.wrong.append(f"{store.url} has {count:,} statements of {each.name}, and {each.most:,} were loaded.")


def _prune(store: Store, shared: SharedGraph, seen: set[str], done: Loaded, report: Report) -> None:
    if not report.lossless:
        raise UsageError("Something in the input was lost, so no graph is taken for one that vanished; all is loaded.")
    gone = [name for name in state.loaded(store) if name not in seen]
    for at in range(0, len(gone), store.preset.members):
        part = gone[at : at + store.preset.members]
        steps = (step for name in part for step in (f"DROP SILENT GRAPH <{name}>", state.forgotten(name)))
        change = shared.before(part, {})
        store.update(" ;\n".join(steps))
        shared.after(change)
    done.removed += len(gone)


def load_as_one(
    store: Store,
    graph: str,
    inputs: Inputs,
    *,
    report: Report,
    contacts: bool = False,
    progress: Progress | None = None,
) -> Loaded:
    """Loads all statements of inputs into one graph of a store, in the place of what is in it.

    All of it is staged first. Raises the first :class:`~kg.errors.SourceError` or :class:`~kg.errors.RecordError`, so
    that nothing is missing in the graph, and :class:`~kg.errors.OutputError` where the store refuses something; the
    graph is then what it was, and the same load goes on from there.
    """
    strict = Report(on_problem=lambda error: _kept(error, report))
    done, size = Loaded(), store.preset.statements
    with Distinct(statements(inputs, strict, progress, contacts=contacts)) as lines:
        report.read += strict.read
        digest = _digest(lines)
        least, most = measured(lines, size)
        before = state.known(store, [graph])[graph]
        if before.digest == digest and least <= before.count <= most:
            done.unchanged, done.statements = 1, before.count
            state.sweep(store)
            return done
        whole(store, graph, digest, lines, (least, most), before.count)
    done.replaced, done.added = (1, 0) if before.count else (0, 1)
    done.statements = state.counts(store, [graph]).get(graph, 0)
    if not least <= done.statements <= most:
        done.wrong.append(f"{store.url} has {done.statements:,} statements of {graph}, and {most:,} were loaded.")
    return done


def _kept(error: InputError, report: Report) -> None:
    """Passes on what costs a field or an older record; raises what costs a record or a file."""
    before = report.rejected
    report.problem(error)
    if report.rejected > before:
        raise error


def _digest(lines: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for line in lines:
        digest.update(line)
    return digest.hexdigest()
