"""The map of a list: places, merged where they lie close together, with their numbers of studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from markupsafe import Markup

from kg.draw.text_metrics import text_width
from kg.draw.world_map import project
from kg.serve.catalogue import Matches
from kg.serve.columns import Ints, distinct_pairs
from kg.serve.drawings import svg, text
from kg.serve.formats import count_text
from kg.serve.maps import land_path
from kg.serve.places import Places

WIDTH, HEIGHT = 1000, 560
"""The size of the map in pixels."""
WORLD = (-1150, -560, 2300)
"""The frame of the whole map: its left edge, its upper edge and its width in pixels of the projection."""
CELL = 38.0
"""The size of the squares whose places are merged, in pixels of the map."""
SMALLEST = 24
"""The least width of a frame."""
MAX_LABELS = 40
Frame = tuple[int, int, int]
Numbers = npt.NDArray[np.float64]


class Cluster(NamedTuple):
    """Places that are drawn as one circle; ``x`` and ``y`` are in pixels of the projection."""

    x: float
    y: float
    studies: int
    places: int
    point: int
    """The index of the point with the most studies."""
    frame: Frame
    """The frame that shows all places."""


@dataclass(frozen=True, slots=True)
class StudyMap:
    """A map of the studies of a list."""

    frame: Frame
    clusters: list[Cluster]
    shown: int
    """The number of studies with a place within the frame."""
    placed: int
    """The number of studies with a place."""


@lru_cache(maxsize=2)
def _projected(places: Places) -> tuple[Numbers, Numbers]:
    points = [project(x, y) for x, y in zip(places.longitudes.tolist(), places.latitudes.tolist(), strict=True)]
    table = np.array(points, np.float64).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def study_map(matches: Matches, frame: Frame | None) -> StudyMap:
    """Return the map of a list; without a frame, it is fitted to the places."""
    places = matches.catalogue.places
    x, y = _projected(places)
    chosen = matches.mask[places.points.studies]
    studies, points = places.points.studies[chosen], places.points.values[chosen]
    placed = len(np.unique(studies))
    frame = frame or fitted(x[points], y[points])
    left, top, width = frame
    inside = (x >= left) & (x <= left + width) & (y >= top) & (y <= top + width * HEIGHT / WIDTH)
    within = inside[points]
    studies, points = studies[within], points[within]
    clusters = _clusters(studies, points, x, y, frame) if len(points) else []
    return StudyMap(frame, clusters, len(np.unique(studies)), placed)


def fitted(x: Numbers, y: Numbers) -> Frame:
    """Return the frame that shows places; single far places do not make it the whole world."""
    if not len(x):
        return WORLD
    left, right = np.percentile(x, [1, 99]) if len(x) > 200 else (x.min(), x.max())
    top, bottom = np.percentile(y, [1, 99]) if len(y) > 200 else (y.min(), y.max())
    return around(float(left), float(right), float(top), float(bottom))


def around(left: float, right: float, top: float, bottom: float) -> Frame:
    """Return a frame with some room around a box, at most the whole map."""
    width = max(1.25 * (right - left), 1.3 * (bottom - top) * WIDTH / HEIGHT, SMALLEST)
    if width >= WORLD[2]:
        return WORLD
    height = width * HEIGHT / WIDTH
    return round((left + right - width) / 2), round((top + bottom - height) / 2), round(width)


def _clusters(studies: Ints, points: Ints, x: Numbers, y: Numbers, frame: Frame) -> list[Cluster]:
    """Return the clusters of pairs of a study and a point; the one with the most studies comes first."""
    size = CELL * frame[2] / WIDTH
    row, column = ((y[points] - frame[1]) // size).astype(np.int64), ((x[points] - frame[0]) // size).astype(np.int64)
    _, cells = np.unique(row * 10_000 + column, return_inverse=True)
    numbers = np.bincount(distinct_pairs(cells, studies, int(studies.max()) + 1)[0])
    weights = np.bincount(points, minlength=len(x))
    found: list[Cluster] = []
    order = np.argsort(cells, kind="stable")
    for members in np.split(points[order], np.flatnonzero(np.diff(cells[order])) + 1):
        own = np.unique(members)
        box = around(float(x[own].min()), float(x[own].max()), float(y[own].min()), float(y[own].max()))
        main = int(own[np.argmax(weights[own])])
        middle = np.average(x[own], weights=weights[own]), np.average(y[own], weights=weights[own])
        found.append(Cluster(float(middle[0]), float(middle[1]), int(numbers[len(found)]), len(own), main, box))
    return sorted(found, key=lambda cluster: -cluster.studies)


def map_svg(drawn: StudyMap, places: Places, url: Callable[[Cluster], str]) -> Markup:
    """Return the map as SVG; ``url`` returns the URL of a cluster, which is empty for one without."""
    left, top, width = drawn.frame
    scale = WIDTH / width
    most = max((cluster.studies for cluster in drawn.clusters), default=1)
    circles, labels = [], _Labels()
    for cluster in drawn.clusters:
        cx, cy = (cluster.x - left) * scale, (cluster.y - top) * scale
        radius = 4.5 + 17 * (cluster.studies / most) ** 0.5
        circles.append(_circle(cx, cy, radius, cluster, title_of(cluster, places), url(cluster)))
        labels.add(cx, cy, radius, cluster, places.points.labels[cluster.point].partition(",")[0])
    labels.place()
    box = (left, top, width, width * HEIGHT / WIDTH)
    land = f'<path class="land" d="{land_path(box)}"/>'
    shift = f"scale({scale:.4f}) translate({-left} {-top})"
    parts = [f'<g transform="{shift}">{land}</g>', *circles, *labels.texts]
    return svg("Map of the studies", "map study-map", (0, 0, WIDTH, HEIGHT), parts)


def title_of(cluster: Cluster, places: Places) -> str:
    """Return the places and the number of studies of a cluster."""
    others = f" and {count_text(cluster.places - 1, 'more place')}" if cluster.places > 1 else ""
    name = places.points.labels[cluster.point] or "A place"
    return f"{name}{others}: {count_text(cluster.studies, 'study', 'studies')}"


def _circle(x: float, y: float, radius: float, cluster: Cluster, title: str, url: str) -> str:
    name = "site" if cluster.places == 1 else "site many"
    mark = f'<circle class="{name}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>{escape(title)}</title></circle>'
    return f'<a href="{escape(url)}" aria-label="{escape(title)}">{mark}</a>' if url else mark


class _Labels:
    """Numbers in large circles, and names beside circles where there is room."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._circles: list[tuple[float, float, float, str]] = []
        self._boxes: list[tuple[float, float, float, float]] = []

    def add(self, x: float, y: float, radius: float, cluster: Cluster, name: str) -> None:
        """Add a circle; the largest comes first."""
        self._circles.append((x, y, radius, name))
        self._boxes.append((x - radius, y - radius, x + radius, y + radius))
        if radius > 8.5 and text_width(number := f"{cluster.studies:,}", 11) < 2 * radius - 1:
            self.texts.append(text(x, y + 4, number, "inside", "middle", 11))

    def place(self) -> None:
        """Write names beside the circles, none over a circle or another name."""
        names = 0
        for x, y, radius, name in self._circles:
            width = text_width(name, 12)
            for left in (x + radius + 4, x - radius - 4 - width):
                box = (left, y - 8, left + width, y + 8)
                if name and names < MAX_LABELS and box[0] > 2 and box[2] < WIDTH - 2 and self._is_free(box):
                    self.texts.append(text(left, y + 4, name, size=12))
                    self._boxes.append(box)
                    names += 1
                    break

    def _is_free(self, box: tuple[float, float, float, float]) -> bool:
        return not any(
            box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in self._boxes
        )
