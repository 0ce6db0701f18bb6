"""Labels lay over nodes, and the largest node of a community had none."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from kg.draw.html_page import picture_page
from kg.draw.labels import mark_box, place_labels
from kg.draw.network_layout import layout_network
from kg.draw.picture import Node, Picture
from tests.browser import Browser


@pytest.fixture(scope="module")
def picture() -> Picture:
    """Return six communities of 60 nodes, dense enough that the hub has no room for a label next to it."""
    picture = Picture("Hubs")
    for i, j in itertools.product(range(6), range(60)):
        name = f"Hub {i} of its community" if j == 0 else f"Node {i} {j}"
        picture.add(Node(f"{i}-{j}", "Condition" if j % 2 else "Intervention", name, 60.0 if j == 0 else 1.0 + j % 9))
    for i, j in itertools.product(range(6), range(1, 60)):
        picture.link(f"{i}-0", f"{i}-{j}")
        picture.link(f"{i}-{j}", f"{i}-{j % 59 + 1}")
        if j == 1:
            picture.link(f"{i}-1", f"{(i + 1) % 6}-1")
    layout_network(picture)
    return picture


def overlaps(a: list[float] | tuple[float, ...], b: list[float] | tuple[float, ...]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def test_each_hub_has_a_label_and_no_label_covers_another_or_a_node(picture: Picture) -> None:
    placed = place_labels(picture.nodes.values(), picture.regions)
    hubs = {f"{i}-0" for i in range(6)}
    assert {region.hub for region in picture.regions} == hubs
    assert hubs <= {label.node.id for label in placed}
    assert len(placed) > 12
    for a, b in itertools.combinations(placed, 2):
        assert not overlaps(a.box, b.box), (a.text, b.text)
    for label in placed:
        covered = [node.id for node in picture.nodes.values() if overlaps(label.box, mark_box(node))]
        assert not covered, (label.text, covered)


@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_the_labels_of_a_page_cover_nothing(
    browser: Browser, picture: Picture, tmp_path: Path, size: tuple[int, int]
) -> None:
    page = tmp_path / "hubs.html"
    page.write_bytes(picture_page(picture, "hubs"))
    window = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
    browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    try:
        browser.open(page)
        labels, marks = browser.run("return [picture.labels(), picture.marks()]")
    finally:
        window |= {"width": 1440, "height": 900}
        browser.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", window)
    assert {f"{i}-0" for i in range(6)} <= {id_ for id_, _ in labels}
    for (a, box), (b, other) in itertools.combinations(labels, 2):
        assert not overlaps(box, other), (a, b)
    for id_, box in labels:
        for x, y, radius in marks:
            reach = radius * 0.8
            assert not overlaps(box, (x - reach, y - reach, x + reach, y + reach)), id_
