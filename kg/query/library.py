"""The query library in ``queries/``: one SPARQL query per file, with a header as in grlc.

The header consists of the lines at the top that begin with ``#+``; the rest of these lines is YAML
(https://github.com/CLARIAH/grlc). ``summary``, ``description`` and ``tags`` are required; ``parameters`` lists the
parameters, each with its ``name``, ``type`` (one of :data:`TYPES`) and ``description``.

The default of a parameter is in the query itself, in a line ``VALUES ?name { term ... }``, so that the file is a valid
query for any tool. The value of a parameter, one or more terms, replaces the default between the braces.

>>> query = library_query("studies_under")
>>> query.summary
'Studies of a disease and of everything below it'
>>> [(parameter.name, parameter.type, parameter.default) for parameter in query.parameters]
[('disease', 'iri', 'mesh:D009422')]
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import UsageError
from kg.ontology.files import folder

TYPES = ("iri", "string", "integer", "decimal", "date", "boolean")
"""Types of parameters."""

STUDIES = "study"
"""The parameter by which a query whose rows are about studies, ``?study``, is limited to some of them."""
_HEADER = re.compile(r"(?:#\+.*\n)+")
_SELECTED = re.compile(r"^SELECT\b([^{]*?)\bWHERE \{", re.MULTILINE | re.DOTALL)
_EXPRESSION = re.compile(r"\((?:[^()]|\([^()]*(?:\([^()]*\)[^()]*)*\))*\)")
"""An expression in parentheses, which may have two more levels of them."""
_MARK = re.compile(r"^#\+ ?", re.MULTILINE)
_VALUES = re.compile(r"^[ \t]*VALUES \?(?P<name>\w+) \{ (?P<terms>[^}\n]*) \}[ \t]*$", re.MULTILINE)


class Parameter(NamedTuple):
    """A parameter of a query; ``default`` is the text between the braces in the query."""

    name: str
    type: str
    description: str
    default: str


class LibraryQuery(NamedTuple):
    """A query of the library; ``text`` is the content of the file, including the header."""

    name: str
    summary: str
    description: str
    tags: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    text: str

    @property
    def sparql(self) -> str:
        """The query without its header."""
        return _HEADER.sub("", self.text, count=1)

    @property
    def lists_studies(self) -> bool:
        """Whether each row names its study, so that the query can be limited to some, and has no such parameter.

        >>> library_query("arms").lists_studies, library_query("countries").lists_studies
        (True, False)
        """
        match = _SELECTED.search(self.sparql)
        names = _EXPRESSION.sub("", match[1]).split() if match else []
        return f"?{STUDIES}" in names and STUDIES not in (parameter.name for parameter in self.parameters)


def _header(name: str, text: str) -> dict[str, Any]:
    import yaml

    match = _HEADER.match(text)
    try:
        header = yaml.safe_load(_MARK.sub("", match[0])) if match else {}
    except yaml.YAMLError as error:
        raise UsageError(f"{name}: the header is not valid YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(header, dict):
        raise UsageError(f"{name}: the header is not a mapping of keys to values.")
    return header


def _parameter(query: str, entry: Any, defaults: dict[str, str]) -> Parameter:
    if not isinstance(entry, dict) or not {"name", "type", "description"} <= set(entry):
        raise UsageError(f"{query}: a parameter needs a name, a type and a description.")
    name = str(entry["name"])
    if entry["type"] not in TYPES:
        raise UsageError(f"{query}: the type of {name} is {entry['type']}, expected one of {', '.join(TYPES)}.")
    if name not in defaults:
        raise UsageError(f"{query}: {name} has no line VALUES ?{name} {{ ... }}.")
    return Parameter(name, entry["type"], " ".join(str(entry["description"]).split()), defaults[name])


def _defaults(name: str, text: str) -> dict[str, str]:
    defaults: dict[str, str] = {}
    for match in _VALUES.finditer(text):
        if match["name"] in defaults:
            raise UsageError(f"{name}: two lines give values to {match['name']}.")
        defaults[match["name"]] = match["terms"]
    return defaults


def parse_query(name: str, text: str) -> LibraryQuery:
    """Parse the content of a file of the library; missing keys of the header are empty.

    Raises :class:`~kg.errors.UsageError` for an invalid header.

    >>> parse_query("all", "SELECT * { ?s ?p ?o }").parameters
    ()
    """
    header = _header(name, text)
    defaults = _defaults(name, text)
    return LibraryQuery(
        name,
        str(header.get("summary", "")),
        " ".join(str(header.get("description", "")).split()),
        tuple(str(tag) for tag in header.get("tags") or ()),
        tuple(_parameter(name, entry, defaults) for entry in header.get("parameters") or ()),
        text,
    )


@cache
def library_queries() -> list[LibraryQuery]:
    """Return all queries of the library, sorted by name."""
    return [parse_query(path.stem, path.read_text("utf-8")) for path in sorted(folder("queries").glob("*.rq"))]


def library_query(name: str) -> LibraryQuery:
    """Return a query of the library; raises :class:`~kg.errors.UsageError` for an unknown name."""
    return parse_query(name, query_path(name).read_text("utf-8"))


def query_path(name: str) -> Path:
    """Return the path of a query of the library.

    Raises :class:`~kg.errors.UsageError` for an unknown name.

    >>> query_path("arm")
    Traceback (most recent call last):
    kg.errors.UsageError: There is no query arm; did you mean arms?
    """
    path = folder("queries") / f"{name}.rq"
    if name.isidentifier() and path.is_file():
        return path
    import difflib

    matches = difflib.get_close_matches(name, [query.name for query in library_queries()], n=1)
    raise UsageError(f"There is no query {name}" + (f"; did you mean {matches[0]}?" if matches else "."))
