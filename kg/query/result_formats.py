"""Formats of query results: by extension of the output, and by form of the query."""

from __future__ import annotations

import pyoxigraph as ox

from kg.errors import UsageError
from kg.rdf.atomic import STANDARD_OUTPUT, is_stream
from kg.rdf.compress import PARQUET

TABLE = "table"
BINDINGS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}
GRAPHS = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES}
FORMATS = (TABLE, *BINDINGS, "parquet", *GRAPHS)
EXTENSIONS = {
    ".txt": TABLE,
    ".csv": "csv",
    ".tsv": "tsv",
    ".json": "json",
    ".srj": "json",
    ".xml": "xml",
    ".srx": "xml",
    ".ttl": "turtle",
    ".nt": "ntriples",
    PARQUET: "parquet",
}
"""Extension -> format; ``.gz`` or ``.zst`` may follow, except after ``.parquet``."""
_COMPRESSIONS = (".gz", ".zst")


def result_format(output: str, requested: str | None = None) -> str:
    """Return the requested format, or else that of the extension of an output; a table for a stream.

    >>> result_format("phase2.csv.gz"), result_format("phase2.csv", "json"), result_format("-")
    ('csv', 'json', 'table')

    Raises :class:`~kg.errors.UsageError` for an unknown extension, and for Parquet with compression.
    """
    plain = _uncompressed(output)
    name = requested or next(
        (name for extension, name in EXTENSIONS.items() if plain.lower().endswith(extension)), None
    )
    if name == "parquet" and plain != output:
        raise UsageError(f"Parquet has its own compression; end the name {output} in {PARQUET}.")
    if name is None and not is_stream(output):
        extensions = ", ".join(EXTENSIONS)
        raise UsageError(f"The name {output} has no known extension; use one of {extensions}, or the option --format.")
    return name or TABLE


def _uncompressed(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return output
    extension = next((extension for extension in _COMPRESSIONS if output.endswith(extension)), "")
    return output.removesuffix(extension)


def check_fits(name: str, form: str) -> None:
    """Raise :class:`~kg.errors.UsageError` if the results of a form of query cannot be written in a format.

    >>> check_fits("csv", "SELECT")
    >>> check_fits("csv", "CONSTRUCT")
    Traceback (most recent call last):
    kg.errors.UsageError: A graph is written as table, turtle, ntriples, not as csv.
    """
    subject, formats = {
        "ASK": ("Yes or no is", (TABLE, *BINDINGS)),
        "CONSTRUCT": ("A graph is", (TABLE, *GRAPHS)),
        "DESCRIBE": ("A graph is", (TABLE, *GRAPHS)),
    }.get(form, ("Rows are", (TABLE, *BINDINGS, "parquet")))
    if name not in formats:
        raise UsageError(f"{subject} written as {', '.join(formats)}, not as {name}.")
