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
