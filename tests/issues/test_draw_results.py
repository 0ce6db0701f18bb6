"""The picture of a study showed nothing of its results."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from kg.draw.graph import open_graph
from kg.draw.picture import Picture
from kg.draw.study_results import MAX_GROUPS, MAX_MEASURES
from kg.draw.study_view import study_picture
from tests.conftest import DATA

RECORDS = {
    path.stem: path
    for path in sorted((DATA / "studies").glob("*.json"))
    if json.loads(path.read_bytes()).get("resultsSection")
}


def results(path: Path) -> dict[str, Any]:
    section: dict[str, Any] = json.loads(path.read_bytes())["resultsSection"]
    return section


def number_of(path: Path) -> str:
    return str(json.loads(path.read_bytes())["protocolSection"]["identificationModule"]["nctId"])


def drawn(path: Path, *others: Path) -> Picture:
    number = number_of(path)
    graph = open_graph([str(file) for file in (*others, path)], lambda _: None, keep=number)
    return study_picture(graph, number)


def texts(picture: Picture, ending: str) -> list[str]:
    """Return the texts of the result cards whose id ends like this, each in one line."""
    cards = [node.card for node in picture.nodes.values() if node.kind == "Result" and re.search(ending, node.id)]
    return [" ".join(line.text for line in card.lines) for card in cards if card]


def numeric(value: str) -> Decimal | str:
    try:
        return Decimal(value)
    except InvalidOperation:
        return value


@pytest.mark.parametrize("name", RECORDS)
def test_the_numbers_of_a_picture_are_those_of_the_record(name: str) -> None:
    picture, section = drawn(RECORDS[name]), results(RECORDS[name])
    flow = section.get("participantFlowModule", {})
    if flow.get("periods"):
        order = [group["id"] for group in flow["groups"]]
        by_type = {
            milestone["type"]: {item["groupId"]: item.get("numSubjects", "") for item in milestone["achievements"]}
            for milestone in flow["periods"][0]["milestones"]
        }
        (text,) = texts(picture, "#flow$")
        for milestone, word in (("STARTED", "started"), ("COMPLETED", "completed")):
            wanted = [by_type[milestone][id_] for id_ in order if by_type.get(milestone, {}).get(id_)][:MAX_GROUPS]
            assert re.findall(rf"(\d+) {word}", text) == wanted
    if groups := section.get("adverseEventsModule", {}).get("eventGroups"):
        (text,) = texts(picture, "#events$")
        serious = [str(group["seriousNumAffected"]) for group in groups if "seriousNumAffected" in group]
        assert re.findall(r"serious (\d+)", text) == serious[:MAX_GROUPS]
    measures = section.get("outcomeMeasuresModule", {}).get("outcomeMeasures", [])
    primary = [measure for measure in measures if measure["type"] == "PRIMARY"][:MAX_MEASURES]
    shown = texts(picture, "-outcomeMeasure-")
    assert len(shown) == len(primary)
    for measure, text in zip(primary, shown, strict=True):
        first = (measure.get("classes") or [{}])[0].get("categories") or [{}]
        order = [group["id"] for group in measure.get("groups", [])]
        cells = {item["groupId"]: item.get("value", "") for item in first[0].get("measurements", [])}
        wanted = [numeric(cells[id_]) for id_ in order if cells.get(id_)][:MAX_GROUPS]
        words = [numeric(word.rstrip(";,")) for word in text.split()]
        remaining = iter(words)
        assert all(value in remaining for value in wanted), (wanted, text)


def test_only_the_study_that_is_drawn_has_results() -> None:
    first, second = list(RECORDS.values())[:2]
    graph = open_graph([str(first), str(second)], lambda _: None, keep=number_of(second))
    kinds = [{n.kind for n in study_picture(graph, number_of(path)).nodes.values()} for path in (first, second)]
    assert ["Result" in kind for kind in kinds] == [False, True]
