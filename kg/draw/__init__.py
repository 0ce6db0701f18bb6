"""Pictures of a graph: interactive HTML pages that work offline, and SVG, PNG and PDF files.

A view builds a picture (:mod:`kg.draw.picture`) from a graph (:mod:`kg.draw.graph`); a layout places its nodes; the
result is written as a page, or as a scene of drawing primitives (:mod:`kg.draw.scene`).
"""

from __future__ import annotations

from pathlib import Path

ASSETS = Path(__file__).parent / "assets"
VIEWS = ("conditions-interventions", "sponsors", "sites", "mesh", "references")
"""The names of the views of a whole graph; :data:`kg.draw.views.VIEWS` has their functions."""
OLD_VIEWS = {"condition-intervention": "conditions-interventions"}
"""The name of ``kg network`` for a view in versions up to 0.2.0, which is accepted too."""
RENDERERS = ("canvas", "pyvis")
"""The renderers of a page: the script of this package, or vis-network by pyvis."""
SUFFIXES = (".html", ".svg", ".png", ".pdf")
"""The suffixes of the output formats."""
DEFAULT_LIMIT = 2000
"""Default maximum number of nodes in a network; a map shows all towns."""
RESULTS = ("resultsSection", "documentSection")
"""The sections of a record with results, which most pictures do not show."""
