"""World map: the outlines of the countries and the Natural Earth projection.

The outlines are Natural Earth's countries at 1:110 million, which are in the public domain (https://www.naturalearthdata.com/).
The projection uses the polynomials of Šavrič, Patterson and Jenny (2016, doi:10.1080/17538947.2015.1119208).
"""

from __future__ import annotations

import json
import math
from functools import cache

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


@cache
def _countries() -> dict[str, list[list[tuple[int, int]]]]:
    """Return the rings of the countries by code, in tenths of a degree."""
    countries: dict[str, list[list[tuple[int, int]]]] = json.loads((ASSETS / "countries.json").read_text("utf-8"))
    return countries


def land_rings() -> list[list[tuple[float, float]]]:
    """Return the rings of the countries without Antarctica; a ring that crosses the date line continues beyond it."""
    rings = (ring for rings in _countries().values() for ring in rings)
    return [_project_ring(ring) for ring in rings if max(point[1] for point in ring) > -600]


def country_labels(totals: dict[str, tuple[str, int]]) -> list[tuple[float, float, str]]:
    """Return the place and the text of a label for each country with an outline, that with the largest total first.

    >>> country_labels({"FR": ("France", 1200), "XX": ("Atlantis", 1)})
    [(13.4, -344.3, 'France 1,200')]
    """
    ranked = sorted(totals.items(), key=lambda pair: (-pair[1][1], pair[0]))
    return [(*_middle(code), f"{name} {number:,}") for code, (name, number) in ranked if code in _countries()]


def _middle(code: str) -> tuple[float, float]:
    """Return the centre of gravity of the largest ring of a country on the map."""
    area, x, y = max(
        (_moments(_project_ring(ring)) for ring in _countries()[code]), key=lambda moments: abs(moments[0])
    )
    return round(x / (3 * area), 1), round(y / (3 * area), 1)


def _moments(ring: list[tuple[float, float]]) -> tuple[float, float, float]:
    """Return twice the area of a ring, and six times its first moments."""
    area = x = y = 0.0
    for (a, b), (c, d) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = a * d - c * b
        area, x, y = area + cross, x + (a + c) * cross, y + (b + d) * cross
    return area, x, y


def _project_ring(ring: list[tuple[int, int]]) -> list[tuple[float, float]]:
    points, shift, previous = [], 0, ring[0][0]
    for x, y in ring:
        shift -= 3600 * round((x - previous) / 3600)
        previous = x
        points.append((x + shift, y))
    offset = 3600 * round(sum(x for x, _ in points) / len(points) / 3600)
    return [project((x - offset) / 10, y / 10) for x, y in points]
