"""World map: the outline of the land and the Natural Earth projection.

The outline is Natural Earth's land at 1:110 million, which is in the public domain (https://www.naturalearthdata.com/).
The projection uses the polynomials of Šavrič, Patterson and Jenny (2016, doi:10.1080/17538947.2015.1119208).
"""

from __future__ import annotations

import json
import math

from kg.draw import ASSETS

SCALE = 420.0
"""Pixels per radian at the centre of the map."""


def project(longitude: float, latitude: float) -> tuple[float, float]:
    """Return coordinates in degrees as pixels right of and below the centre of the map.

    >>> project(0, 0), project(180, 0)
    ((0.0, 0.0), (1148.9, 0.0))
    """
    lam, phi = math.radians(longitude), math.radians(latitude)
    square = phi * phi
    fourth = square * square
    x = lam * (0.8707 - 0.131979 * square + fourth * (-0.013791 + fourth * (0.003971 * square - 0.001529 * fourth)))
    y = phi * (1.007226 + square * (0.015085 + fourth * (-0.044475 + 0.028874 * square - 0.005916 * fourth)))
    return round(x * SCALE, 1), round(-y * SCALE, 1) + 0.0


def land_rings() -> list[list[tuple[float, float]]]:
    """Return the rings of the land without Antarctica; a ring that crosses the date line continues beyond it."""
    rings = json.loads((ASSETS / "land.json").read_text("utf-8"))
    return [_project_ring(ring) for ring in rings if max(point[1] for point in ring) > -600]


def _project_ring(ring: list[tuple[int, int]]) -> list[tuple[float, float]]:
    points, shift, previous = [], 0, ring[0][0]
    for x, y in ring:
        shift -= 3600 * round((x - previous) / 3600)
        previous = x
        points.append((x + shift, y))
    offset = 3600 * round(sum(x for x, _ in points) / len(points) / 3600)
    return [project((x - offset) / 10, y / 10) for x, y in points]
