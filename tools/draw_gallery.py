"""Take the screenshots in ``docs/pictures``: every view of ``kg draw`` in a browser.

    python tools/draw_gallery.py STUDIES

It needs Chromium. STUDIES are a few thousand study records; the pictures of a single study use ``tests/data``.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP))

from tests.browser import Browser  # noqa: E402 -- importable once the path is set

PICTURES = TOP / "docs" / "pictures"
SEED = str(TOP / "tests" / "data" / "NCT02059759.txt")
QUERY = str(TOP / "tests" / "data" / "queries" / "sponsors-of-conditions.rq")
SIZE = (1360, 850)

SELECT = "location.hash = '#' + new URLSearchParams({node: arguments[0]})"
OPEN = "location.hash = '#' + new URLSearchParams({turn: arguments[0]})"
SHOTS: list[tuple[str, list[str], bool, tuple[str, ...]]] = [
    ("study", [SEED], False, ()),
    ("study-dark", [SEED], True, (SELECT, "https://w3id.org/trialkg/part/NCT02059759-intervention-3")),
    ("outcomes", [SEED], False, (OPEN, "https://clinicaltrials.gov/study/NCT02059759#secondaryOutcome")),
    ("conditions-interventions", ["STUDIES"], False, ()),
    ("condition", ["STUDIES"], False, (SELECT, "http://id.nlm.nih.gov/mesh/D001249")),
    ("sponsors", ["STUDIES", "--view", "sponsors"], False, ()),
    ("sites", ["STUDIES", "--view", "sites"], False, ()),
    ("mesh", ["STUDIES", "--view", "mesh"], False, ()),
    ("references", ["STUDIES", "--view", "references"], False, ()),
    ("around", ["STUDIES", "--around", "Omalizumab", "--depth", "1"], False, ()),
    ("query", ["STUDIES", "--query", QUERY, "--limit", "300"], False, ()),
    ("ontology", ["--ontology"], False, ()),
    ("summary", ["STUDIES", "--summary"], False, ()),
    ("pyvis", ["STUDIES", "--view", "sponsors", "--limit", "300", "--renderer", "pyvis"], False, ()),
]
"""Name, arguments of ``kg draw``, whether to use the dark theme, and a script to run before the screenshot."""


def reduce_colours(png: bytes) -> bytes:
    """Return an image reduced to 255 colours, including all colours of the pictures."""
    result = io.BytesIO()
    rgb = Image.open(io.BytesIO(png)).convert("RGB")
    few = rgb.quantize(255, method=Image.Quantize.MAXCOVERAGE, kmeans=2, dither=Image.Dither.NONE)
    few.save(result, "PNG", optimize=True)
    return result.getvalue()


def main(studies: str, only: list[str]) -> None:
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name, words, dark, script in SHOTS:
            if only and name not in only:
                continue
            page = Path(folder) / f"{name}.html"
            arguments = [studies if word == "STUDIES" else word for word in words]
            command = [sys.executable, "-m", "kg", "draw", *arguments, "-o", str(page)]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            browser = Browser(Path(folder), size=SIZE, dark=dark)
            browser.driver.get(page.as_uri())
            browser.run("return new Promise((done) => setTimeout(done, 1500))")
            if script:
                browser.run(*script)
                browser.run("return new Promise((done) => setTimeout(done, 500))")
                browser.run("document.getElementById('fit').click()")
                browser.run("return new Promise((done) => setTimeout(done, 500))")
            (PICTURES / f"{name}.png").write_bytes(reduce_colours(browser.driver.get_screenshot_as_png()))
            browser.close()
            print(name, (PICTURES / f"{name}.png").stat().st_size, flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
