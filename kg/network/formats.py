"""Names of the output formats and of the views."""

from __future__ import annotations

FILE_FORMATS = {"graphml": ".graphml", "gexf": ".gexf"}
"""Formats of one file, with the extension of its name."""
KGX_FORMATS = ("kgx", "kgx-jsonl")
FOLDER_FORMATS = (*KGX_FORMATS, "neo4j")
"""Formats of several files in a folder."""
FORMATS = (*FILE_FORMATS, *FOLDER_FORMATS)
CORE, ALL = "core", "all"
"""The views with the edges of the graph: without and with the details of studies."""
PROJECTIONS = ("conditions-interventions", "sponsors-conditions", "sites-studies")
"""Networks of two kinds; conditions and interventions are MeSH terms, sponsors are lead sponsors."""
VIEWS = (CORE, ALL, *PROJECTIONS)
OLD_VIEWS = dict(zip(("condition-intervention", "sponsor-condition", "site-study"), PROJECTIONS, strict=True))
"""The names of the projections in versions up to 0.2.0, which are still accepted."""
