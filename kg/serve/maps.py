"""Maps of sites as SVG, fitted to where they are."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from html import escape

from markupsafe import Markup

from kg.draw.text_metrics import text_width
from kg.draw.world_map import land_rings, project
from kg.serve.drawings import svg, text

WIDTH, HEIGHT = 1000.0, 400.0
"""The size of a map in pixels."""
SMALLEST = 190.0
"""The least width of the part of the world that is shown, in pixels of the projection: about 30 degrees."""
MAX_LABELS = 14


@dataclass(frozen=True, slots=True)
class Spot:
    """A place with a number of sites or studies; ``url`` is empty for one without a page."""

    longitude: float
    latitude: float
    number: int
    name: str
    url: str = ""


def map_drawing(spots: Iterable[Spot], noun: str = "site", plural: str = "") -> Markup:
    """Return a map with a circle for each place, or nothing if there are no places."""
    placed = sorted(((project(s.longitude, s.latitude), s) for s in spots), key=lambda item: -item[1].number)
    if not placed:
        return Markup("")
    frame = frame_of([place for place, _ in placed])
    scale = WIDTH / frame[2]
    most = max(spot.number for _, spot in placed)
    points = [
        ((x - frame[0]) * scale, (y - frame[1]) * scale, _radius(spot.number, most, len(placed)))
        for (x, y), spot in placed
    ]
    circles, labels = [], _Labels(points[: 2 * MAX_LABELS])
    for point, (_, spot) in zip(points, placed, strict=True):
        title = f"{spot.name}: {spot.number:,} {noun if spot.number == 1 else plural or noun + 's'}"
        circles.append(_circle(*point, title, spot.url))
        labels.add(*point, spot.name)
    shift = f"scale({scale:.4f}) translate({-frame[0]:.2f} {-frame[1]:.2f})"
    land = f'<g transform="{shift}"><path class="land" d="{land_path(frame)}"/></g>'
    label = f"Map: {', '.join(spot.name for _, spot in placed[:8])}"
    return svg(label, "map", (0, 0, WIDTH, HEIGHT), [land, *circles, *labels.texts])


def _radius(number: int, most: int, places: int) -> float:
    """Return the radius of a circle, whose area shows a number; circles of many places are smaller."""
    return (5 + 13 * math.sqrt(number / most) if most > 1 else 7) * min(max(6 / math.sqrt(places), 0.45), 1)


def _circle(x: float, y: float, radius: float, title: str, url: str) -> str:
    circle = f'<circle class="site" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escape(title)}</title></circle>'
    return f'<a href="{escape(url)}" aria-label="{escape(title)}">{circle}</a>' if url else circle


class _Labels:
    """Names of places, without those that would lie over another name or over a large place, or leave the map."""

    def __init__(self, points: list[tuple[float, float, float]]) -> None:
        self.texts: list[str] = []
        self._boxes: list[tuple[float, float, float, float]] = [
            (x - 0.7 * r, y - 0.7 * r, x + 0.7 * r, y + 0.7 * r) for x, y, r in points
        ]

    def add(self, x: float, y: float, radius: float, name: str) -> None:
        if len(self.texts) >= MAX_LABELS:
            return
        width = text_width(name, 13)
        for left in (x + radius + 5, x - radius - 5 - width):
            box = (left, y - 8, left + width, y + 8)
            inside = box[0] > 4 and box[2] < WIDTH - 4 and box[1] > 2 and box[3] < HEIGHT - 2
            if inside and not any(_overlap(box, other) for other in self._boxes):
                self.texts.append(text(left, y + 4.5, name, size=13))
                self._boxes.append(box)
                return


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def frame_of(places: list[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Return the part of the projection that shows all places: its left, top, width and height."""
    left, right = min(x for x, _ in places), max(x for x, _ in places)
    top, bottom = min(y for _, y in places), max(y for _, y in places)
    width = max(1.25 * (right - left), 1.35 * (bottom - top) * WIDTH / HEIGHT, SMALLEST)
    height = width * HEIGHT / WIDTH
    return (left + right - width) / 2, (top + bottom - height) / 2, width, height


@cache
def _rings() -> list[tuple[tuple[float, float, float, float], str]]:
    """Return the bounding box and the path of each ring of the land."""
    rings = []
    for ring in land_rings():
        xs, ys = [x for x, _ in ring], [y for _, y in ring]
        path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"
        rings.append(((min(xs), min(ys), max(xs), max(ys)), path))
    return rings


def land_path(frame: tuple[float, float, float, float]) -> str:
    """Return the path of the land that a part of the projection shows."""
    box = (frame[0], frame[1], frame[0] + frame[2], frame[1] + frame[3])
    return "".join(path for ring, path in _rings() if _overlap(ring, box))
