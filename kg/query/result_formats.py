"""Formats of query results: what the name of an output says, and which format fits which form of query."""

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
ENDINGS = {
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
"""The format that the ending of a name says; ``.gz`` or ``.zst`` may follow, except after ``.parquet``."""
_COMPRESSIONS = (".gz", ".zst")


def result_format(output: str, requested: str | None = None) -> str:
    """The format that is requested, or else the one that the name of an output says; a table for a stream.

    >>> result_format("phase2.csv.gz"), result_format("phase2.csv", "json"), result_format("-")
    ('csv', 'json', 'table')

    Raises :class:`~kg.errors.UsageError` where neither says one, and for Parquet in something compressed.
    """
    plain = _uncompressed(output)
    name = requested or next((name for ending, name in ENDINGS.items() if plain.lower().endswith(ending)), None)
    if name == "parquet" and plain != output:
        raise UsageError(f"Parquet is compressed within; end the name {output} in {PARQUET}.")
    if name is None and not is_stream(output):
        endings = ", ".join(ENDINGS)
        raise UsageError(f"The name {output} tells no format; end it in one of {endings}, or give the option --format.")
    return name or TABLE


def _uncompressed(output: str) -> str:
    if output == STANDARD_OUTPUT:
        return output
    ending = next((ending for ending in _COMPRESSIONS if output.endswith(ending)), "")
    return output.removesuffix(ending)


def check_fits(name: str, form: str) -> None:
    """Raises :class:`~kg.errors.UsageError` where the results of a form of query are not written in a format.

    >>> check_fits("csv", "SELECT")
    >>> check_fits("csv", "CONSTRUCT")
    Traceback (most recent call last):
    kg.errors.UsageError: A graph is written as table, turtle, ntriples, not as csv.
    """
    what, formats = {
        "ASK": ("Yes or no is", (TABLE, *BINDINGS)),
        "CONSTRUCT": ("A graph is", (TABLE, *GRAPHS)),
        "DESCRIBE": ("A graph is", (TABLE, *GRAPHS)),
    }.get(form, ("Rows are", (TABLE, *BINDINGS, "parquet")))
    if name not in formats:
        raise UsageError(f"{what} written as {', '.join(formats)}, not as {name}.")
