"""The pages of studies, terms, organizations and places, and the comparison, in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.axe import axe_or_skip, findings
from tests.browser import Browser, browser_or_skip
from tests.conftest import MADE, SEED, STUDIES
from tests.integration.test_serve_browse import Visitor
from tests.serving import Served, serving

WITH_RESULTS = "NCT00829985"
PAGES = {
    "seed": "/study/NCT02059759",
    "made": "/study/NCT99999999",
    "overview": f"/study/{WITH_RESULTS}",
    "results": f"/study/{WITH_RESULTS}/results",
    "events": f"/study/{WITH_RESULTS}/adverse-events?sort=term",
    "condition": "/mesh/D000690",
    "broader": "/mesh/D009422",
    "sponsor": "/organization/Centre_Hospitalier_Universitaire_de_N%C4%ABmes",
    "company": "/organization/Bayer",
    "country": "/country/US",
    "town": "/town/FR:Montpellier",
    "measure": f"/part/{WITH_RESULTS}-outcomeMeasure-1",
    "event": f"/part/{WITH_RESULTS}-seriousEvent-1",
    "site": "/part/NCT02059759-location-1",
    "arm": "/part/NCT02059759-arm-1",
    "code": "/code/PHASE2",
    "record": "/record/NCT02059759",
    "compare": f"/compare?study=NCT02059759&study={WITH_RESULTS}&study=NCT99999999",
    "compare-one": "/compare?study=NCT02059759",
    "compare-none": "/compare",
    "ontology": "/ontology",
    "missing": "/study/NCT00000000",
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    browser_or_skip()
    folder = tmp_path_factory.mktemp("studies")
    with serving([str(path) for path in (*STUDIES, SEED, MADE)], folder / "access.log", "--workers", "1") as server:
        yield server


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
    assert [m for m in messages if "status of 404" not in m or name != "missing"] == []
    assert {urlsplit(url).netloc for url in requests} == {urlsplit(any_visitor.served.url).netloc}
    assert any_visitor.run("return document.documentElement.scrollWidth <= innerWidth")
    any_visitor.run(
        "document.querySelectorAll('iframe').forEach((frame) => frame.remove())"
    )  # kg draw has its own tests
    any_visitor.run("document.querySelectorAll('details').forEach((details) => { details.open = true })")
    assert findings(any_visitor.browser) == []


def test_the_picture_is_on_the_page(visitor: Visitor) -> None:
    visitor.open("/study/NCT02059759")
    visitor.run("document.querySelector('iframe.picture').scrollIntoView()")
    frame = visitor.wait("return document.querySelector('iframe.picture')")
    visitor.browser.driver.switch_to.frame(frame)
    try:
        visitor.wait("return document.documentElement.dataset.ready")
        assert "Immuno-modulation" in visitor.run("return document.title")
    finally:
        visitor.browser.driver.switch_to.default_content()
    assert visitor.browser.quiet()[0] == []


def test_a_mark_of_the_grid_leads_to_its_outcome(visitor: Visitor) -> None:
    visitor.open("/study/NCT02059759")
    visitor.click(".grid a.dot.secondary")
    visitor.wait("return location.pathname.includes('/part/NCT02059759-secondaryOutcome-')")
    assert "Presence/absence" in visitor.run("return document.querySelector('h1').textContent")


def test_events_are_sorted_by_their_headings(visitor: Visitor) -> None:
    visitor.open(f"/study/{WITH_RESULTS}/adverse-events")
    visitor.click(".event-table thead th:nth-child(2) a")
    visitor.wait("return location.search === '?sort=system' && document.readyState === 'complete'")
    systems = visitor.run("return [...document.querySelectorAll('tr.serious .system')].map((cell) => cell.textContent)")
    assert systems == sorted(systems, key=str.casefold)
    assert visitor.run("return document.querySelector('.event-table a[aria-current]').textContent") == "Organ system"


def test_studies_are_added_to_a_comparison_and_removed(visitor: Visitor) -> None:
    visitor.open("/study/NCT02059759")
    visitor.click(".tab-actions a")
    visitor.wait("return location.pathname === '/compare'")
    visitor.click("#add")
    visitor.press(WITH_RESULTS.lower(), "\ue007")
    visitor.wait("return document.querySelectorAll('.compare thead th').length === 3")
    assert visitor.run("return document.querySelectorAll('tr.differs').length") > 3
    visitor.click(".chosen a")
    visitor.wait("return document.querySelectorAll('.compare thead th').length === 2")
    assert visitor.parameters["study"] == [WITH_RESULTS]


def test_the_theme_is_kept(visitor: Visitor) -> None:
    visitor.open("/study/NCT02059759")
    ground = "return getComputedStyle(document.body).backgroundColor"
    light = visitor.run(ground)
    visitor.click("#theme")
    dark = visitor.run(ground)
    visitor.open("/mesh/D000690")
    assert light != dark == visitor.run(ground)
    visitor.click("#theme")
    assert visitor.run(ground) == light


def test_the_keyboard_reaches_tables_and_links(visitor: Visitor) -> None:
    visitor.open(f"/study/{WITH_RESULTS}/results")
    visitor.press("\ue004")
    assert visitor.run("return document.activeElement.textContent") == "Skip to the content"
    visitor.press("\ue007")
    assert visitor.run("return document.activeElement.id") == "main"
    seen = set()
    for _ in range(40):
        visitor.press("\ue004")
        assert visitor.run("return getComputedStyle(document.activeElement).outlineStyle") != "none"
        seen.add(visitor.run("return document.activeElement.className || document.activeElement.tagName"))
    assert "scroll" in {name.strip() for name in seen}


def test_printing_shows_what_is_folded(visitor: Visitor) -> None:
    visitor.open("/study/NCT02059759")
    visitor.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        assert visitor.run("return document.querySelector('header.top').offsetParent === null")
        folded = "document.querySelector('#summary details.more .prose')"
        assert visitor.run(f"return {folded}.checkVisibility({{contentVisibilityAuto: true}})")
    finally:
        visitor.browser.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_pages_work_without_scripts(visitor: Visitor) -> None:
    visitor.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        visitor.browser.driver.get(visitor.served.url + f"/study/{WITH_RESULTS}/adverse-events")
        visitor.browser.driver.find_element("css selector", ".event-table thead a").click()
        assert visitor.browser.driver.current_url.endswith("sort=term#events")
    finally:
        visitor.browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
