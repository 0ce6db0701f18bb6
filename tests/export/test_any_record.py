"""Random records along the official field tree are exported completely and restored."""

from __future__ import annotations

import json
import random
from typing import Any

import pyoxigraph as ox
import pytest

from kg.export.exporter import Exporter
from kg.rdf.formats import FORMATS
from kg.restore.records import Restorer
from tests.conftest import DATA
from tests.restore.test_records import normalized

TREE = json.loads((DATA / "studies-metadata.json").read_text("utf-8"))
ENUMS = json.loads((DATA / "enums.json").read_text("utf-8"))
TEXTS = [
    "",
    "a",
    "Türkei \\< b",
    'quo"te',
    "back\\slash",
    "line\nline\r\ttab",
    "</script>",
    "日本",
    "😀",
    "0",
    "true",
    " x ",
    "a_b-c.d~e%20",
]
NUMBERS = [0, 1, -1, 36, 10**18, 0.5, -23.5475, 1e-07, 12.0]


class Generator:
    """Generates JSON along the tree; ``odd`` is the frequency of invalid values."""

    def __init__(self, seed: int, odd: float) -> None:
        self.random = random.Random(seed)
        self.odd = odd

    def anything(self, depth: int = 2) -> Any:
        pick = self.random.random()
        if depth and pick < 0.2:
            return [self.anything(depth - 1) for _ in range(self.random.randrange(3))]
        if depth and pick < 0.4:
            return {self.random.choice(["id", "name", "x", "email"]): self.anything(depth - 1) for _ in range(2)}
        return self.random.choice([None, True, False, *NUMBERS, *TEXTS])

    def leaf(self, kind: str) -> Any:
        choose = self.random.choice
        if kind in ENUMS:
            return choose(ENUMS[kind])
        return {
            "boolean": lambda: choose([True, False]),
            "integer": lambda: choose([0, 1, 36, 10**9]),
            "long": lambda: choose([0, 123456]),
            "number": lambda: choose([0, 3]),
            "PartialDate": lambda: choose(["2015", "2015-09", "2016-02-29", "2015-13"]),
            "NormalizedDate": lambda: choose(["2016-02-29", "1999-12-31", "2015-02-29"]),
            "DateTimeMinutes": lambda: choose(["2024-12-02T00:45", "2024-12-02"]),
            "NormalizedTime": lambda: choose(["18 Years", "1 Day", "N/A"]),
            "GeoPoint": lambda: {"lat": choose([43, -1.5, 1e-05]), "lon": choose([0, 180.0, 3.87635])},
        }.get(kind, lambda: choose([*TEXTS, "OG000", "FG000", "12.50", "-0", "<0.001", "D000690", "D000004791"]))()

    def value(self, node: dict[str, Any]) -> Any:
        if self.random.random() < self.odd:
            return self.anything()
        kind = node["type"].removesuffix("[]")
        if not node["type"].endswith("[]"):
            return self.one(node, kind)
        return [self.one(node, kind) for _ in range(self.random.randrange(4))]

    def one(self, node: dict[str, Any], kind: str) -> Any:
        return self.object(node["children"]) if node.get("children") and kind != "GeoPoint" else self.leaf(kind)

    def object(self, nodes: list[dict[str, Any]]) -> dict[str, Any]:
        result = {node["name"]: self.value(node) for node in nodes if self.random.random() < 0.7}
        if self.random.random() < self.odd:
            result["notInTheTree"] = self.anything()
        return result

    def record(self) -> dict[str, Any]:
        record = self.object(TREE)
        section = record.setdefault("protocolSection", {})
        section = (
            section if isinstance(section, dict) else record.update(protocolSection={}) or record["protocolSection"]
        )
        module = section.setdefault("identificationModule", {})
        module = (
            module
            if isinstance(module, dict)
            else section.update(identificationModule={}) or section["identificationModule"]
        )
        module["nctId"] = "NCT00000001"
        return record


@pytest.mark.parametrize("odd", [0.0, 0.02, 0.2])
@pytest.mark.parametrize("seed", range(40))
def test_any_record_is_exported_and_restored(seed: int, odd: float) -> None:
    record = Generator(seed, odd).record()
    exported = Exporter(contacts=True)(record)
    lines = list(ox.parse(exported.data, format=ox.RdfFormat.N_TRIPLES))
    assert len(lines) == exported.triples
    (restored,) = Restorer(lines)
    assert normalized(restored) == normalized(record)


@pytest.mark.parametrize("seed", range(10))
def test_turtle_has_the_same_triples(seed: int) -> None:
    record = Generator(seed, 0.05).record()
    grouped = Exporter(grouped=True)
    turtle = FORMATS["turtle"].frame(grouped.prefixes).head + grouped(record).data
    triples = set(ox.parse(turtle, format=ox.RdfFormat.TURTLE))
    assert triples == set(ox.parse(Exporter()(record).data, format=ox.RdfFormat.N_TRIPLES))
