"""Validation with pySHACL: slow, but an independent implementation of SHACL.

pySHACL finds the violations; messages are those of the fast engine. pySHACL looks for superclasses and for the
schemes of codes in the data, so these statements are added to it.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyoxigraph as ox

from kg.errors import missing_extra
from kg.ontology.files import folder
from kg.ontology.lexical import is_well_formed
from kg.ontology.model import FILES, Term
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import RDFS, SKOS, XSD
from kg.validation.findings import Finding, lexical, short
from kg.validation.graph import StatementGraph
from kg.validation.shacl import Checker
from kg.validation.vocabulary import Vocabulary

Key = tuple[Term | None, str | None, Term | None]


def pyshacl_engine() -> Callable[[StatementGraph], Iterable[Finding]]:
    """Return a function that validates with pySHACL; raises :class:`~kg.errors.UsageError` if it is not installed."""
    try:
        import pyshacl
    except ImportError as error:
        raise missing_extra("Validations with the engine pyshacl", "validate") from error
    import rdflib

    shapes = rdflib.Graph()
    for name in FILES:
        shapes.parse(folder("ontology") / name, format="turtle")
    checker = Checker()

    def validate(graph: StatementGraph) -> Iterator[Finding]:
        data = rdflib.Graph()
        with _quiet_literals():
            for statement in _statements(graph, checker.vocabulary):
                data.add(statement)
            _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none", advanced=False)
        worded = {_key(finding): finding for finding in checker.findings(graph)}
        results = {_key(finding): finding for finding in _results(report, graph)}
        yield from (worded.get(key, finding) for key, finding in results.items())

    return validate


@contextlib.contextmanager
def _quiet_literals() -> Iterator[None]:
    """Keep rdflib from logging a traceback for each ill-typed literal, which is reported as a finding."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _key(finding: Finding) -> Key:
    return finding.focus, finding.path, finding.value


def _results(report: Any, graph: StatementGraph) -> Iterator[Finding]:
    from rdflib import SH

    for result in report.objects(None, SH.result):
        focus, value = _from_rdflib(report.value(result, SH.focusNode)), _from_rdflib(report.value(result, SH.value))
        yield Finding(
            rule=str(report.value(result, SH.sourceConstraintComponent)),
            focus=focus,
            path=lexical(_from_rdflib(report.value(result, SH.resultPath))),
            value=value,
            found="a value that violates its shape" if value is None else short(value),
            expected=str(report.value(result, SH.resultMessage)).rstrip("."),
            study=study_of(focus or "") or study_of(graph.name or ""),
        )


def _statements(graph: StatementGraph, vocabulary: Vocabulary) -> Iterator[tuple[Any, Any, Any]]:
    for subject, properties in [*graph.subjects.items(), *graph.shared_nodes()]:
        for path, values in properties.items():
            for value in values:
                yield _to_rdflib(subject), _to_rdflib(ox.NamedNode(path)), _to_rdflib(value)
    for iri, superclasses in vocabulary.superclasses.items():
        for superclass in superclasses - {iri}:
            yield _iri(iri), _iri(RDFS + "subClassOf"), _iri(superclass)
    for scheme, codes in vocabulary.ontology.schemes.items():
        for code in codes.values():
            yield _iri(code.iri), _iri(SKOS + "inScheme"), _iri(scheme)


def _iri(iri: str) -> Any:
    return _to_rdflib(ox.NamedNode(iri))


def _to_rdflib(term: Term) -> Any:
    """Convert a term, keeping its lexical form, and set whether it is well-formed: rdflib does not check gYearMonth."""
    import rdflib

    if isinstance(term, ox.NamedNode):
        return rdflib.URIRef(term.value)
    if isinstance(term, ox.Literal):
        if term.language or term.datatype.value == XSD + "string":
            return rdflib.Literal(term.value, lang=term.language)
        literal = rdflib.Literal(term.value, datatype=term.datatype.value, normalize=False)
        literal._ill_typed = not is_well_formed(term.value, term.datatype.value)
        return literal
    return rdflib.BNode(term.value if isinstance(term, ox.BlankNode) else f"triple{abs(hash(term))}")


def _from_rdflib(term: Any) -> Term | None:
    import rdflib

    if isinstance(term, rdflib.URIRef):
        return ox.NamedNode(str(term))
    if isinstance(term, rdflib.Literal):
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None)
    return None if term is None else ox.BlankNode(str(term))
