"""The library of questions: each says what it is, is answered on the data of the tests, and alike by two engines."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pyoxigraph as ox
import pytest
import rdflib

from kg.ask import ask, prepared
from kg.questions import Question, questions
from kg.report import Report
from kg.store import any_data
from tests.conftest import DATA, MADE, SEED

ALL = questions()


@pytest.fixture(scope="module")
def store() -> Iterator[ox.Store]:
    with any_data([DATA / "studies", DATA / "questions", MADE, SEED], Report()) as made:
        yield made


@pytest.fixture(scope="module")
def graph(store: ox.Store) -> rdflib.Graph:
    lines = {f"{quad.subject} {quad.predicate} {quad.object} .\n" for quad in store}
    return rdflib.Graph().parse(data="".join(lines), format="nt")


def named(question: Question) -> str:
    return question.name


def test_there_are_questions_enough() -> None:
    assert len(ALL) >= 45


@pytest.mark.parametrize("question", ALL, ids=named)
def test_a_question_says_what_it_is_and_has_an_answer(store: ox.Store, question: Question) -> None:
    assert question.summary
    assert question.tags
    assert ask(store, question.text).rows
    assert "ORDER BY" in question.text


def plain(value: object) -> object:
    """A value as both engines have it: numbers by their value, all else by its text."""
    if value is None:
        return ""
    try:
        return round(Decimal(str(value)), 4)
    except ArithmeticError:
        return str(value).lower() if isinstance(value, bool) else str(value)


@pytest.mark.parametrize("question", ALL, ids=named)
def test_two_engines_give_the_same_answer(store: ox.Store, graph: rdflib.Graph, question: Question) -> None:
    text = prepared(question.name)
    found = ask(store, text)
    ours = [[plain(row[name]) for name in found.variables] for row in found.rows]
    theirs = [[plain(None if term is None else term.toPython()) for term in row] for row in graph.query(text)]
    assert ours == theirs
