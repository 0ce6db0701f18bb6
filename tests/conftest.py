"""What the tests share: the data that ships with the project."""

from __future__ import annotations

import dataclasses
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import rdflib

from kg.export.exporter import Exported, Exporter
from kg.export.shared_resources import Usage
from kg.ontology.files import folder
from kg.ontology.model import FILES
from tests.browser import Browser, browser_or_skip

DATA = Path(__file__).parent / "data"
GOLDEN = Path(__file__).parent / "golden"
SEED = DATA / "NCT02059759.txt"
STUDIES = sorted((DATA / "studies").glob("*.json"))
MADE = DATA / "made" / "NCT99999999.json"

os.environ["COLUMNS"] = "110"


class WithShared(Exporter):
    """Exports studies by themselves, with what their records say of the resources that they share with others."""

    def __call__(self, record: dict[str, Any], *, is_clean: bool = False) -> Exported:
        study = super().__call__(record, is_clean=is_clean)
        triples = sum(count for _, count in self.shared(Usage(each, 1) for each in study.shared))
        return dataclasses.replace(study, data=self.with_shared(study), triples=study.triples + triples)


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(downloads: Path) -> Iterator[Browser]:
    browser_or_skip()
    started = Browser(downloads)
    yield started
    started.close()


@pytest.fixture(scope="session")
def seed() -> dict[str, Any]:
    """The record of the saved page, with the facts of its header."""
    from kg.records.reader import read

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


@pytest.fixture(scope="session")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Inputs of every kind, with records that are broken, old, odd or there twice."""
    folder = tmp_path_factory.mktemp("many")
    records = [path.read_bytes() for path in STUDIES]
    plain = [orjson.dumps(orjson.loads(record)) for record in records]
    (folder / "a.jsonl").write_bytes(b"\n".join(plain[:12]) + b"\n")
    broken = plain[12][:-200] + b"\n" + plain[13] + b'\n{"protocolSection": 7}\n"no study"\n' + plain[14] + b"\n"
    (folder / "b.jsonl").write_bytes(broken + plain[0].replace(b'"versionHolder":"20', b'"versionHolder":"19'))
    (folder / "c.json").write_bytes(b'{"studies":[' + b",".join(plain[15:20]) + b'],"nextPageToken":"x"}')
    (folder / "d.json").write_bytes(b"[" + b",".join(plain[20:24]) + b",")
    (folder / "e.txt").write_bytes(SEED.read_bytes())
    (folder / "f.json").write_bytes(b"\xef\xbb\xbf" + records[24])
    (folder / "g.json").write_bytes(records[25].decode().encode("utf-16"))
    (folder / "h.json").write_text("%PDF no study {", "utf-8")
    with zipfile.ZipFile(folder / "i.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for i, record in enumerate(records[26:]):
            archive.writestr(f"{i}.json", record)
    return folder
