"""SQL views over a Parquet file of statements: a table each for studies, arms, sites, results and others.

The SQL runs in DuckDB and Polars. A view groups the statements by subject and has a column per property. Both sides of
a join select their statements in a subquery, since Polars would otherwise join the whole file with itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from kg._types import PathName
from kg.errors import UsageError
from kg.ontology.vocabulary import BASE, CODE, COUNTRY, CT, MESH, ORGANIZATION, PART, PUBMED, RDFS, STUDY
from kg.rdf.view_columns import JOINS, STUDY_COLUMNS, VIEWS, Column, View

SHORTENED = {
    "study": STUDY,
    "part": PART,
    "code": CODE,
    "organization": ORGANIZATION,
    "country": COUNTRY,
    "mesh": MESH,
    "publication": PUBMED,
}
"""The kinds of resources whose IRIs are shortened, and the namespaces that are removed."""
CASTS = {"integer": "INTEGER", "number": "DOUBLE", "date": "DATE"}
"""The SQL types of columns; a value of another form becomes null."""
WORDS = {True: "TABLE", False: "VIEW"}


def view_statements(data: PathName, *, tables: bool = False, base: str = BASE) -> Iterator[str]:
    """Yield the SQL statements that define the views over a Parquet file, or a folder of Parquet files.

    With ``tables``, they are ``CREATE TABLE``: DuckDB then stores the rows, and Polars, which has no views, defines a
    lazy frame. ``base`` is that of the export. Raises :class:`~kg.errors.UsageError` if there is no such file.

    >>> next(view_statements("tests/data"))
    "CREATE VIEW statements AS\\nSELECT * FROM read_parquet('tests/data/*.parquet');"
    """
    yield _create("statements", f"SELECT * FROM read_parquet({_text(_pattern(data))})", tables=tables)
    for name, select in _selects(base):
        yield _create(name, select, tables=tables)


def _pattern(data: PathName) -> str:
    """Return the name of a file, or the pattern of the files in a folder; a URL is not checked."""
    if "://" in os.fspath(data):
        return os.fspath(data)
    path = Path(data)
    if not path.exists():
        raise UsageError(f"{path}: No such file or directory.")
    return os.fspath(path / "*.parquet" if path.is_dir() else path)


def _create(name: str, select: str, *, tables: bool) -> str:
    return f"CREATE {WORDS[tables]} {name} AS\n{select.strip()};"


def _selects(base: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the SELECT of each view, after the views that it uses."""
    yield "studies", _studies(base)
    yield "countries", _COUNTRIES
    for view in VIEWS:
        yield view.name, _links(view, base)
    yield from JOINS.items()


_COUNTRIES = f"""
SELECT code.object AS country, label.object AS name
FROM statements AS code
JOIN statements AS label ON label.subject = code.subject
WHERE code.predicate = '{CT}countryCode' AND label.predicate = '{RDFS}label'"""


def _studies(base: str) -> str:
    columns = [f"{_shortened('subject', 'study', base)} AS study"]
    columns += [_aggregate(column, "", base) for column in STUDY_COLUMNS]
    where = _is_in(column.property for column in STUDY_COLUMNS)
    return f"""
SELECT
  {_lines(columns)}
FROM statements
WHERE subject LIKE '{STUDY}%' AND {where}
GROUP BY subject"""


def _links(view: View, base: str) -> str:
    names = [
        f"{_shortened('link.subject', view.subject[1], base)} AS {view.subject[0]}",
        f"{_shortened('link.object', view.object[1], base)} AS {view.object[0]}",
    ]
    if view.role:
        cases = " ".join(f"WHEN {_text(property_)} THEN {_text(role)}" for property_, role in view.links.items())
        names.append(f"CASE link.predicate {cases} END AS {view.role}")
    where, properties = _is_in(view.links), [column.property for column in view.columns]
    if not view.columns:
        return f"SELECT\n  {_lines(names)}\nFROM statements AS link\nWHERE {where}"
    names += [_aggregate(column, "node.", base) for column in view.columns]
    return f"""
SELECT
  {_lines(names)}
FROM (SELECT subject, predicate, object FROM statements WHERE {where}) AS link
JOIN (SELECT subject, predicate, object FROM statements WHERE {_is_in(properties)}) AS node
  ON node.subject = link.object
GROUP BY link.subject, link.predicate, link.object"""


def _aggregate(column: Column, table: str, base: str) -> str:
    """Return the expression of a column: the one value of its property among the statements of a group."""
    value = f"MAX(CASE WHEN {table}predicate = {_text(column.property)} THEN {table}object END)"
    if column.type in CASTS:
        value = f"TRY_CAST({value} AS {CASTS[column.type]})"
    elif column.type == "boolean":
        value += " = 'true'"
    else:
        value = _shortened(value, column.type, base)
    return f"{value} AS {column.name}"


def _shortened(value: str, kind: str, base: str) -> str:
    """Return the expression for a name without its namespace; a text stays as it is."""
    if kind not in SHORTENED:
        return value
    namespace = SHORTENED[kind]
    if kind != "code" and namespace.startswith(BASE):
        namespace = base + namespace.removeprefix(BASE)
    name = f"REPLACE({value}, {_text(namespace)}, '')"
    return f"REPLACE({name}, '/', '')" if kind == "publication" else name  # whose IRIs end in a slash


def _is_in(properties: Iterable[str]) -> str:
    """Return the condition that selects the statements with some properties."""
    return f"predicate IN ({', '.join(map(_text, dict.fromkeys(properties)))})"


def _lines(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)


def _text(value: str) -> str:
    """Return a string literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
