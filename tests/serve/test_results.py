"""The tables of results have every value of the records, in the right row and under the right group."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from kg.draw.plain_text import plain_text
from kg.export.report import Report
from kg.serve.app import create_app
from kg.serve.pages.events import PAGE
from kg.serve.state import Server
from kg.store.dataset import open_store
from kg.store.embedded import build
from tests.conftest import MADE, STUDIES
from tests.serve.conftest import RECORDS
from tests.serve.tables import Table, tables

NONE = "–"
Record = dict[str, Any]


def results(record: Record, module: str) -> Record:
    found: Record = record.get("resultsSection", {}).get(module, {})
    return found


def number_of(record: Record) -> str:
    return str(record["protocolSection"]["identificationModule"]["nctId"])


def n(text: object) -> str:
    """A number as the engine writes it, without zeros at its end; any other text without markup."""
    if text is None:
        return ""
    try:
        number = Decimal(str(text))
    except InvalidOperation:
        return t(text)
    if not number.is_finite() or not re.fullmatch(r"[-+]?[0-9]*\.?[0-9]+", str(text)):
        return t(text)
    return format(number.normalize() + 0, "f")


def t(text: object) -> str:
    return " ".join(plain_text(str(text or "")).split())


def share(part: object, whole: object) -> str:
    try:
        percent = 100 * Decimal(str(part)) / Decimal(str(whole))
        if percent == 0 or abs(percent) >= Decimal("0.1"):
            return f"{percent:.1f}"
        return f"{percent:.2f}" if abs(percent) >= Decimal("0.01") else f"{percent:.3f}"
    except (InvalidOperation, ZeroDivisionError):
        return ""


def joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def value(measurement: Record, total: object) -> str:
    """The text of a cell of a measure."""
    v, lower, upper = (n(measurement.get(key)) for key in ("value", "lowerLimit", "upperLimit"))
    spread = n(measurement.get("spread"))
    percent = share(measurement.get("value"), total) if total is not None else ""
    shown = joined(
        v or NONE,
        f"({percent}%)" if percent else "",
        f"({spread})" if spread else "",
        f"({lower or NONE} to {upper or NONE})" if lower or upper else "",
    )
    return joined(shown if v or lower or upper else NONE, t(measurement.get("comment")))


def counts(denoms: list[Record], unit: str, groups: list[str]) -> list[Any]:
    for denominator in denoms:
        if denominator.get("units") == unit:
            by_group = {count["groupId"]: count.get("value") for count in denominator["counts"]}
            return [by_group.get(group) for group in groups]
    return [None] * len(groups)


def measure_cells(measure: Record, groups: list[str], section: list[Record]) -> list[list[str]]:
    """The cells of the rows of a measure, without the rows of denominators."""
    rows = []
    is_count = measure.get("paramType") in ("COUNT_OF_PARTICIPANTS", "COUNT_OF_UNITS")
    unit = measure.get("denomUnitsSelected") or "Participants"
    for each in measure.get("classes", []):
        denoms = each.get("denoms") or measure.get("denoms") or section
        totals = counts(denoms, unit, groups) if is_count else [None] * len(groups)
        for category in each.get("categories", [{}]):
            values = {m["groupId"]: m for m in category.get("measurements", [])}
            rows.append(
                [value(values[g], total) if g in values else NONE for g, total in zip(groups, totals, strict=True)]
            )
    return rows


def body(table: Table, columns: int) -> list[list[str]]:
    """The cells of a table beside the heads of its rows, without rows of denominators and headings."""
    rows = [row for row in table.rows[1:] if len(row) == columns + 1]
    return [row[1:] for row in rows if not row[0].endswith(" analyzed")]


def heads(groups: list[Record]) -> list[str]:
    letters = [chr(65 + i) if i < 26 else "A" + chr(65 + i - 26) for i in range(len(groups))]
    return [joined(letter, t(group.get("title") or group["id"])) for letter, group in zip(letters, groups, strict=True)]


def check_outcomes(record: Record, page: str) -> int:
    """Compare the outcome measures and their analyses; return the number of compared values."""
    compared = 0
    by_place: dict[str, list[Table]] = {}
    for table in tables(page):
        by_place.setdefault(table.place, []).append(table)
    for i, measure in enumerate(results(record, "outcomeMeasuresModule").get("outcomeMeasures", []), 1):
        place = f"{number_of(record)}-outcomeMeasure-{i}"
        found = by_place.get(place, [])
        groups = measure.get("groups", [])
        ids = [group["id"] for group in groups]
        if expected := measure_cells(measure, ids, []):
            table = found.pop(0)
            assert table.rows[0][1:] == heads(groups), place
            assert body(table, len(groups)) == expected, place
            analyzed = [row[1:] for row in table.rows if row[0].endswith(" analyzed")]
            denoms = list(measure.get("denoms", []))
            for row, denominator in zip(analyzed, denoms, strict=False):
                assert row == [n(v) or NONE for v in counts([denominator], denominator["units"], ids)], place
            compared += sum(map(len, expected))
        if analyses := measure.get("analyses", []):
            rows = found.pop(0).rows[1:]
            assert len(rows) == len(analyses), place
            for row, analysis in zip(rows, analyses, strict=True):
                compared += check_analysis(row, analysis, ids, place)
    return compared


def check_analysis(row: list[str], analysis: Record, ids: list[str], place: str) -> int:
    letters = [chr(65 + ids.index(group)) for group in ids if group in analysis.get("groupIds", [])]
    assert row[0] == " ".join(letters), place
    estimate = n(analysis.get("paramValue"))
    assert row[1].startswith(joined(t(analysis.get("paramType") or ("Estimate" if estimate else NONE)), estimate)), (
        place
    )
    assert row[1].endswith(n(analysis.get("dispersionValue"))), place
    lower, upper = n(analysis.get("ciLowerLimit")), n(analysis.get("ciUpperLimit"))
    level = joined(f"{n(analysis['ciPctValue'])}%" if analysis.get("ciPctValue") else "", "CI")
    interval = f"{level} {lower} to {upper}" if lower and upper else f"from {lower}" if lower else f"up to {upper}"
    assert interval in row[2] if lower or upper else row[2].startswith(NONE), place
    assert row[3] == (n(analysis.get("pValue")) or NONE), place
    assert row[4].startswith(t(analysis.get("statisticalMethod") or NONE)), place
    return 5


def check_baseline(record: Record, page: str) -> int:
    module = results(record, "baselineCharacteristicsModule")
    found = [table for table in tables(page) if table.place == "baseline"]
    if not module.get("measures"):
        assert found == []
        return 0
    groups = module.get("groups", [])
    ids = [group["id"] for group in groups]
    expected = [row for m in module["measures"] for row in measure_cells(m, ids, module.get("denoms", []))]
    assert found[0].rows[0][1:] == heads(groups)
    assert body(found[0], len(ids)) == expected
    return sum(map(len, expected))


def flow_cell(counts: list[Record]) -> str:
    texts = []
    for count in counts:
        participants, units = n(count.get("numSubjects")), n(count.get("numUnits"))
        texts.append(
            joined(
                participants or units or NONE,
                f"{units} units" if units and participants else "",
                t(count.get("comment")),
            )
        )
    return joined(*texts) or NONE


def check_flow(record: Record, page: str) -> int:
    module = results(record, "participantFlowModule")
    groups = module.get("groups", [])
    found = [table for table in tables(page) if table.place == "flow"]
    periods = module.get("periods", [])
    assert len(found) == len(periods)
    compared = 0
    for table, period in zip(found, periods, strict=True):
        rows = [(m, m.get("achievements", [])) for m in period.get("milestones", [])]
        rows += [(m, m.get("reasons", [])) for m in period.get("dropWithdraws", [])]
        assert table.rows[0][1:] == heads(groups)
        assert len(table.rows) == len(rows) + 1
        for row, (event, counts) in zip(table.rows[1:], rows, strict=True):
            assert row[0].casefold() == joined(t(event.get("type")), t(event.get("comment"))).casefold()
            cells = [flow_cell([c for c in counts if c.get("groupId") == group["id"]]) for group in groups]
            assert row[1:] == cells
            compared += len(cells)
    return compared


def affected(number: object, at_risk: object) -> str:
    if number is None:
        return "not reported"
    percent = share(number, at_risk) if at_risk is not None else ""
    return joined(str(number), f"of {at_risk}" if at_risk is not None else "", f"{percent}%" if percent else "")


def event_cell(stat: Record | None) -> str:
    number, events = (stat or {}).get("numAffected"), (stat or {}).get("numEvents")
    if number is None:
        return NONE if events is None else f"({events})"
    at_risk = (stat or {}).get("numAtRisk")
    percent = share(number, at_risk) if at_risk is not None and number else ""
    occurrences = f"({events})" if events is not None and (number or events) else ""
    return joined(
        str(number), f"/ {at_risk if at_risk is not None else NONE}", f"{percent}%" if percent else "", occurrences
    )


def check_events(record: Record, pages: list[str]) -> int:
    module = results(record, "adverseEventsModule")
    groups = module.get("eventGroups", [])
    totals = next(table for table in tables(pages[0]) if table.place == "groups")
    assert totals.rows[0][1:] == heads(groups)
    for row, name in zip(totals.rows[1:], ("deaths", "serious", "other"), strict=True):
        assert row[1:] == [affected(g.get(f"{name}NumAffected"), g.get(f"{name}NumAtRisk")) for g in groups]
    rows = [row for page in pages for table in tables(page) if table.place == "events" for row in table.rows[1:]]
    rows = [row for row in rows if row not in (["Serious"], ["Other"])]
    events = [*module.get("seriousEvents", []), *module.get("otherEvents", [])]
    assert len(rows) == len(events)
    for row, event in zip(rows, events, strict=True):
        assert row[0] == joined(t(event["term"]), t(event.get("notes")))
        assert row[1] == t(event.get("organSystem"))
        stats = {stat["groupId"]: stat for stat in event.get("stats", [])}
        assert row[2:] == [event_cell(stats.get(group["id"])) for group in groups]
    return len(groups) * (len(events) + 3)


def check(client: TestClient, record: Record) -> int:
    """Compare the pages of a study with its record; return the number of compared values."""
    path = f"/study/{number_of(record)}"
    page = client.get(f"{path}/results?show=all").text
    compared = check_flow(record, page) + check_baseline(record, page) + check_outcomes(record, page)
    module = results(record, "adverseEventsModule")
    if not module:
        return compared
    kinds = len(module.get("seriousEvents", [])) + len(module.get("otherEvents", []))
    pages = range(1, max(-(-kinds // PAGE), 1) + 1)
    return compared + check_events(record, [client.get(f"{path}/adverse-events?page={i}").text for i in pages])


WITH_RESULTS = [path for path in (*STUDIES, MADE) if b'"resultsSection"' in path.read_bytes()]


@pytest.mark.parametrize("path", WITH_RESULTS, ids=lambda path: path.stem)
def test_the_pages_of_results_agree_with_the_record(client: TestClient, path: Path) -> None:
    assert check(client, orjson.loads(path.read_bytes())) > 20


def real_records() -> Iterator[Record]:
    with zipfile.ZipFile(RECORDS) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        for content in map(archive.read, names):
            if b'"resultsSection"' in content:
                yield orjson.loads(content)


@pytest.mark.skipif(not RECORDS.exists(), reason="the real records are not part of the repository")
def test_the_pages_of_all_real_results_agree_with_their_records(tmp_path: Path) -> None:
    records = list(real_records())
    (tmp_path / "results.jsonl").write_bytes(b"\n".join(map(orjson.dumps, records)))
    build([tmp_path / "results.jsonl"], tmp_path / "s.kgstore", report=Report())
    with open_store(tmp_path / "s.kgstore") as store:
        client = TestClient(create_app(Server(tmp_path / "s.kgstore", store)), base_url="http://127.0.0.1:8000")
        compared = [check(client, record) for record in records]
    assert len(compared) > 30
    assert sum(compared) > 20_000
