"""Names of the output formats and of the views."""

from __future__ import annotations

FILE_FORMATS = {"graphml": ".graphml", "gexf": ".gexf"}
"""Formats of one file, with the extension of its name."""
FOLDER_FORMATS = ("kgx", "kgx-jsonl", "neo4j")
"""Formats of several files in a folder."""
FORMATS = (*FILE_FORMATS, *FOLDER_FORMATS)
VIEWS = ("condition-intervention", "sponsor-condition", "site-study")
"""Projections; conditions and interventions are MeSH terms, sponsors are lead sponsors."""
