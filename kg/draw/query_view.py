"""The view of a query: the graph of a CONSTRUCT, or the edges that a SELECT lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox

from kg.draw.details import local_name, page_url, property_name, shorten
from kg.draw.graph import QueryableGraph, query_header, term_text
from kg.draw.kinds import KINDS
from kg.draw.picture import Detail, Node, Picture
from kg.draw.plain_text import plain_text
from kg.errors import UsageError
from kg.ontology.vocabulary import RDF, RDFS
from kg.query.engine import evaluate
from kg.query.results import Answer

MAX_LENGTH = 300
"""Maximum length of a text."""


def query_picture(graph: QueryableGraph, query: str, title: str) -> Picture:
    """Return the picture of the result of a query.

    A CONSTRUCT or DESCRIBE query gives nodes for its IRIs and details for its literals. A SELECT query gives an edge
    for each solution: from ``?source`` to ``?target``, or from its first variable to its second; ``?label`` and
    ``?weight`` belong to the edge, ``?sourceLabel``, ``?sourceKind``, ``?targetLabel`` and ``?targetKind`` to its ends.

    The query has the limits of ``kg query``. Raises :class:`~kg.errors.UsageError` for an invalid query or one without
    edges, and :class:`~kg.errors.OutputError` for one that exceeds the limits.
    """
    answer = evaluate(graph.store, query)
    header = query_header(query)
    picture = Picture(header.get("summary", title), header.get("description", ""))
    if answer.yes is not None:
        raise UsageError("An ASK query gives no picture; use SELECT or CONSTRUCT.")
    if answer.triples is not None:
        _add_triples(graph, picture, sorted(answer.triples, key=str))
    else:
        _add_solutions(graph, picture, answer)
    if not picture.nodes:
        raise UsageError("The query has no answers, so there is nothing to draw.")
    degrees = picture.degrees()
    for id_, node in picture.nodes.items():
        node.size = max(node.size, float(degrees[id_]))
    return picture


def _node_id(term: Any) -> str:
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(getattr(term, "value", term))


def _node(graph: QueryableGraph, picture: Picture, term: Any, label: str = "", kind: str = "") -> Node:
    id_ = _node_id(term)
    if id_ in picture.nodes:
        return picture.nodes[id_]
    if isinstance(term, ox.NamedNode):
        kind = kind or _kind(value.value for value in graph.values(id_, RDF + "type")) or "Thing"
        label = plain_text(label) or graph.label(id_) or local_name(id_)
        return picture.add(Node(id_, kind, shorten(label, MAX_LENGTH), 1.0, page_url(id_)))
    kind = kind or ("Value" if isinstance(term, ox.Literal) else "Thing")
    return picture.add(Node(id_, kind, shorten(plain_text(label) or term_text(term), MAX_LENGTH)))


def _kind(types: Iterable[str]) -> str:
    """Return the kind of a node by its classes, preferably one in ``KINDS``; empty without classes."""
    return min(map(local_name, types), key=lambda name: (name not in KINDS, name), default="")


def _add_solutions(graph: QueryableGraph, picture: Picture, answer: Answer) -> None:
    names = answer.variables
    if len(names) < 2:
        raise UsageError("A SELECT for a picture has at least two variables, such as ?source and ?target.")
    source, target = ("source", "target") if {"source", "target"} <= set(names) else names[:2]
    rows = [dict(zip(names, row, strict=True)) for row in answer.terms]
    for row in sorted(rows, key=lambda row: [str(row[name]) for name in names]):
        if row[source] is None or row[target] is None:
            continue
        ends = [
            _node(graph, picture, row[name], _text(row, f"{end}Label"), _text(row, f"{end}Kind"))
            for end, name in (("source", source), ("target", target))
        ]
        label = _text(row, "label")
        picture.link(ends[0].id, ends[1].id, label, _weight(_text(row, "weight")), back=_back_label(label))


def _back_label(label: str) -> str:
    return f"← {label}" if label else ""


def _text(row: dict[str, Any], name: str) -> str:
    return _node_id(row[name]) if row.get(name) is not None else ""


def _weight(text: str) -> float:
    try:
        return min(max(float(text or 1), 0.1), 1e6)
    except ValueError as error:
        raise UsageError(f'The weight of an edge is a number; found "{shorten(text, 80)}".') from error


def _add_triples(graph: QueryableGraph, picture: Picture, triples: list[Any]) -> None:
    labels: dict[str, str] = {}
    types: dict[str, list[str]] = {}
    for triple in triples:
        if triple.predicate.value == RDFS + "label":
            labels[_node_id(triple.subject)] = triple.object.value
        if triple.predicate.value == RDF + "type":
            types.setdefault(_node_id(triple.subject), []).append(triple.object.value)

    def node(term: Any) -> Node:
        id_ = _node_id(term)
        return _node(graph, picture, term, labels.get(id_, ""), _kind(types.get(id_, ())))

    for triple in triples:
        if triple.predicate.value in (RDF + "type", RDFS + "label"):
            node(triple.subject)
        elif isinstance(triple.object, ox.Literal):
            detail = Detail(property_name(triple.predicate.value), shorten(term_text(triple.object), MAX_LENGTH))
            node(triple.subject).details.append(detail)
        else:
            label = property_name(triple.predicate.value)
            picture.link(node(triple.subject).id, node(triple.object).id, label, back=_back_label(label))
