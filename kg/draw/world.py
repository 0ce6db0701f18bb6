"""The map: the outline of the land and places on it, in the Natural Earth projection.

The outline is Natural Earth's land at 1:110 million, which is in the public domain (https://www.naturalearthdata.com/);
the projection is that of Šavrič, Patterson and Jenny (2016, doi:10.1080/17538947.2015.1119208), by its polynomials.
"""

from __future__ import annotations

import json
import math

from kg.draw.letters import ASSETS

SCALE = 420.0
"""Pixels of one radian at the middle of the map."""


def projected(longitude: float, latitude: float) -> tuple[float, float]:
    """A place in degrees as pixels from the middle of the map, to the right and down.

    >>> projected(0, 0), projected(180, 0)
    ((0.0, 0.0), (1148.9, 0.0))
    """
    lam, phi = math.radians(longitude), math.radians(latitude)
    square = phi * phi
    fourth = square * square
    x = lam * (0.8707 - 0.131979 * square + fourth * (-0.013791 + fourth * (0.003971 * square - 0.001529 * fourth)))
    y = phi * (1.007226 + square * (0.015085 + fourth * (-0.044475 + 0.028874 * square - 0.005916 * fourth)))
    return round(x * SCALE, 1), round(-y * SCALE, 1) + 0.0


def land() -> list[list[tuple[float, float]]]:
    """The rings of the land, without Antarctica; one that crosses the date line goes on beyond it."""
    rings = json.loads((ASSETS / "land.json").read_text("utf-8"))
    return [_outline(ring) for ring in rings if max(point[1] for point in ring) > -600]


def _outline(ring: list[tuple[int, int]]) -> list[tuple[float, float]]:
    steps, shift, before = [], 0, ring[0][0]
    for x, y in ring:
        shift -= 3600 * round((x - before) / 3600)
        before = x
        steps.append((x + shift, y))
    home = 3600 * round(sum(x for x, _ in steps) / len(steps) / 3600)
    return [projected((x - home) / 10, y / 10) for x, y in steps]
