"""Validate RDF of any origin, in any format, against the shapes of the ontology.

Each named graph of a file is validated separately, and so is the default graph. The resources to which it refers may be
in the graph of shared resources. Graphs are read one at a time (:mod:`kg.validation.inputs`), or else held in memory.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyoxigraph as ox

from kg.errors import SourceError, UsageError
from kg.ontology.model import Term, shipped
from kg.ontology.vocabulary import RDF, RULE, SH, SHARED_GRAPH
from kg.records.objects import flatten
from kg.store.dataset import classify_inputs, is_graph, is_rdf, statements
from kg.store.layout import without_states
from kg.store.study_runs import Note, Scattered, note_in_memory, silent
from kg.validation.findings import Finding
from kg.validation.graph import StatementGraph
from kg.validation.inputs import collect, read_graphs, read_in_memory
from kg.validation.rules import STUDY, as_one_graph, check
from kg.validation.shacl import Checker
from kg.validation.vocabulary import vocabulary

if TYPE_CHECKING:
    from kg.store.dataset import AnyData

ENGINES = ("fast", "pyshacl")
UNREADABLE = RULE + "unreadable"
_PER_STATEMENT = 350
"""Bytes of memory per statement of a file that is held in memory."""

Engine = Callable[[StatementGraph], Iterable[Finding]]


@dataclass(slots=True)
class ValidationResult:
    """The counts and findings of a validation, in the order of the files."""

    graphs: int = 0
    studies: int = 0
    triples: int = 0
    findings: list[Finding] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    @property
    def conforms(self) -> bool:
        """Whether there are no violations."""
        return not self.findings

    def summary(self) -> str:
        """Return the counts in one sentence."""
        counts = {"graphs": self.graphs, "studies": self.studies, "triples": self.triples}
        counts["violations"] = len(self.findings)
        text = ", ".join(f"{name} {count:,}" for name, count in counts.items())
        return f"Validated: {text}, {time.monotonic() - self.started:.1f} s."


def validate(inputs: Iterable[AnyData], *, engine: str = "fast", note: Note = silent) -> ValidationResult:
    """Validate RDF files, stores and graph objects, each separately.

    ``engine`` is ``fast``, which also checks :mod:`kg.validation.rules`, or ``pyshacl``, which is plain SHACL.
    ``note`` receives a sentence if a large file has to be held in memory.

    >>> validate(["ontology/core.ttl"]).conforms
    True

    Raises :class:`~kg.errors.UsageError` if a file does not exist, or if its extension is not that of an RDF format.
    """
    run = _engine(engine)
    items = flatten(inputs, is_graph)
    for item in items:
        _check(item)
    result = ValidationResult()
    for item in items:
        if not isinstance(item, str):
            _validate_object(result, item, run)
            continue
        try:
            _validate_file(result, read_graphs(item, pieces=engine == "fast"), run, item)
        except Scattered:
            note_in_memory(note, item, sum(1 for _ in statements([item])), _PER_STATEMENT)
            _validate_file(result, read_in_memory(item), run, item)
    return result


def _validate_object(result: ValidationResult, item: Any, run: Engine) -> None:
    """Add the findings in a graph object or an open file of RDF."""
    (store,) = classify_inputs([item]).graphs
    shared = StatementGraph(SHARED_GRAPH).add(store.quads_for_pattern(None, None, None, ox.NamedNode(SHARED_GRAPH)))
    _validate_file(result, collect(without_states(store), shared), run, "<Graph>" if is_graph(item) else str(item))


def _validate_file(result: ValidationResult, graphs: Iterator[StatementGraph], run: Engine, name: str) -> None:
    """Add the findings in a file; on ``Scattered`` nothing is added."""
    partial, pieces = replace(result, findings=[]), list[Finding]()
    is_split = False
    try:
        for graph in graphs:
            partial.graphs += not (graph.is_piece and is_split)
            is_split |= graph.is_piece
            partial.triples += graph.size
            findings = pieces if graph.is_piece else partial.findings
            findings += [replace(finding, file=name) for finding in run(graph)]
            partial.studies += graph.count(vocabulary().subclasses(STUDY))
    except SourceError as error:
        found = f"a file that {error.problem}"
        unreadable = Finding(rule=UNREADABLE, found=found, expected="one that can be read to its end", file=name)
        partial.findings.append(unreadable)
    partial.findings[:0] = as_one_graph(pieces)
    result.graphs, result.triples, result.studies = partial.graphs, partial.triples, partial.studies
    result.findings += partial.findings


def _engine(name: str) -> Engine:
    if name == "fast":
        checker = Checker()
        return lambda graph: check(graph, checker)
    if name == "pyshacl":
        from kg.validation.pyshacl_engine import pyshacl_engine

        return pyshacl_engine()
    raise UsageError(f"Unknown engine {name}; the engines are {' and '.join(ENGINES)}.")


def _check(item: Any) -> None:
    if is_graph(item):
        return
    name = str(item)
    if not isinstance(item, str):
        if not is_rdf(name):
            raise UsageError(f"{name} does not have RDF but study records, whose graph is kg.graph(...).")
        return
    if "://" in name:
        raise UsageError(f"{name} is a URL, and graphs are validated from files only; download it first.")
    if not Path(name).exists():
        raise UsageError(f"{name}: No such file or directory.")
    if Path(name).is_file() and not is_rdf(name):
        raise UsageError(f"{name} does not have the extension of an RDF format, such as .ttl, .nt or .nq.")


def write_report(file: IO[bytes], result: ValidationResult, *, turtle: bool = False) -> None:
    """Write the findings as JSON Lines, or as a SHACL validation report in Turtle."""
    import orjson

    if turtle:
        ox.serialize(_shacl_report(result), file, format=ox.RdfFormat.TURTLE, prefixes=dict(shipped().prefixes))
        return
    for finding in result.findings:
        file.write(orjson.dumps(finding.as_dict()) + b"\n")


def _shacl_report(validation: ValidationResult) -> Iterator[ox.Triple]:
    """https://www.w3.org/TR/shacl/#validation-report"""
    report = ox.BlankNode("report")
    results = [ox.BlankNode(f"result{i + 1}") for i in range(len(validation.findings))]
    yield from _describe(report, "ValidationReport", {"conforms": ox.Literal(validation.conforms)})
    yield from (ox.Triple(report, ox.NamedNode(SH + "result"), result) for result in results)
    for result, finding in zip(results, validation.findings, strict=True):
        properties = {
            "focusNode": finding.focus or ox.NamedNode(Path(finding.file or "").absolute().as_uri()),
            "resultPath": ox.NamedNode(finding.path) if finding.path else None,
            "value": finding.value,
            "resultSeverity": ox.NamedNode(SH + "Violation"),
            "sourceConstraintComponent": ox.NamedNode(finding.rule),
            "resultMessage": ox.Literal(str(finding)),
        }
        yield from _describe(result, "ValidationResult", properties)


def _describe(node: ox.BlankNode, class_name: str, properties: Mapping[str, Term | None]) -> Iterator[ox.Triple]:
    yield ox.Triple(node, ox.NamedNode(RDF + "type"), ox.NamedNode(SH + class_name))
    for name, value in properties.items():
        if value is not None:
            yield ox.Triple(node, ox.NamedNode(SH + name), value)
