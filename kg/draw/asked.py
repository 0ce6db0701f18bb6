"""The picture of a query: what a CONSTRUCT makes, or the edges that a SELECT lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyoxigraph as ox

from kg.draw.facts import address, heading, local, shortened
from kg.draw.graph import Graph, header, text_of
from kg.draw.kinds import KINDS
from kg.draw.picture import Detail, Node, Picture
from kg.draw.plain import plain
from kg.errors import UsageError
from kg.ontology.vocabulary import RDF, RDFS
from kg.query.engine import ask
from kg.query.results import Answer

TEXT = 300


def asked(graph: Graph, query: str, title: str) -> Picture:
    """The picture of what a query answers.

    A CONSTRUCT or DESCRIBE gives nodes for its IRIs and details for its literals. A SELECT gives an edge for each
    solution: from ``?source`` to ``?target``, or from its first variable to its second; ``?label`` and ``?weight`` are
    those of the edge, ``?sourceLabel``, ``?sourceKind``, ``?targetLabel`` and ``?targetKind`` those of its ends.

    It is asked as kg query asks. Raises :class:`~kg.errors.UsageError` for a query that cannot be read or that gives no
    edges, and :class:`~kg.errors.OutputError` for one that goes beyond its limits.
    """
    answer = ask(graph.store, query)
    known = header(query)
    picture = Picture(known.get("summary", title), known.get("description", ""))
    if answer.yes is not None:
        raise UsageError("An ASK query gives no picture; ask with SELECT or CONSTRUCT.")
    if answer.triples is not None:
        _from_triples(graph, picture, sorted(answer.triples, key=str))
    else:
        _from_rows(graph, picture, answer)
    if not picture.nodes:
        raise UsageError("The query has no answers, so there is nothing to draw.")
    degrees = picture.degrees()
    for id_, node in picture.nodes.items():
        node.size = max(node.size, float(degrees[id_]))
    return picture


def _key(term: Any) -> str:
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(getattr(term, "value", term))


def _node(graph: Graph, picture: Picture, term: Any, label: str = "", kind: str = "") -> Node:
    key = _key(term)
    if key in picture.nodes:
        return picture.nodes[key]
    named = isinstance(term, ox.NamedNode)
    types = [value.value for value in graph.values(key, RDF + "type")] if named and not kind else []
    shown = plain(label) or (graph.label(key) or local(key) if named else text_of(term))
    sort = kind or _kind(types) or ("Value" if isinstance(term, ox.Literal) else "Thing")
    return picture.add(Node(key, sort, shortened(shown, TEXT), 1.0, address(key) if named else ""))


def _kind(types: Iterable[str]) -> str:
    """The kind of a thing of some classes: one that has a colour of its own if there is one, or nothing."""
    names = sorted(map(local, types), key=lambda name: (name not in KINDS, name))
    return names[0] if names else ""


def _from_rows(graph: Graph, picture: Picture, answer: Answer) -> None:
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
        picture.link(ends[0].id, ends[1].id, label, _weight(_text(row, "weight")), back=_back(label))


def _back(label: str) -> str:
    return f"← {label}" if label else ""


def _text(row: dict[str, Any], name: str) -> str:
    return _key(row[name]) if row.get(name) is not None else ""


def _weight(text: str) -> float:
    try:
        return min(max(float(text or 1), 0.1), 1e6)
    except ValueError as error:
        raise UsageError(f'The weight of an edge is a number; found "{shortened(text, 80)}".') from error


def _from_triples(graph: Graph, picture: Picture, triples: list[Any]) -> None:
    labels = {_key(each.subject): each.object.value for each in triples if each.predicate.value == RDFS + "label"}
    types: dict[str, list[str]] = {}
    for each in triples:
        if each.predicate.value == RDF + "type":
            types.setdefault(_key(each.subject), []).append(each.object.value)

    def node(term: Any) -> Node:
        return _node(graph, picture, term, labels.get(_key(term), ""), _kind(types.get(_key(term), ())))

    for each in triples:
        if each.predicate.value in (RDF + "type", RDFS + "label"):
            node(each.subject)
        elif isinstance(each.object, ox.Literal):
            detail = Detail(heading(each.predicate.value), shortened(text_of(each.object), TEXT))
            node(each.subject).details.append(detail)
        else:
            label = heading(each.predicate.value)
            picture.link(node(each.subject).id, node(each.object).id, label, back=_back(label))
