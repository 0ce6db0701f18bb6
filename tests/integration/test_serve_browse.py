"""The list of studies, the SPARQL page and the start page in a real browser."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.axe import axe_or_skip, findings
from tests.browser import Browser, browser_or_skip
from tests.conftest import MADE, SEED, STUDIES
from tests.serving import Served, serving

PAGES = {
    "start": "/",
    "table": "/studies?phase=PHASE2&q=study",
    "map": "/studies?view=map",
    "charts": "/studies?view=charts",
    "network": "/studies?view=network",
    "sponsors": "/studies?view=network&network=sponsors",
    "nothing": "/studies?q=nothinglikethis",
    "values": "/values/condition",
    "editor": "/query",
    "answer": "/query?name=arms&run=1",
    "chart": "/query?name=phases_by_year&run=1&view=chart",
    "bars": "/query?name=countries&run=1&view=chart",
    "sites": "/query?name=studies_under&run=1&view=map",
    "graph": "/query?query=DESCRIBE+study%3ANCT02059759&view=network",
    "error": "/query?query=SELECT+%3Fx+%7B+%3Fx+a+",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    browser_or_skip()
    folder = tmp_path_factory.mktemp("pages")
    with serving([str(path) for path in (*STUDIES, SEED, MADE)], folder / "access.log", "--workers", "1") as server:
        for _ in range(100):
            if server.get("/studies").status == 200:
                break
            time.sleep(0.2)
        yield server


class Visitor:
    """A browser on the pages of a server."""

    def __init__(self, browser: Browser, served: Served) -> None:
        self.browser, self.served = browser, served

    def open(self, path: str) -> None:
        self.browser.driver.get("about:blank")
        self.browser.quiet()
        self.browser.driver.get(self.served.url + path)
        self.browser.wait("return document.readyState === 'complete'")
        if path.startswith(("/studies", "/query")):
            self.browser.wait("return document.documentElement.dataset.ready")

    def run(self, script: str, *arguments: Any) -> Any:
        return self.browser.run(script, *arguments)

    def wait(self, script: str, *arguments: Any) -> Any:
        return self.browser.wait(script, *arguments)

    def click(self, selector: str) -> None:
        element = self.wait("return document.querySelector(arguments[0])", selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def press(self, *keys: str) -> None:
        from selenium.webdriver.common.action_chains import ActionChains

        ActionChains(self.browser.driver).send_keys(*keys).perform()

    def drag(self, selector: str, begin: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag within an element; places are shares of its width and height."""
        from selenium.webdriver.common.action_chains import ActionChains

        element = self.wait("return document.querySelector(arguments[0])", selector)
        self.run("arguments[0].scrollIntoView({block: 'center'})", element)
        box = self.run("const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width, b.height]", element)
        places = [(int(box[0] + x * box[2]), int(box[1] + y * box[3])) for x, y in (begin, end)]
        chain = ActionChains(self.browser.driver, duration=60)
        chain.w3c_actions.pointer_action.move_to_location(*places[0]).pointer_down()
        chain.w3c_actions.pointer_action.move_to_location(*places[1]).pointer_up()
        chain.perform()

    @property
    def parameters(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.browser.driver.current_url).query)

    def until(self, name: str, *values: str) -> None:
        """Wait until a parameter of the URL has these values."""
        script = "return new URLSearchParams(location.search).getAll(arguments[0]).join('|') === arguments[1]"
        self.wait(script, name, "|".join(values))
        self.wait("return !document.querySelector('[aria-busy]')")

    @property
    def total(self) -> int:
        return int(self.run("return document.getElementById('total').textContent").replace(",", ""))


@pytest.fixture(scope="module")
def visitor(browser: Browser, served: Served) -> Visitor:
    return Visitor(browser, served)


@pytest.fixture(scope="module", params=["light", "dark", "phone"])
def any_visitor(request: pytest.FixtureRequest, downloads: Path, served: Served) -> Iterator[Visitor]:
    """A visitor with a light or a dark screen, or with a phone."""
    browser_or_skip()
    size = (390, 844) if request.param == "phone" else (1440, 900)
    started = Browser(downloads, size=size, dark=request.param == "dark")
    yield Visitor(started, served)
    started.close()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_quiet_fits_the_screen_and_is_accessible(name: str, any_visitor: Visitor) -> None:
    axe_or_skip()
    any_visitor.open(PAGES[name])
    messages, requests = any_visitor.browser.quiet()
    assert [m for m in messages if "status of 400" not in m or name != "error"] == []
    assert {urlsplit(url).netloc for url in requests} == {urlsplit(any_visitor.served.url).netloc}
    assert any_visitor.run("return document.documentElement.scrollWidth <= innerWidth")
    assert findings(any_visitor.browser) == []


def test_facets_change_the_list_and_the_url(visitor: Visitor) -> None:
    visitor.open("/studies")
    everything = visitor.total
    number = int(visitor.run("return document.querySelector('input[value=PHASE2]').parentNode.lastChild.textContent"))
    visitor.click("input[name=phase][value=PHASE2]")
    visitor.until("phase", "PHASE2")
    assert visitor.total == number < everything
    assert visitor.run("return document.querySelector('.selection').textContent.includes('Phase 2')")
    assert visitor.run("return document.activeElement.value") == "PHASE2"
    visitor.click("input[name=phase][value=PHASE1]")
    visitor.until("phase", "PHASE1", "PHASE2")
    assert visitor.total > number
    visitor.browser.driver.back()
    visitor.until("phase", "PHASE2")
    visitor.wait("return document.getElementById('total').textContent === arguments[0]", str(number))
    visitor.click(".selection .chip")
    visitor.until("phase")
    visitor.wait("return document.getElementById('total').textContent === arguments[0]", str(everything))


def test_mesh_terms_open_and_close(visitor: Visitor) -> None:
    visitor.open("/studies")
    visitor.click("#facet-condition a.twist.closed")
    visitor.wait("return document.querySelector('#facet-condition .depth-1')")
    assert "open" in visitor.parameters
    visitor.click("#facet-condition a.twist.open")
    visitor.wait("return !document.querySelector('#facet-condition .depth-1')")


def test_a_search_suggests_terms_for_the_keyboard(visitor: Visitor) -> None:
    visitor.open("/")
    visitor.run("document.getElementById('q').focus()")
    visitor.press("sclerosis")
    visitor.wait("return document.querySelectorAll('#suggestions [role=option]').length > 1")
    assert visitor.run("return document.getElementById('q').getAttribute('aria-expanded')") == "true"
    visitor.press("\ue015")  # arrow down
    active = visitor.run("return document.getElementById('q').getAttribute('aria-activedescendant')")
    assert visitor.run("return document.getElementById(arguments[0]).ariaSelected", active) == "true"
    visitor.press("\ue007")  # enter
    visitor.wait("return location.pathname === '/studies'")
    assert "condition" in visitor.parameters
    visitor.open("/")
    visitor.press("boston\ue007")
    visitor.wait("return location.search === '?q=boston'")
    assert visitor.total > 0


def test_the_brush_selects_years(visitor: Visitor) -> None:
    visitor.open("/studies")
    everything = visitor.total
    visitor.drag("#facet-start .brush", (0.52, 0.5), (0.88, 0.5))
    visitor.wait("return new URLSearchParams(location.search).has('start_from')")
    visitor.wait("return !document.querySelector('[aria-busy]')")
    low, high = (int(visitor.parameters[f"start_{end}"][0]) for end in ("from", "to"))
    assert low < high
    assert 0 < visitor.total < everything
    visitor.run("document.getElementById('brush-start-0').focus()")
    visitor.press("\ue014")  # arrow right
    visitor.until("start_from", str(low + 1))
    assert visitor.run("return document.activeElement.id") == "brush-start-0"
    assert visitor.run("return document.activeElement.getAttribute('aria-valuenow')") == str(low + 1)


def test_the_map_zooms_and_moves(visitor: Visitor) -> None:
    visitor.open("/studies?view=map")
    frame = visitor.run("return document.querySelector('.map-frame').dataset.frame")
    visitor.click(".map-buttons a[aria-label='Zoom in']")
    visitor.wait("return document.querySelector('.map-frame').dataset.frame !== arguments[0]", frame)
    nearer = visitor.run("return document.querySelector('.map-frame').dataset.frame")
    assert int(nearer.split(",")[2]) < int(frame.split(",")[2])
    visitor.drag(".study-map", (0.5, 0.9), (0.3, 0.8))
    visitor.wait("return document.querySelector('.map-frame').dataset.frame !== arguments[0]", nearer)
    moved = visitor.run("return document.querySelector('.map-frame').dataset.frame")
    assert int(moved.split(",")[0]) > int(nearer.split(",")[0])
    visitor.run("document.querySelector('.study-map').focus()")
    visitor.press("-")
    visitor.wait("return document.querySelector('.map-frame').dataset.frame !== arguments[0]", moved)
    visitor.click(".map-buttons a[aria-label='Whole world']")
    visitor.until("frame", "-1150,-560,2300")
    town = visitor.run("return document.querySelector('.study-map a:has(.site:not(.many))').href.baseVal")
    visitor.open(f"/studies{town}")
    assert visitor.total > 0


def test_pointing_at_a_node_shows_its_neighbours(visitor: Visitor) -> None:
    visitor.open("/studies?view=network&network=sponsors")
    node = visitor.run("return document.querySelector('.network [data-node]').dataset.node")
    visitor.run("document.querySelector('.network [data-node]').dispatchEvent(new PointerEvent('pointerenter'))")
    near = visitor.run("return [...document.querySelectorAll('.network [data-node].near')].map((n) => n.dataset.node)")
    assert node in near
    assert len(near) > 1


def test_downloads_are_files(visitor: Visitor, downloads: Path) -> None:
    visitor.open("/studies?phase=PHASE2")
    total = visitor.total
    visitor.click(".downloads a[href*='.csv']")
    file = downloads / "studies.csv"
    for _ in range(100):
        if file.exists():
            break
        time.sleep(0.1)
    with file.open(encoding="utf-8", newline="") as lines:
        assert len(list(csv.DictReader(lines))) == total


def test_the_keyboard_reaches_everything(visitor: Visitor) -> None:
    visitor.open("/studies")
    visitor.press("\ue004")  # tab
    assert visitor.run("return document.activeElement.textContent") == "Skip to the content"
    seen = set()
    for _ in range(60):
        visitor.press("\ue004")
        name = visitor.run("const a = document.activeElement; return `${a.tagName} ${a.name || a.id || a.ariaLabel}`")
        outline = visitor.run("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none" or "MAIN" in name
        seen.add(name)
    assert {"INPUT q", "INPUT status", "INPUT phase", "INPUT condition"} <= seen
    visitor.run("document.querySelector('input[name=status]').focus()")
    value = visitor.run("return document.activeElement.value")
    visitor.press(" ")
    visitor.until("status", value)


def in_editor(script: str) -> str:
    return f"const root = document.querySelector('.editor').shadowRoot; {script}"


def type_query(visitor: Visitor, text: str) -> None:
    visitor.run(in_editor("root.querySelector('.cm-content').focus()"))
    visitor.browser.driver.execute_cdp_cmd("Input.insertText", {"text": ""})
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(visitor.browser.driver).key_down("\ue009").send_keys("a").key_up("\ue009").perform()
    visitor.press("\ue017")  # delete
    for line in text:
        visitor.press(line)


def test_the_editor_completes_our_terms(visitor: Visitor) -> None:
    visitor.open("/query")
    type_query(visitor, "SELECT ?s { ?s ct:overallSt")
    options = "return [...root.querySelectorAll('.cm-tooltip-autocomplete li')].map((item) => item.textContent)"
    visitor.wait(in_editor("return root.querySelector('.cm-tooltip-autocomplete li')"))
    assert any("ct:overallStatus" in item for item in visitor.run(in_editor(options)))
    time.sleep(0.2)
    visitor.press("\ue007")
    visitor.wait("return document.getElementById('query').value.includes('ct:overallStatus')")
    visitor.press(" code:recru")
    visitor.wait(
        in_editor("return root.querySelector('.cm-tooltip-autocomplete')?.textContent.includes('code:RECRUITING')")
    )
    messages, _ = visitor.browser.quiet()
    assert messages == []


def test_the_editor_runs_and_marks_errors(visitor: Visitor) -> None:
    visitor.open("/query")
    type_query(visitor, "SELECT ?t { study:NCT02059759 rdfs:label ?t }")
    visitor.press("\ue00c")  # escape closes the completions
    from selenium.webdriver.common.action_chains import ActionChains

    ActionChains(visitor.browser.driver).key_down("\ue009").send_keys("\ue007").key_up("\ue009").perform()
    visitor.wait("return document.querySelector('#answer table')")
    assert visitor.run("return document.querySelector('#answer h2').textContent").startswith("1 row")
    assert "NCT02059759" in visitor.parameters["query"][0]
    type_query(visitor, "SELECT ?t { ?s ?p ")
    visitor.press("\ue00c")
    visitor.click("#run")
    visitor.wait("return document.getElementById('error')")
    assert "line 1" in visitor.run("return document.getElementById('error').textContent")
    visitor.wait(in_editor("return root.querySelector('.cm-lintRange-error, .cm-lintPoint-error')"))


def test_fields_fill_in_a_query_of_the_library(visitor: Visitor) -> None:
    visitor.open("/query?name=studies_under")
    visitor.click("#p_disease")
    visitor.press("D009422")
    visitor.click(".fields button")
    visitor.wait("return location.search.includes('run=1') && document.querySelector('#answer table')")
    assert visitor.run("return document.getElementById('query').value.includes('mesh/D009422')")
    visitor.click("a[data-view=map]")
    visitor.wait("return document.querySelector('#answer .study-map')")


def test_the_library_is_searched(visitor: Visitor) -> None:
    visitor.open("/query")
    visitor.click("#find input")
    visitor.press("sponsor")
    visible = "return [...document.querySelectorAll('.library li')].filter((item) => item.offsetParent).length"
    assert 0 < visitor.run(visible) < 15
