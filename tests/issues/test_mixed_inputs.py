"""``kg draw STORE FILE`` left out the store: inputs of any mix are taken whole, or refused in a sentence."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

import kg
from kg.cli import main
from kg.export.report import Report
from kg.store import layout
from kg.store.dataset import open_store
from kg.store.embedded import build
from tests.conftest import DATA

RECORDS = sorted((DATA / "studies").glob("*.json"))[:3]
NUMBERS = [path.stem for path in RECORDS]


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three studies: one as a record, one as RDF, one as a store."""
    folder = tmp_path_factory.mktemp("mixed")
    record, rdf, store = RECORDS[0], folder / "studies.nq", folder / "studies.kgstore"
    kg.export([RECORDS[1]], rdf)
    build([RECORDS[2]], store, report=Report())
    return {"record": record, "rdf": rdf, "store": store}


ORDERS = [order for count in (2, 3) for order in itertools.permutations(("record", "rdf", "store"), count)]


@pytest.mark.parametrize(
    "order",
    [pytest.param(order, id="+".join(order)) for order in ORDERS],
)
def test_every_input_is_drawn_or_the_command_refuses(
    inputs: dict[str, Path], tmp_path: Path, order: tuple[str, ...]
) -> None:
    page = tmp_path / "page.html"
    names = [str(inputs[name]) for name in order]
    query = tmp_path / "sponsors.rq"
    query.write_text(
        "SELECT ?study ?sponsor { ?study <https://w3id.org/trialkg/ontology#leadSponsor> ?sponsor }", "utf-8"
    )
    done = CliRunner().invoke(main, ["draw", *names, "--query", str(query), "-o", str(page)])
    if done.exit_code:
        assert done.exit_code == 2
        assert len(done.output.strip().splitlines()) == 1
        assert not page.exists()
        return
    match = re.search(r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.DOTALL)
    assert match
    ids = {node["i"].rpartition("/")[2] for node in json.loads(match[1])["nodes"]}
    kept = dict(zip(("record", "rdf", "store"), NUMBERS, strict=True))
    assert {kept[name] for name in order} <= ids


@pytest.mark.parametrize("newer_first", [True, False])
@pytest.mark.parametrize("extension", [".nq", ".ttl"])
def test_what_only_a_replaced_record_refers_to_is_left_out(
    tmp_path: Path, extension: str, *, newer_first: bool
) -> None:
    older, newer = json.loads(RECORDS[0].read_bytes()), json.loads(RECORDS[0].read_bytes())
    older["derivedSection"]["conditionBrowseModule"] = {"meshes": [{"id": "D999999", "term": "Gone"}]}
    newer["protocolSection"]["statusModule"]["lastUpdatePostDateStruct"] = {"date": "2031-01-01", "type": "ACTUAL"}
    names = []
    for name, record in (("older", older), ("newer", newer)):
        (tmp_path / f"{name}.json").write_text(json.dumps(record))
        kg.export([tmp_path / f"{name}.json"], tmp_path / (name + extension))
        names.append(tmp_path / (name + extension))
    build(sorted(names, reverse=not newer_first), tmp_path / "merged", report=Report())
    build([tmp_path / "newer.json"], tmp_path / "fresh", report=Report())
    with open_store(tmp_path / "merged") as merged, open_store(tmp_path / "fresh") as fresh:
        assert {*layout.leaving(merged)} == {*layout.leaving(fresh)}
