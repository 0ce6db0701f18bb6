"""Measure the loading time and the frame rate of pages of ``kg draw`` in Chromium without a GPU.

    python benchmarks/draw.py [STUDIES...]

The pages have 2,000 and 10,000 nodes of a random network with communities. With STUDIES, the time to draw these is
measured too.
"""

from __future__ import annotations

import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from kg.draw.html_page import picture_page
from kg.draw.network_layout import layout_network
from kg.draw.picture import Detail, Node, Picture
from tests.browser import Browser

KINDS = ("Study", "Condition", "Intervention", "Organization", "Publication")
PAN = "state.x += 6; state.y += 3"
ZOOM = "state.z *= i % 40 < 20 ? 1.03 : 1 / 1.03"


def network(size: int) -> Picture:
    """Return a deterministic random network whose nodes have most of their links within their community."""
    chance = random.Random(1)
    picture = Picture(f"{size:,} nodes")
    groups = max(size // 80, 1)
    for i in range(size):
        node = Node(f"n{i}", KINDS[i % len(KINDS)], f"A thing with a name of its own {i}", chance.paretovariate(1.3))
        node.details = [Detail("fact", f"A value of a property in some words {i}") for _ in range(4)]
        picture.add(node)
    for i in range(size):
        for _ in range(2):
            j = (
                chance.randrange(size // groups) * groups + i % groups
                if chance.random() < 0.9
                else chance.randrange(size)
            )
            if j < size and j != i:
                picture.link(f"n{i}", f"n{j}")
    return picture


def measure(size: int, folder: Path) -> str:
    picture = network(size)
    started = time.monotonic()
    layout_network(picture)
    laid = time.monotonic() - started
    path = folder / f"{size}.html"
    path.write_bytes(picture_page(picture))
    browser = Browser(folder)
    ready = sorted(browser.open(path) for _ in range(3))[1]
    frames = {
        name: browser.run(f"return picture.frames(60, (i, state) => {{ {move} }})")
        for name, move in (("pan", PAN), ("zoom", ZOOM))
    }
    browser.close()
    rates = ", ".join(f"{name} {rate:.0f} frames/s" for name, rate in frames.items())
    weight = path.stat().st_size / 1e6
    what = f"{size:,} nodes, {len(picture.edges):,} links"
    return f"{what}: laid out {laid:.1f} s, {weight:.1f} MB, ready {ready} ms, {rates}"


def drawing_time(studies: list[str], folder: Path) -> str:
    started = time.monotonic()
    command = [sys.executable, "-m", "kg", "draw", *studies, "-o", str(folder / "page.html")]
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    return f"page of {' '.join(studies)}: {time.monotonic() - started:.1f} s"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        for size in (2000, 10000):
            print(measure(size, Path(name)), flush=True)
        if sys.argv[1:]:
            print(drawing_time(sys.argv[1:], Path(name)))
