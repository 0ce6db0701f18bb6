"""Validation: graphs of any origin, in any format, held against the shapes of the ontology.

Each named graph of a file is a graph of its own, and so are all statements outside any; what it refers to may be
described in the graph of shared resources, which is read first and kept in memory. N-Quads are read graph by graph
where the statements of each are together, as in our exports; otherwise the file is held in memory.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO

import pyoxigraph as ox

from kg.errors import SourceError, UsageError
from kg.export.shared_resources import GRAPH
from kg.ontology.model import Term, shipped
from kg.ontology.vocabulary import BASE, RDF, SH
from kg.rdf.formats import format_of
from kg.rdf.parse import shared_quads
from kg.store.dataset import is_store, open_store, statements
from kg.validation.findings import Finding, Graph
from kg.validation.rules import STUDY, checked
from kg.validation.shacl import Checker, vocabulary

ENGINES = ("fast", "pyshacl")
UNREADABLE = BASE + "rule/unreadable"

Judge = Callable[[Graph], Iterable[Finding]]


class _Scattered(Exception):  # noqa: N818 -- never seen outside
    """The statements of a graph do not stand together."""


@dataclass(slots=True)
class Validation:
    """What was looked at, and what was found; ``findings`` are in the order of the files."""

    graphs: int = 0
    studies: int = 0
    triples: int = 0
    findings: list[Finding] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def conforms(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings

    def summary(self) -> str:
        """The run in one sentence."""
        counts = {"graphs": self.graphs, "studies": self.studies, "triples": self.triples}
        counts["violations"] = len(self.findings)
        said = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        return f"Validated: {said}, {time.monotonic() - self.started:.1f} s."


def validate(names: Iterable[str], *, engine: str = "fast") -> Validation:
    """Holds RDF files, and folders of stores, against the shapes, each on its own.

    ``engine`` is ``fast``, which looks for broken rules of ours too, or ``pyshacl``, which is plain SHACL.

    >>> validate(["ontology/core.ttl"]).conforms
    True

    Raises :class:`~kg.errors.UsageError` where a file is not there, or its name tells no format of RDF.
    """
    judge = _judge(engine)
    files = list(names)
    for name in files:
        _check(name)
    done = Validation()
    for name in files:
        try:
            _file(done, _graphs(name), judge, name)
        except _Scattered:
            _file(done, _graphs(name, together=True), judge, name)
    return done


def _file(done: Validation, graphs: Iterator[Graph], judge: Judge, name: str) -> None:
    """Adds what is found in a file: all of it, or nothing where it has to be read again."""
    seen = replace(done, findings=[])
    try:
        for graph in graphs:
            seen.graphs += 1
            seen.triples += graph.size
            seen.findings += [replace(each, file=name) for each in judge(graph)]
            seen.studies += graph.count(vocabulary().below(STUDY))
    except SourceError as error:
        found = f"a file that {error.problem}"
        unreadable = Finding(rule=UNREADABLE, found=found, expected="one that can be read to its end", file=name)
        seen.findings.append(unreadable)
    done.graphs, done.triples, done.studies = seen.graphs, seen.triples, seen.studies
    done.findings += seen.findings


def _judge(engine: str) -> Judge:
    if engine == "fast":
        checker = Checker()
        return lambda graph: checked(graph, checker)
    if engine == "pyshacl":
        from kg.validation.pyshacl_engine import judge

        return judge()
    raise UsageError(f"There is no engine {engine}; the engines are {' and '.join(ENGINES)}.")


def _check(name: str) -> None:
    if not Path(name).exists():
        raise UsageError(f"{name}: No such file or directory.")
    if Path(name).is_file():
        try:
            format_of(name)
        except UsageError as error:
            raise UsageError(f"The name {name} tells no format of RDF, as .ttl, .nt or .nq would.") from error


def _graphs(name: str, *, together: bool = False) -> Iterator[Graph]:
    """The graphs of a file, one after another while each stands together; else ``_Scattered`` is raised."""
    in_pieces = Path(name).is_file() and format_of(name).graphs and not together
    yield from (_streamed if in_pieces else _gathered)(statements([name]), _shared_graph(name))


def _streamed(found: Iterable[ox.Quad], shared: Graph) -> Iterator[Graph]:
    ended: set[str | None] = set()
    for name, here in itertools.groupby(found, key=_graph_name):
        if name in ended and name != shared.name:
            raise _Scattered
        ended.add(name)
        if name != shared.name:
            yield Graph(name, shared).add(here)
    if shared.size:
        yield shared


def _gathered(found: Iterable[ox.Quad], shared: Graph) -> Iterator[Graph]:
    graphs: dict[str | None, Graph] = {shared.name: shared} if shared.size else {}
    for name, here in itertools.groupby(found, key=_graph_name):
        if name != shared.name:
            graphs.setdefault(name, Graph(name, shared)).add(here)
    yield from graphs.values()


def _shared_graph(name: str) -> Graph:
    """The graph of shared resources in a file or a store; it has no name where there is none."""
    quads = (quad for quad in _candidates(name) if (_graph_name(quad) or "").endswith(_SHARED))
    first = next(quads, None)
    return Graph("") if first is None else Graph(_graph_name(first)).add(itertools.chain([first], quads))


def _candidates(name: str) -> Iterable[ox.Quad]:
    """The statements among which those of the shared graph are; of N-Quads only these are parsed."""
    if is_store(name):
        with open_store(name) as store:
            return [*store.quads_for_pattern(None, None, None, ox.NamedNode(GRAPH))]
    if Path(name).is_dir() or not format_of(name).graphs:
        return ()
    return shared_quads(name) if format_of(name).name == "nquads" else statements([name])


_SHARED = GRAPH.removeprefix(BASE)


def _graph_name(quad: ox.Quad) -> str | None:
    name = quad.graph_name
    return None if isinstance(name, ox.DefaultGraph) else name.value


def report_to(file: IO[bytes], done: Validation, *, turtle: bool = False) -> None:
    """Writes the findings as JSON Lines, or as a validation report of SHACL in Turtle."""
    import orjson

    if turtle:
        ox.serialize(_shacl_report(done), file, format=ox.RdfFormat.TURTLE, prefixes=dict(shipped().prefixes))
        return
    for each in done.findings:
        file.write(orjson.dumps(each.as_dict()) + b"\n")


def _shacl_report(done: Validation) -> Iterator[ox.Triple]:
    """https://www.w3.org/TR/shacl/#validation-report"""
    report = ox.BlankNode("report")
    results = [ox.BlankNode(f"result{i + 1}") for i in range(len(done.findings))]
    yield from _described(report, "ValidationReport", {"conforms": ox.Literal(done.conforms)})
    yield from (ox.Triple(report, ox.NamedNode(SH + "result"), result) for result in results)
    for result, each in zip(results, done.findings, strict=True):
        given = {
            "focusNode": each.focus or ox.NamedNode(Path(each.file or "").absolute().as_uri()),
            "resultPath": ox.NamedNode(each.path) if each.path else None,
            "value": each.value,
            "resultSeverity": ox.NamedNode(SH + "Violation"),
            "sourceConstraintComponent": ox.NamedNode(each.rule),
            "resultMessage": ox.Literal(str(each)),
        }
        yield from _described(result, "ValidationResult", given)


def _described(node: ox.BlankNode, kind: str, given: Mapping[str, Term | None]) -> Iterator[ox.Triple]:
    yield ox.Triple(node, ox.NamedNode(RDF + "type"), ox.NamedNode(SH + kind))
    for name, value in given.items():
        if value is not None:
            yield ox.Triple(node, ox.NamedNode(SH + name), value)
