"""pySHACL as the engine of a validation: slow, plain SHACL, and written by others.

The judgement is pySHACL's, the words are ours. It gets what it looks for in the data and does not find in the
shapes: the classes above classes, and the lists in which the codes are.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pyoxigraph as ox

from kg.errors import UsageError
from kg.ontology.files import folder
from kg.ontology.lexical import is_well_formed
from kg.ontology.model import FILES, Term
from kg.ontology.study_iri import study_of
from kg.ontology.vocabulary import RDFS, SKOS, XSD
from kg.validation.findings import Finding, Graph, plain, short
from kg.validation.shacl import Checker, Vocabulary

Key = tuple[Term | None, str | None, Term | None]


def judge() -> Callable[[Graph], Iterable[Finding]]:
    """A function that finds what pySHACL finds; raises :class:`~kg.errors.UsageError` where pySHACL is missing."""
    try:
        import pyshacl
    except ImportError as error:
        raise UsageError("The engine pyshacl is not installed: pip install 'trialkg[validate]'.") from error
    import rdflib

    shapes = rdflib.Graph()
    for name in FILES:
        shapes.parse(folder("ontology") / name, format="turtle")
    checker = Checker()

    def judged(graph: Graph) -> Iterator[Finding]:
        data = rdflib.Graph()
        with _no_word_of_literals():
            for statement in _statements(graph, checker.words):
                data.add(statement)
            _, report, _ = pyshacl.validate(data, shacl_graph=shapes, inference="none", advanced=False)
        words = {_key(each): each for each in checker.findings(graph)}
        found = {_key(each): each for each in _results(report, graph)}
        yield from (words.get(key, each) for key, each in found.items())

    return judged


@contextlib.contextmanager
def _no_word_of_literals() -> Iterator[None]:
    """Keeps rdflib from logging a traceback for each literal that it cannot convert: we tell them."""
    logger = logging.getLogger("rdflib.term")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _key(finding: Finding) -> Key:
    return finding.focus, finding.path, finding.value


def _results(report: Any, graph: Graph) -> Iterator[Finding]:
    from rdflib import SH

    for result in report.objects(None, SH.result):
        focus, value = _back(report.value(result, SH.focusNode)), _back(report.value(result, SH.value))
        yield Finding(
            rule=str(report.value(result, SH.sourceConstraintComponent)),
            focus=focus,
            path=plain(_back(report.value(result, SH.resultPath))),
            value=value,
            found="what breaks its shape" if value is None else short(value),
            expected=str(report.value(result, SH.resultMessage)).rstrip("."),
            study=study_of(focus or "") or study_of(graph.name or ""),
        )


def _statements(graph: Graph, words: Vocabulary) -> Iterator[tuple[Any, Any, Any]]:
    for subject, properties in [*graph.subjects.items(), *graph.shared_nodes()]:
        for path, values in properties.items():
            for value in values:
                yield _term(subject), _term(ox.NamedNode(path)), _term(value)
    for iri, above in words.above.items():
        for higher in above - {iri}:
            yield _named(iri), _named(RDFS + "subClassOf"), _named(higher)
    for scheme, codes in words.ontology.schemes.items():
        for code in codes.values():
            yield _named(code.iri), _named(SKOS + "inScheme"), _named(scheme)


def _named(iri: str) -> Any:
    return _term(ox.NamedNode(iri))


def _term(term: Term) -> Any:
    """A term as rdflib has it, with the lexical form as it is and judged by us: rdflib knows no gYearMonth."""
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


def _back(term: Any) -> Term | None:
    import rdflib

    if isinstance(term, rdflib.URIRef):
        return ox.NamedNode(str(term))
    if isinstance(term, rdflib.Literal):
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype)) if term.datatype else None)
    return None if term is None else ox.BlankNode(str(term))
