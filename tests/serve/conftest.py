"""A store with all test records, the catalogue of the explorer, and a client of its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.export.report import Report
from kg.serve.app import create_app
from kg.serve.catalogue import Catalogue, read_catalogue
from kg.serve.settings import Settings
from kg.serve.state import Server
from kg.store.embedded import build
from tests.answers.trial import Trial
from tests.conftest import MADE, SEED, STUDIES

RECORDS = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The 1,659 real records, which are not part of the repository."""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store with all test records."""
    path = tmp_path_factory.mktemp("serve") / "trials.kgstore"
    build([*STUDIES, SEED, MADE], path, report=Report())
    return path


@pytest.fixture(scope="session")
def store(folder: Path) -> ox.Store:
    return ox.Store.read_only(str(folder))


@pytest.fixture(scope="session")
def catalogue(store: ox.Store) -> Catalogue:
    return read_catalogue(store)


@pytest.fixture(scope="session")
def client(folder: Path, store: ox.Store) -> Iterator[TestClient]:
    """A client of the pages, with workers for their queries."""
    app = create_app(Server(folder, store, Settings(workers=1)))
    with TestClient(app, base_url="http://127.0.0.1:8000") as started:
        yield started


@pytest.fixture(scope="session")
def trials(studies: list[dict[str, Any]], seed: dict[str, Any], made: dict[str, Any]) -> list[Trial]:
    """The records of the store, as read from their JSON."""
    return [Trial(record) for record in (*studies, seed, made)]
