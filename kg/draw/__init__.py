"""Pictures of a graph: pages for browsers that need nothing else, and drawings for paper.

A picture (:mod:`kg.draw.picture`) is made from a graph (:mod:`kg.draw.graph`) by one of the views, is laid out in
Python, and is then written as a page or as a scene of marks.
"""

from __future__ import annotations

VIEWS = ("conditions-interventions", "sponsors", "sites", "mesh", "references")
"""The names of the views of a whole graph, which :data:`kg.draw.views.VIEWS` makes."""
RENDERERS = ("canvas", "pyvis")
"""What draws on a page: our own script, or vis-network by pyvis."""
ENDINGS = (".html", ".svg", ".png", ".pdf")
"""What a picture can be written as."""
LIMIT = 2000
"""Nodes that a network shows unless another number is given; a map shows all towns."""
