"""Take the screenshots in ``docs/pictures`` whose names begin with ``serve-``: the pages of ``kg serve`` in a browser.

    python tools/serve_gallery.py DATA [NAME...]

It needs Chromium. DATA is a store with a few thousand studies, the study of ``tests/data/NCT02059759.txt`` and MeSH.
Without names, all screenshots are taken.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

TOP = Path(__file__).parent.parent
sys.path.insert(0, str(TOP))

from tests.browser import Browser  # noqa: E402 -- importable once the path is set
from tests.serving import serving  # noqa: E402
from tools.draw_gallery import PICTURES, reduce_colours  # noqa: E402

SIZE = (1360, 850)
PHONE = (390, 780)
SEED = "/study/NCT02059759"
SHOTS: list[tuple[str, str, tuple[int, int], bool, str]] = [
    ("start", "/", SIZE, False, ""),
    ("list", "/studies?q=cancer&phase=PHASE2&status=RECRUITING", SIZE, False, ""),
    (
        "sparql-of-list",
        "/studies?country=FR&phase=PHASE3",
        SIZE,
        False,
        "document.querySelector('.sparql').open = true",
    ),
    ("map", "/studies?view=map&condition=D009369", SIZE, False, ""),
    ("charts", "/studies?view=charts&condition=D009369", SIZE, True, ""),
    ("network", "/studies?view=network&condition=D009369", SIZE, False, ""),
    ("phone", "/studies?country=FR", PHONE, False, ""),
    ("query", "/query?name=phases_by_year&run=1&view=chart", SIZE, False, ""),
    ("study", SEED, SIZE, False, ""),
    ("study-dark", SEED, SIZE, True, ""),
    ("study-phone", SEED, PHONE, False, ""),
    ("outcomes", SEED, SIZE, False, "document.getElementById('outcomes').scrollIntoView()"),
    ("overview-results", "/study/NCT04435626", SIZE, False, "document.getElementById('results').scrollIntoView()"),
    ("results", "/study/NCT01874431/results", SIZE, False, ""),
    ("events", "/study/NCT04435626/adverse-events", SIZE, False, "document.getElementById('events').scrollIntoView()"),
    ("sites", "/study/NCT04435626", SIZE, False, "document.getElementById('sites').scrollIntoView()"),
    ("compare", "/compare?study=NCT01874431&study=NCT04435626&study=NCT05254002", SIZE, False, ""),
    ("condition", "/mesh/D009369", SIZE, False, ""),
    ("sponsor", "/organization/Bayer", SIZE, False, ""),
    ("country", "/country/FR", SIZE, False, ""),
]
"""Name, path, size, whether to use the dark theme, and a script to run before the screenshot."""


def main(data: str, *names: str) -> None:
    """Take the screenshots."""
    with tempfile.TemporaryDirectory() as scratch, serving([data], Path(scratch) / "access.log") as server:
        while server.get("/studies").status != 200:
            time.sleep(0.3)
        for name, path, size, is_dark, script in SHOTS:
            if not names or name in names:
                browser = Browser(Path(scratch), size=size, dark=is_dark)
                browser.driver.get(server.url + path)
                browser.wait("return document.readyState === 'complete'")
                browser.run(script or "return 1")
                time.sleep(0.5)
                picture = PICTURES / f"serve-{name}.png"
                picture.write_bytes(reduce_colours(browser.driver.get_screenshot_as_png()))
                print(f"{picture.relative_to(TOP)}: {picture.stat().st_size / 1000:.0f} kB")
                browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
