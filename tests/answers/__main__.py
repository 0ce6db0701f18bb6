"""Writes the answers that the tests expect, from the JSON of the records: ``python -m tests.answers``."""

from __future__ import annotations

import csv

import pyoxigraph as ox

import kg
from kg.query.library import library_queries
from tests.answers import answer
from tests.conftest import DATA, GOLDEN, MADE, SEED

RECORDS = (DATA / "studies", DATA / "questions", MADE, SEED)
"""The records of which the questions are asked."""


def main() -> None:
    records = [record.data for record in kg.read(*RECORDS)]
    for question in library_queries():
        solutions = ox.Store().query(question.text)
        assert isinstance(solutions, ox.QuerySolutions)
        with (GOLDEN / "queries" / f"{question.name}.csv").open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(variable.value for variable in solutions.variables)
            table.writerows(answer(question.name, records))


if __name__ == "__main__":
    main()
