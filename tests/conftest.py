"""What the tests share: the data that ships with the project."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import rdflib

from kg.ontology import FILES
from kg.resources import folder

DATA = Path(__file__).parent / "data"
GOLDEN = Path(__file__).parent / "golden"
SEED = DATA / "NCT02059759.txt"
STUDIES = sorted((DATA / "studies").glob("*.json"))
MADE = DATA / "made" / "NCT99999999.json"

os.environ["COLUMNS"] = "110"


@pytest.fixture(scope="session")
def seed() -> dict[str, Any]:
    """The record of the saved page, with the facts of its header."""
    from kg.records import read

    def refuse(error: Exception) -> None:
        raise error

    return next(read([SEED], refuse)).data


@pytest.fixture(scope="session")
def studies() -> list[dict[str, Any]]:
    """Real records, without contact data."""
    return [json.loads(path.read_text("utf-8")) for path in STUDIES]


@pytest.fixture(scope="session")
def made() -> dict[str, Any]:
    """A record that was made up so that every official field occurs."""
    record: dict[str, Any] = json.loads(MADE.read_text("utf-8"))
    return record


@pytest.fixture(scope="session")
def shapes() -> rdflib.Graph:
    """The shapes and code lists, as pySHACL takes them."""
    graph = rdflib.Graph()
    for name in FILES:
        graph.parse(folder("ontology") / name)
    return graph
