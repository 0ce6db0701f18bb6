"""Notebook displays: complete, escaped, without requests; the output of the tour is up to date."""

from __future__ import annotations

import html
import json
import re
import runpy
import sys
from pathlib import Path
from typing import Any

import pyoxigraph as ox
import pytest

import kg
from kg.notebook.graph import NotebookGraph
from tests.browser import Browser
from tests.conftest import SEED, STUDIES

TOP = Path(__file__).parents[2]
TOUR = TOP / "docs" / "tour.ipynb"
NUMBER = "NCT02059759"
HOSTILE = (
    "<script>document.title='ran'</script>",
    "<img src=x onerror=\"document.title='ran'\">",
    '"><svg onload="document.title=\'ran\'">',
    "</table></iframe><script>document.title='ran'</script>",
    "' onmouseover='document.title=1",
    "javascript:document.title='ran'",
)


def hostile(seed: dict[str, Any], folder: Path) -> Path:
    """Return a study in which every displayed text contains hostile markup."""
    record = json.loads(json.dumps(seed))
    protocol = record["protocolSection"]
    protocol["identificationModule"]["briefTitle"] = " ".join(HOSTILE)
    protocol["conditionsModule"]["conditions"] = list(HOSTILE)
    protocol["sponsorCollaboratorsModule"]["leadSponsor"]["name"] = HOSTILE[0]
    for place in ("facility", "city", "country"):
        protocol["contactsLocationsModule"]["locations"][0][place] = HOSTILE[1]
    for arm, text in zip(protocol["armsInterventionsModule"]["armGroups"], HOSTILE, strict=False):
        arm["label"] = text
    for intervention, text in zip(protocol["armsInterventionsModule"]["interventions"], HOSTILE, strict=False):
        intervention["name"] = text
    protocol["outcomesModule"]["primaryOutcomes"][0] |= {"measure": HOSTILE[2], "timeFrame": HOSTILE[3]}
    record["derivedSection"]["conditionBrowseModule"]["meshes"][0]["term"] = HOSTILE[1]
    path = folder / "hostile.json"
    path.write_text(json.dumps(record))
    return path


def test_a_study_shows_its_key_facts() -> None:
    study = kg.study(NUMBER.lower(), SEED)
    assert repr(study).startswith(f"<Study {NUMBER}: Immuno-modulation")
    assert {name: texts[0] for name, texts in study.facts.items()} == {
        "Status": "Completed",
        "Phase": "Phase 2",
        "Design": "Randomized · parallel assignment · triple masking · treatment",
        "Enrolment": "36 participants (actual)",
        "Participants": "Ages 18 years to 75 years · all sexes",
        "Time": "2015-09 to 2016-05-25",
        "Condition": "Amyotrophic Lateral Sclerosis",
        "Intervention": "Placebo · drug",
        "Arm": "Placebo · placebo comparator: Placebo",
        "Primary outcome": "CD4+ CD25+ CD127- FoxP3+(Treg) cells: change in percentage of total lymphocytes · Day 8",
        "Sponsor": "Centre Hospitalier Universitaire de Nīmes",
        "Sites": "France · Montpellier · CHRU de Montpellier - Hôpital Gui de Chauliac",
    }
    shown = study._repr_html_()
    assert f'<a href="https://clinicaltrials.gov/study/{NUMBER}"' in shown
    assert 'href="https://meshb.nlm.nih.gov/record/ui?ui=D000690"' in shown
    assert all(html.escape(text) in shown for texts in study.facts.values() for text in texts)


def test_a_study_is_the_same_from_records_a_graph_and_a_store(tmp_path: Path) -> None:
    from kg.export.report import Report
    from kg.store.embedded import build

    build([SEED, *STUDIES[:3]], tmp_path / "s.kgstore", report=Report())
    graph = kg.graph(SEED, *STUDIES[:3])
    pages = [kg.study(NUMBER, data)._repr_html_() for data in (SEED, graph, tmp_path / "s.kgstore")]
    assert pages[0] == pages[1] == pages[2]
    assert graph.study(NUMBER).drawing().html == kg.drawing(SEED).html
    with pytest.raises(kg.UsageError, match="The data has no study NCT00000000"):
        graph.study("NCT00000000")


def test_many_sites_and_outcomes_are_counted(made: dict[str, Any], tmp_path: Path) -> None:
    record = json.loads(json.dumps(made))
    place = {"facility": "A", "city": "B", "country": "France"}
    record["protocolSection"]["contactsLocationsModule"]["locations"] = [*[place] * 3, place | {"country": "Spain"}]
    record["protocolSection"]["outcomesModule"]["primaryOutcomes"] = [{"measure": f"M{i}"} for i in range(11)]
    (tmp_path / "many.json").write_text(json.dumps(record))
    study = kg.study("NCT99999999", tmp_path / "many.json")
    assert study.facts["Sites"] == ["4: France 3, Spain 1"]
    assert len(study.facts["Primary outcome"]) == 11
    assert "<div>M7</div><div>and 3 more</div>" in study._repr_html_()


def test_a_graph_is_an_rdflib_graph_and_shows_its_studies() -> None:
    graph = kg.graph(SEED, *STUDIES)
    assert repr(graph) == f"<Graph: {len(graph):,} statements>"
    shown = graph._repr_html_()
    assert f"{len(graph):,} statements, {len(STUDIES) + 1} studies" in shown
    assert f"and {len(STUDIES) + 1 - 10} more studies" in shown
    assert re.search(rf"<td[^>]*>Study</td><td[^>]*>{len(STUDIES) + 1}</td>", shown)
    assert isinstance(graph + NotebookGraph(), NotebookGraph)
    assert NotebookGraph()._repr_html_().startswith("<div><p><strong>0 statements, 0 studies</strong></p>")


def test_graphs_and_stores_can_be_queried() -> None:
    graph = kg.graph(SEED)
    assert kg.query("arms", graph).rows == kg.query("arms", SEED).rows
    store = ox.Store()
    store.bulk_load(graph.serialize(format="nt").encode(), format=ox.RdfFormat.N_TRIPLES)
    assert kg.query("arms", store).rows == kg.query("arms", SEED).rows


def test_a_drawing_is_a_page_an_svg_and_a_file(tmp_path: Path) -> None:
    drawing = kg.drawing(SEED, study=NUMBER)
    drawing.save(str(tmp_path / "a.html"))
    drawing.save(str(tmp_path / "a.svg"))
    assert (tmp_path / "a.html").read_text("utf-8") == drawing.html
    assert (tmp_path / "a.svg").read_text("utf-8").startswith("<svg")
    assert repr(kg.drawing(ontology=True)).startswith("<Drawing The ontology: ")
    assert repr(kg.drawing(SEED, summary=True)) == "<Drawing Summary>"
    with pytest.raises(kg.UsageError, match="different pictures"):
        kg.drawing(SEED, summary=True, study=NUMBER)


def test_nothing_in_the_data_runs_and_nothing_is_requested(
    browser: Browser, seed: dict[str, Any], tmp_path: Path
) -> None:
    graph = kg.graph(hostile(seed, tmp_path))
    study = graph.study(NUMBER)
    answer = kg.query("SELECT ?study ?label { ?study rdfs:label ?label }", graph)
    parts = [item._repr_html_() for item in (graph, study, answer, study.drawing(), kg.drawing(graph, summary=True))]
    path = tmp_path / "page.html"
    path.write_text("<!doctype html><meta charset=utf-8><title>quiet</title>" + "<hr>".join(parts), "utf-8")
    browser.driver.get("about:blank")
    browser.quiet()
    browser.driver.get(path.as_uri())
    frames = browser.driver.find_elements("css selector", "iframe")
    assert len(frames) == 2
    for frame in frames:
        browser.driver.switch_to.frame(frame)
        browser.wait("return document.readyState === 'complete' && document.querySelector('canvas, svg')")
        assert browser.run("return document.title") != "ran"
        browser.driver.switch_to.default_content()
    messages, requests = browser.quiet()
    assert messages == []
    assert [url for url in requests if not url.startswith("about:srcdoc")] == [path.as_uri()]
    assert browser.run("return document.title") == "quiet"
    assert browser.run("return document.scripts.length + document.images.length") == 0
    assert HOSTILE[0] in browser.run("return document.body.innerText")


def test_a_drawing_can_be_explored_in_its_frame(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "frame.html"
    path.write_text("<!doctype html><meta charset=utf-8>" + kg.drawing(SEED)._repr_html_(), "utf-8")
    browser.driver.get(path.as_uri())
    browser.driver.switch_to.frame(browser.driver.find_element("css selector", "iframe"))
    browser.wait("return document.documentElement.dataset.ready")
    browser.driver.find_element("css selector", "input[type=search], #search").send_keys("aldesleukin", "\n")
    browser.wait("return document.getElementById('details').innerText.includes('C082598')")
    browser.driver.switch_to.default_content()
    assert browser.quiet()[0] == []


def test_the_output_of_the_tour_is_up_to_date(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    shown = json.loads(TOUR.read_text("utf-8"))
    tour = runpy.run_path(str(TOP / "tools" / "tour.py"))
    assert [cell["id"] for cell in shown["cells"]] == [cell.id for cell in tour["notebook"]().cells]
    fresh = json.loads(tour["nbformat"].writes(tour["executed"]()))
    for cell, other in zip(shown["cells"], fresh["cells"], strict=True):
        assert cell == other, f"run python tools/tour.py: {cell['source']}"
    assert sys.version_info >= (3, 11)


def test_the_tour_contains_no_local_paths_and_no_errors() -> None:
    text = TOUR.read_text("utf-8")
    assert not re.search(r"[\"' ]/(tmp|home|root|work|Users|var)/", text)
    assert "Traceback" not in text
    assert '"output_type": "error"' not in text
    for kind in ("<iframe", "<svg", "<table"):
        assert kind in text
