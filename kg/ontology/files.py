"""The files shipped with the package: the ontology and the queries."""

from __future__ import annotations

from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parents[1]


@cache
def folder(name: str) -> Path:
    """Return the folder ``ontology`` or ``queries``: inside an installed package, or next to it in a checkout."""
    inside = PACKAGE / "data" / name
    return inside if inside.is_dir() else PACKAGE.parent / name
