"""The paths of the pages that are no resources."""

from __future__ import annotations

START = "/"
STUDIES = "/studies"
"""The list of studies, with the parameter ``q`` for a search."""
COMPARE = "/compare"
"""The comparison of studies, with a parameter ``study`` for each."""
SPARQL = "/sparql"
ABOUT = "/about"
STATIC = "/static/"
TOWN = "/town/"
"""The page of a town, followed by its key in the catalogue, such as ``FR:Montpellier``."""
