"""Links had a contrast of 1.46:1, those of a chosen card crossed the text of others, and a PDF had fonts of type 3."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg.draw.contrast import MIN_CONTRAST, contrast
from kg.draw.graph import open_graph
from kg.draw.kinds import KINDS
from kg.draw.matplotlib_output import matplotlib_file
from kg.draw.render import DrawRequest, draw
from kg.draw.scene import LINE, PAPER, REGION, Curve, picture_scene
from kg.draw.study_view import study_picture
from tests.browser import Browser
from tests.conftest import SEED

CANVAS = (Path(__file__).parents[2] / "kg" / "draw" / "assets" / "js" / "canvas.js").read_text("utf-8")
NUMBER = "NCT02059759"
PART = f"https://w3id.org/trialkg/part/{NUMBER}"


def themes() -> dict[str, dict[str, str]]:
    """Return the colours of the light and the dark theme of a page."""
    found = re.findall(r"const (LIGHT|DARK) = \{(.*?)\}", CANVAS, re.DOTALL)
    return {name: dict(re.findall(r'(\w+): "(#\w{6})"', text)) for name, text in found}


@pytest.mark.parametrize("theme", ["LIGHT", "DARK"])
def test_resting_links_are_visible_on_each_background(theme: str) -> None:
    colours = themes()[theme]
    lines = [kind.line if theme == "LIGHT" else kind.dark_line for kind in KINDS.values()]
    for ground in (colours["ground"], colours["island"]):
        assert all(contrast(line, ground) >= MIN_CONTRAST for line in [colours["line"], *lines]), ground


def test_links_in_print_are_visible_on_white() -> None:
    assert contrast(LINE, PAPER) >= MIN_CONTRAST
    assert contrast(LINE, REGION) >= MIN_CONTRAST
    scene = picture_scene(study_picture(open_graph([str(SEED)], lambda _: None), NUMBER))
    curves = [mark for mark in scene.marks if isinstance(mark, Curve)]
    assert len(curves) > 10
    assert all(mark.opacity == 1 and contrast(mark.colour, PAPER) >= MIN_CONTRAST for mark in curves)


def test_a_pdf_has_fonts_with_outlines() -> None:
    pytest.importorskip("matplotlib")
    data = matplotlib_file(picture_scene(study_picture(open_graph([str(SEED)], lambda _: None), NUMBER)), "pdf")
    assert re.findall(rb"/Subtype /(Type3|TrueType|CIDFontType2)", data)
    assert b"/Type3" not in data


CALLS = """
const calls = [], sheet = document.createElement('canvas').getContext('2d');
picture.paint(new Proxy(sheet, {
  get: (target, name) => typeof target[name] === 'function'
    ? (...values) => { calls.push([name, target.globalAlpha]); return target[name](...values); } : target[name],
  set: (target, name, value) => { target[name] = value; return true; },
}), [1440, 900], 1);
return calls;
"""
"""Returns the names of the calls that paint the picture, each with its opacity."""


def test_the_links_of_a_chosen_card_are_below_all_cards(browser: Browser, tmp_path: Path) -> None:
    page = tmp_path / "study.html"
    draw([str(SEED)], str(page), DrawRequest(), reject=lambda _: None)
    browser.open(page, f"#node=https://clinicaltrials.gov/study/{NUMBER}")
    calls = browser.run(CALLS)
    names = [name for name, _ in calls]
    last_curve = len(names) - 1 - names[::-1].index("bezierCurveTo")
    cards = [i for i, name in enumerate(names) if name == "roundRect"]
    assert len(cards) > 15
    assert last_curve < cards[0]
    fills = [calls[names.index("fill", i)] for i in cards[:-1]]  # the last one is the frame of the chosen card
    assert fills == [["fill", 1]] * len(fills), "a dimmed card is opaque"
