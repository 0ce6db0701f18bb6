<<<<<<< HEAD
"""A store with all test records, and the catalogue of the explorer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.report import Report
from kg.serve.catalogue import Catalogue, read_catalogue
from kg.store.embedded import build
from tests.answers.trial import Trial
from tests.conftest import MADE, SEED, STUDIES


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
def trials(studies: list[dict[str, Any]], seed: dict[str, Any], made: dict[str, Any]) -> list[Trial]:
    """The records of the store, as read from their JSON."""
    return [Trial(record) for record in (*studies, seed, made)]
=======
"""What the tests of the server share: a store with the records of the project, and a client without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.export.report import Report
from kg.serve.app import create_app
from kg.serve.state import Server
from kg.store.dataset import open_store
from kg.store.embedded import build
from tests.conftest import MADE, SEED, STUDIES

RECORDS = Path(__file__).parents[3] / "shared" / "data" / "studies.zip"
"""The 1,659 real records, which are not part of the repository."""


@pytest.fixture(scope="session")
def store_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "trials.kgstore"
    build([SEED, MADE, *STUDIES], folder, report=Report(), contacts=True)
    return folder


@pytest.fixture(scope="session")
def store(store_path: Path) -> Iterator[ox.Store]:
    with open_store(store_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def client(store_path: Path, store: ox.Store) -> TestClient:
    """A client of the pages; it starts no workers, so it runs no queries."""
    return TestClient(create_app(Server(store_path, store)), base_url="http://127.0.0.1:8000")
>>>>>>> 03fcaed (Pages of a study: overview, results, adverse events and picture, with the look of the explorer)
