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
from kg.ontology.vocabulary import BASE, CODE, COUNTRY, MESH, ORGANIZATION, PART, PUBMED, STUDY
from kg.rdf.views import Column, Key, View, views

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
    for name, view in views().items():
        yield _create(name, view if isinstance(view, str) else _select(view, base), tables=tables)


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


def _select(view: View, base: str) -> str:
    return _of_links(view, view.object, base) if view.object else _of_subjects(view, base)


def _of_subjects(view: View, base: str) -> str:
    columns = [_key("subject", view.subject, base), *(_aggregate(column, "", base) for column in view.columns)]
    return f"""
SELECT
  {_lines(columns)}
FROM statements
WHERE subject LIKE {_text(_namespace(view.subject.type, base) + "%")} AND {_columns_in(view)}
GROUP BY subject"""


def _of_links(view: View, target: Key, base: str) -> str:
    names = [_key("link.subject", view.subject, base), _key("link.object", target, base)]
    if view.role:
        cases = " ".join(f"WHEN {_text(property_)} THEN {_text(role)}" for property_, role in view.links.items())
        names.append(f"CASE link.predicate {cases} END AS {view.role}")
    where = _is_in(view.links)
    if not view.columns:
        return f"SELECT\n  {_lines(names)}\nFROM statements AS link\nWHERE {where}"
    names += [_aggregate(column, "node.", base) for column in view.columns]
    return f"""
SELECT
  {_lines(names)}
FROM (SELECT subject, predicate, object FROM statements WHERE {where}) AS link
JOIN (SELECT subject, predicate, object FROM statements WHERE {_columns_in(view)}) AS node
  ON node.subject = link.object
GROUP BY link.subject, link.predicate, link.object"""


def _key(value: str, key: Key, base: str) -> str:
    return f"{_shortened(value, key.type, base)} AS {key.name}"


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
    name = f"REPLACE({value}, {_text(_namespace(kind, base))}, '')"
    return f"REPLACE({name}, '/', '')" if kind == "publication" else name  # whose IRIs end in a slash


def _namespace(kind: str, base: str) -> str:
    """Return the namespace of a kind of resource in an export with a base."""
    namespace = SHORTENED[kind]
    if kind != "code" and namespace.startswith(BASE):
        namespace = base + namespace.removeprefix(BASE)
    return namespace


def _is_in(properties: Iterable[str]) -> str:
    """Return the condition that selects the statements with some properties."""
    return f"predicate IN ({', '.join(map(_text, dict.fromkeys(properties)))})"


def _columns_in(view: View) -> str:
    return _is_in(column.property for column in view.columns)


def _lines(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)


def _text(value: str) -> str:
    """Return a string literal of SQL."""
    return "'" + value.replace("'", "''") + "'"
