"""Pages in a real browser without a network: they load, their functions work, and nothing in the data runs."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kg.draw.graph import open_graph
from kg.draw.html_page import picture_page
from kg.draw.network_layout import layout_network
from kg.draw.picture import Detail, Node, Picture
from kg.draw.pyvis_page import pyvis_page
from kg.draw.render import DrawRequest, draw
from tests.browser import Browser
from tests.conftest import DATA, SEED

STUDY = "https://clinicaltrials.gov/study/NCT02059759"
MESH = "http://id.nlm.nih.gov/mesh/"
STUDIES = [str(DATA / "studies"), str(SEED)]
PICTURES: dict[str, DrawRequest] = {
    "study": DrawRequest(study="NCT02059759"),
    "around": DrawRequest(around="D000690", depth=2),
    "conditions-interventions": DrawRequest(view="conditions-interventions"),
    "sponsors": DrawRequest(view="sponsors"),
    "sites": DrawRequest(view="sites"),
    "mesh": DrawRequest(view="mesh"),
    "references": DrawRequest(view="references"),
    "ontology": DrawRequest(ontology=True),
    "query": DrawRequest(query=str(DATA / "queries" / "sponsors-of-conditions.rq")),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, request in PICTURES.items():
        draw([] if request.ontology else STUDIES, str(folder / f"{name}.html"), request, reject=lambda _: None)
    draw(STUDIES, str(folder / "summary.html"), DrawRequest(summary=True), reject=lambda _: None)
    return folder


def quiet(browser: Browser, path: Path) -> None:
    messages, requests = browser.quiet()
    assert messages == []
    assert requests in ([], [path.absolute().as_uri()])


def shown(browser: Browser) -> set[str]:
    return set(browser.run("return picture.shown()"))


def click(browser: Browser, id_: str, dx: float = 0, dy: float = 0) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    x, y = browser.run("return picture.screen(arguments[0])", id_)
    canvas = browser.driver.find_element("id", "canvas")
    size = canvas.size
    move = ActionChains(browser.driver, duration=10).move_to_element_with_offset(
        canvas, round(x + dx - size["width"] / 2), round(y + dy - size["height"] / 2)
    )
    move.click().perform()


def press(browser: Browser, selector: str) -> None:
    browser.driver.find_element("css selector", selector).click()


def typed(browser: Browser, selector: str, *keys: str) -> None:
    browser.driver.find_element("css selector", selector).send_keys(*keys)


def details(browser: Browser) -> str:
    return str(browser.driver.find_element("id", "details").text)


@pytest.mark.parametrize("name", PICTURES)
def test_a_page_loads_without_an_error_or_a_request(browser: Browser, pages: Path, name: str) -> None:
    path = pages / f"{name}.html"
    assert browser.open(path) < 5000
    assert len(shown(browser)) > 2
    assert 'role="application"' in browser.driver.page_source
    quiet(browser, path)


def test_the_seed_study_shows_what_a_clinician_looks_for(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    seen = shown(browser)
    part = "https://w3id.org/trialkg/part/NCT02059759"
    wanted = {STUDY, f"{part}-primaryOutcome-1", f"{part}-location-1", MESH + "D000690", MESH + "D009422"}
    wanted |= {f"{part}-arm-{i}" for i in (1, 2, 3)} | {f"{part}-intervention-{i}" for i in (1, 2, 3)}
    assert wanted <= seen
    data = json.loads(browser.run("return document.getElementById('data').textContent"))
    text = {node["i"]: " ".join(line[0] for line in node["c"]["t"]) for node in data["nodes"]}
    assert "CD4+ CD25+ CD127- FoxP3+(Treg) cells" in text[f"{part}-primaryOutcome-1"]
    assert "Day 8" in text[f"{part}-primaryOutcome-1"]
    assert "2.0 MIU IL-2 per day" in text[f"{part}-intervention-3"]
    assert "Montpellier, France" in text[f"{part}-location-1"]
    assert not any(id_.startswith(f"{part}-secondaryOutcome") for id_ in seen), "they are folded into one card"
    ids = [node["i"] for node in data["nodes"]]
    above = {(ids[edge[0]], ids[edge[1]]) for edge in data["edges"]}
    way = [f"{MESH}{id_}" for id_ in ("D009422", "D019636", "D016472", "D000690")]
    assert set(itertools.pairwise(way)) <= above
    for id_ in wanted:
        x, y = browser.run("return picture.screen(arguments[0])", id_)
        assert 0 < x < 1440, id_
        assert 0 < y < 900, id_


def test_a_click_shows_details_and_links(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    click(browser, STUDY)
    assert "IMODALS" in details(browser)
    assert "enrollment count" in details(browser)
    links = [link.get_attribute("href") for link in browser.driver.find_elements("css selector", "#details a")]
    assert STUDY in links
    click(browser, MESH + "D000690")
    assert "https://meshb.nlm.nih.gov/record/ui?ui=D000690" in browser.driver.page_source
    assert "D000690" in details(browser)
    assert "Amyotrophic" in browser.driver.find_element("id", "announcements").get_attribute("textContent")


def test_a_group_opens_and_closes(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    before = shown(browser)
    click(browser, f"{STUDY}#secondaryOutcome")
    press(browser, '#details [data-act="fold"]')
    assert len(shown(browser) - before) == 16
    press(browser, '#details [data-act="fold"]')
    assert shown(browser) == before


def test_search_suggests_folded_nodes(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    typed(browser, "#search", "abnormal vital")
    suggestions = browser.driver.find_elements("css selector", "#suggestions [role=option]")
    assert ["Presence/absence of abnormal vital signs" in suggestion.text for suggestion in suggestions] == [True]
    typed(browser, "#search", "\ue007")
    assert "6 times" not in details(browser)
    assert "pulse, blood pressure" in details(browser)
    assert browser.driver.find_element("id", "search").get_attribute("aria-expanded") == "false"


def test_a_filter_hides_a_kind_and_shows_its_count(browser: Browser, pages: Path) -> None:
    browser.open(pages / "conditions-interventions.html")
    row = browser.driver.find_element("css selector", '#kinds label:has([data-kind="Intervention"])')
    count = int(row.text.split()[-1])
    before = shown(browser)
    press(browser, '[data-kind="Intervention"]')
    assert len(before) - len(shown(browser)) == count
    assert "hide=Intervention" in browser.driver.current_url
    browser.driver.back()
    browser.wait("return picture.shown().length === arguments[0]", len(before))


def test_neighbours_are_opened_step_by_step(browser: Browser, pages: Path) -> None:
    browser.open(pages / "around.html")
    everything = shown(browser)
    click(browser, MESH + "D000690")
    press(browser, '#details [data-act="expand"]')
    some = shown(browser)
    assert MESH + "D000690" in some
    assert len(some) < len(everything)
    press(browser, "#details .neighbours button")
    press(browser, '#details [data-act="expand"]')
    assert len(shown(browser)) > len(some)
    press(browser, "#all")
    assert shown(browser) == everything


def test_the_shortest_path_between_two_nodes(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    click(browser, MESH + "D009422")
    press(browser, '#details [data-act="path"]')
    assert "choose the other end" in browser.driver.find_element("id", "prompt").text
    click(browser, "https://w3id.org/trialkg/part/NCT02059759-intervention-3")
    text = details(browser)
    assert "6 steps" in text
    assert text.index("Nervous System Diseases") < text.index("Amyotrophic") < text.index("2.0 MIU IL-2 per day")


def test_the_url_restores_a_view(browser: Browser, pages: Path) -> None:
    path = pages / "sites.html"
    browser.open(path)
    assert browser.run("return document.getElementById('map').getAttribute('aria-pressed')") == "true"
    press(browser, "#network")
    typed(browser, "#search", "montpellier", "\ue007")
    browser.run("return new Promise((done) => setTimeout(done, 300))")  # the URL is updated with a delay
    link = browser.run("return location.hash")
    place = browser.run("return picture.screen('Montpellier, France').map(Math.round)")
    browser.open(path, link)
    assert browser.run("return document.getElementById('map').getAttribute('aria-pressed')") == "false"
    assert "NCT02059759" in details(browser)
    again = browser.run("return picture.screen('Montpellier, France').map(Math.round)")
    assert all(abs(a - b) <= 2 for a, b in zip(place, again, strict=True))
    quiet(browser, path)


def test_arrow_keys_move_between_nodes(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")
    click(browser, STUDY)
    typed(browser, "#canvas", "\ue014")
    assert "1.0 IL-2" in details(browser)
    typed(browser, "#canvas", "\ue00c")
    assert not browser.driver.find_element("id", "details").is_displayed()
    typed(browser, "#canvas", "m")
    assert shown(browser) == {"https://w3id.org/trialkg/part/NCT02059759-location-1"}


def test_two_fingers_zoom_and_a_tap_selects(browser: Browser, pages: Path) -> None:
    browser.open(pages / "study.html")

    def touch(kind: str, *points: tuple[float, float]) -> None:
        given = [{"x": x, "y": y, "id": i} for i, (x, y) in enumerate(points)]
        browser.driver.execute_cdp_cmd("Input.dispatchTouchEvent", {"type": kind, "touchPoints": given})

    gap = "const a = picture.screen(arguments[0]), b = picture.screen(arguments[1]); return b[0] - a[0]"
    ends = (STUDY, "https://w3id.org/trialkg/part/NCT02059759-arm-2")
    before = browser.run(gap, *ends)
    touch("touchStart", (500, 500), (600, 500))
    for step in (20, 40, 60):
        touch("touchMove", (500 - step, 500), (600 + step, 500))
    touch("touchEnd")
    assert browser.run(gap, *ends) > 1.5 * before
    x, y = browser.run("return picture.screen(arguments[0])", STUDY)
    touch("touchStart", (x, y))
    touch("touchEnd")
    assert "IMODALS" in details(browser)


def saved(browser: Browser, downloads: Path, kind: str) -> bytes:
    press(browser, "#save")
    press(browser, f'[data-as="{kind}"]')
    target = downloads / f"study.{kind}"
    for _ in range(200):
        if target.exists() and target.stat().st_size and not list(downloads.glob("*.crdownload")):
            break
        browser.run("return new Promise((done) => setTimeout(done, 50))")
    data = target.read_bytes()
    target.unlink()
    return data


def test_a_picture_is_saved_as_png_svg_and_graphml(browser: Browser, pages: Path, downloads: Path) -> None:
    browser.open(pages / "study.html")
    count = len(shown(browser))
    png = saved(browser, downloads, "png")
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20]) > 2000
    svg = ET.fromstring(saved(browser, downloads, "svg"))
    assert "Nervous System Diseases" in "".join(svg.itertext())
    graph = ET.fromstring(saved(browser, downloads, "graphml"))
    assert len(graph.findall(".//{*}node")) == count
    assert graph.find(f".//{{*}}node[@id='{STUDY}']") is not None


def test_the_summary_shows_its_queries_and_copies_them(browser: Browser, pages: Path) -> None:
    path = pages / "summary.html"
    browser.open(path)
    sections = browser.driver.find_elements("css selector", "section")
    assert [section.find_element("css selector", "h2").text for section in sections][:3] == [
        "In numbers",
        "Start year",
        "Phase",
    ]
    phase = sections[2]
    phase.find_elements("css selector", "summary")[1].click()
    query = phase.find_element("css selector", "pre").text
    store = open_graph(STUDIES, lambda _: None)
    rows = {row.get("key", ""): row["studies"] for row in store.select(query)}
    assert rows["https://w3id.org/trialkg/code/PHASE2"] in phase.find_element("css selector", "svg").text
    phase.find_element("css selector", "button").click()
    copied = "return [...document.querySelectorAll('button')].some((b) => /Copied|Selected/.test(b.textContent))"
    assert browser.wait(copied)
    quiet(browser, path)


PAYLOADS = [
    "<script>window.hit = 1</script>",
    "</script><script>window.hit = 1</script>",
    "<img src=x onerror='window.hit = 1'>",
    "<svg onload=window.hit=1>",
    '"><iframe srcdoc="<script>parent.hit = 1</script>">',
    "' onmouseover='window.hit = 1' x='",
    "<a href='javascript:window.hit=1'>href</a>",
    "javascript:window.hit=1",
    "data:text/html,<script>opener.hit=1</script>",
    "{{7*7}}${window.hit=1}<%= 1 %>@@script@@@@data@@",
    "<!--<script>",
    "]]><script>window.hit=1</script>",
    "\u202egnp.exe\u202c right \u200f to \u2067left\u2069",
    "<style>*{display:none}</style>",
    "<base href='https://evil.example/'>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>",
    "&lt;b&gt; &amp; &#x3c;script&#x3e;",
    "\\u003cscript\\u003ewindow.hit=1\\u003c/script\\u003e",
    "x" * 10_000,
    "línea\nzweite\tZeile\u2028dritte\u0000\ufffe",
]


def hostile() -> Picture:
    """Return 60 nodes whose ids, labels, kinds, headings, details and links contain hostile markup."""
    picture = Picture(PAYLOADS[1], PAYLOADS[2], notes=[PAYLOADS[3]])
    for i in range(60):
        text = PAYLOADS[i % len(PAYLOADS)]
        node = Node(f"{i} {text}", f"{text[:80]}" if i % 3 else "Study", f"{text}{i}", 1.0 + i, text)
        node.details = [Detail(text, text, text), Detail("link", text, f"javascript:window.hit={i}")]
        picture.add(node)
    ids = list(picture.nodes)
    for a, b in itertools.pairwise(ids):
        picture.link(a, b, PAYLOADS[len(a) % len(PAYLOADS)])
        picture.edges[-1].studies = ["'><script>window.hit=1</script>"]
    layout_network(picture)
    return picture


def test_hostile_data_are_shown_as_text(browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "hostile.html"
    path.write_bytes(picture_page(hostile(), "hostile"))
    browser.open(path)
    assert "default-src 'none'" in browser.run("return document.querySelector('meta[http-equiv]').content")
    ids = browser.run("return picture.shown()")
    assert len(ids) == 60
    for i in range(20):
        browser.run("location.hash = '#' + new URLSearchParams({node: arguments[0]})", ids[i])
        browser.wait("return document.querySelector('#details h2')?.textContent.endsWith(arguments[0])", str(i))
        label = browser.run("return document.querySelector('#details h2').textContent")
        assert label.startswith(PAYLOADS[i].replace("\x00", "\0")[:2000][:50].rstrip("\x00"))
        links = browser.run("return [...document.querySelectorAll('#details a')].map((a) => a.protocol)")
        assert set(links) <= {"https:"}
    typed(browser, "#search", "<script>")
    browser.wait("return document.querySelectorAll('#suggestions li').length > 3")
    browser.run("document.getElementById('save').click(); document.querySelector('[data-as=graphml]').click()")
    assert browser.run("return window.hit") is None
    assert (
        browser.run("return document.querySelectorAll('iframe, base, #details script, #suggestions img, img').length")
        == 0
    )
    quiet(browser, path)


@pytest.mark.parametrize("which", ["seed", "hostile"])
def test_a_page_of_pyvis_is_offline_and_safe(browser: Browser, tmp_path: Path, which: str) -> None:
    path = tmp_path / "pyvis.html"
    picture = hostile()
    if which == "seed":
        from kg.draw.study_view import study_picture

        picture = study_picture(open_graph([str(SEED)], lambda _: None), "NCT02059759")
    path.write_bytes(pyvis_page(picture))
    browser.driver.get("about:blank")
    browser.quiet()
    browser.driver.get(path.as_uri())
    assert browser.wait("return typeof network === 'object' && network.body.nodeIndices.length > 20")
    middle = (
        "const p = network.canvasToDOM(network.getPositions([1])[1]), r = network.canvas.frame.getBoundingClientRect()"
    )
    x, y = browser.run(f"{middle}; return [p.x + r.left, p.y + r.top]")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        event = {"type": kind, "x": x, "y": y, "button": "left", "clickCount": 1}
        browser.driver.execute_cdp_cmd("Input.dispatchMouseEvent", event)
    browser.wait("return document.querySelector('.vis-tooltip')?.textContent.length > 3")
    assert browser.run("return network.physics.physicsEnabled") is False
    press(browser, "#physics")
    assert browser.run("return network.physics.physicsEnabled") is True
    assert browser.run("return window.hit") is None
    quiet(browser, path)
