"""The SPARQL page: the query with its parameters, and the library."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kg.errors import UsageError
from kg.query.engine import query_text, with_prefixes
from kg.query.library import STUDIES, LibraryQuery, Parameter, library_queries, library_query
from kg.query.parameters import STUDY_PARAMETER

FIELD = "p_"
"""The beginning of the names of the fields for parameters."""
EXAMPLE = """SELECT ?study ?title ?phase
WHERE {
  ?study a ct:Study ;
    rdfs:label ?title ;
    ct:phase ?phase ;
    ct:overallStatus code:RECRUITING .
}
ORDER BY ?study
LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Field:
    """A field for a parameter of a query; several values are separated by spaces, except texts."""

    parameter: Parameter
    value: str
    placeholder: str

    @property
    def name(self) -> str:
        return FIELD + self.parameter.name

    @property
    def label(self) -> str:
        """The name of the parameter in words.

        >>> Field(Parameter("personSex", "iri", "", ""), "", "").label
        'person sex'
        """
        return "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in self.parameter.name)

    @property
    def kind(self) -> str:
        """The type of the input element."""
        return {"integer": "number", "decimal": "number", "date": "date"}.get(self.parameter.type, "text")


@dataclass(frozen=True, slots=True)
class QueryPage:
    """A query, from the library or not, and whether it is run."""

    text: str
    entry: LibraryQuery | None = None
    fields: list[Field] = field(default_factory=list)
    is_run: bool = False
    error: str = ""


def query_page(parameters: Mapping[str, str]) -> QueryPage:
    """Return the page of the parameters of a URL: ``query``, or ``name`` with the fields of its parameters."""
    if text := parameters.get("query", "").strip():
        return QueryPage(text, is_run=True)
    if not (name := parameters.get("name", "")):
        return QueryPage(with_prefixes(EXAMPLE))
    entry = library_query(name)
    fields = [_field(parameter, parameters.get(FIELD + parameter.name, "")) for parameter in entry.parameters]
    if entry.lists_studies:
        fields.append(_field(STUDY_PARAMETER, parameters.get(FIELD + STUDIES, ""), is_optional=True))
    values = {item.parameter.name: _values(item) for item in fields if item.value}
    try:
        text = query_text(name, values)
    except UsageError as error:
        return QueryPage(entry.sparql, entry, fields, error=str(error))
    return QueryPage(_without_header(text), entry, fields, is_run="run" in parameters)


def _field(parameter: Parameter, value: str, *, is_optional: bool = False) -> Field:
    default = "" if is_optional else " ".join(term.strip("<>") for term in parameter.default.split())
    if parameter.type in ("string", "date"):
        default = parameter.default.partition('"')[2].partition('"')[0]
    return Field(parameter, value.strip()[:500], default)


def _values(item: Field) -> list[str]:
    return [item.value] if item.parameter.type == "string" else item.value.split()


def _without_header(text: str) -> str:
    return "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#+"))


def groups() -> dict[str, list[LibraryQuery]]:
    """Return the queries of the library by their first tag, sorted."""
    result: dict[str, list[LibraryQuery]] = {}
    for query in library_queries():
        result.setdefault(query.tags[0] if query.tags else "other", []).append(query)
    return dict(sorted(result.items()))
