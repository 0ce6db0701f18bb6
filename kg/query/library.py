"""The library of questions in ``queries/``: one SPARQL query a file, with a header in the manner of grlc.

The header is the run of lines at the top that begin with ``#+``; what follows that mark is YAML
(https://github.com/CLARIAH/grlc). ``summary``, ``description`` and ``tags`` are always there, ``parameters`` where the
question has any: each with its ``name``, ``type`` (one of :data:`TYPES`) and ``description``.

The default of a parameter stands in the query itself, as the one line ``VALUES ?name { term ... }``, so that the text
runs as it stands in any tool; other terms may be put between the braces, several too.

>>> known = question("studies_under")
>>> known.summary
'Studies of a disease and of everything below it'
>>> [(each.name, each.type, each.default) for each in known.parameters]
[('disease', 'iri', 'mesh:D009422')]
"""

from __future__ import annotations

import difflib
import re
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import UsageError
from kg.ontology.files import folder

TYPES = ("iri", "string", "integer", "decimal", "date", "boolean")
"""What the terms of a parameter are."""

_HEADER = re.compile(r"(?:#\+.*\n)+")
_MARK = re.compile(r"^#\+ ?", re.MULTILINE)
_VALUES = re.compile(r"^[ \t]*VALUES \?(?P<name>\w+) \{ (?P<terms>[^}\n]*) \}[ \t]*$", re.MULTILINE)


class Parameter(NamedTuple):
    """What may be put into a question: ``default`` is the terms as they stand in the query."""

    name: str
    type: str
    description: str
    default: str


class Question(NamedTuple):
    """A query of the library; ``text`` is the whole file, header and all."""

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


def _header(name: str, text: str) -> dict[str, Any]:
    import yaml

    match = _HEADER.match(text)
    try:
        header = yaml.safe_load(_MARK.sub("", match[0])) if match else {}
    except yaml.YAMLError as error:
        raise UsageError(f"{name}: the header is no YAML ({' '.join(str(error).split())}).") from error
    if not isinstance(header, dict):
        raise UsageError(f"{name}: the header is no list of keys with values.")
    return header


def _parameter(name: str, given: Any, defaults: dict[str, str]) -> Parameter:
    if not isinstance(given, dict) or not {"name", "type", "description"} <= set(given):
        raise UsageError(f"{name}: a parameter needs a name, a type and a description.")
    own = str(given["name"])
    if given["type"] not in TYPES:
        raise UsageError(f"{name}: the type of {own} is {given['type']}, expected one of {', '.join(TYPES)}.")
    if own not in defaults:
        raise UsageError(f"{name}: {own} has no line VALUES ?{own} {{ ... }}.")
    return Parameter(own, given["type"], " ".join(str(given["description"]).split()), defaults[own])


def _defaults(name: str, text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _VALUES.finditer(text):
        if match["name"] in found:
            raise UsageError(f"{name}: two lines give values to {match['name']}.")
        found[match["name"]] = match["terms"]
    return found


def parsed(name: str, text: str) -> Question:
    """A question from the text of its file; what the header does not say is empty.

    Raises :class:`~kg.errors.UsageError` where the header cannot be read.

    >>> parsed("all", "SELECT * { ?s ?p ?o }").parameters
    ()
    """
    header = _header(name, text)
    defaults = _defaults(name, text)
    return Question(
        name,
        str(header.get("summary", "")),
        " ".join(str(header.get("description", "")).split()),
        tuple(str(tag) for tag in header.get("tags") or ()),
        tuple(_parameter(name, given, defaults) for given in header.get("parameters") or ()),
        text,
    )


def _read(path: Path) -> Question:
    return parsed(path.stem, path.read_text("utf-8"))


@cache
def questions() -> list[Question]:
    """All questions of the library, by their names."""
    return [_read(path) for path in sorted(folder("queries").glob("*.rq"))]


def question(name: str) -> Question:
    """One question of the library.

    Raises :class:`~kg.errors.UsageError` where there is none of the name.

    >>> question("arm")
    Traceback (most recent call last):
    kg.errors.UsageError: There is no question arm; did you mean arms?
    """
    path = folder("queries") / f"{name}.rq"
    if name.isidentifier() and path.is_file():
        return _read(path)
    near = difflib.get_close_matches(name, [each.name for each in questions()], n=1)
    raise UsageError(f"There is no question {name}" + (f"; did you mean {near[0]}?" if near else "."))
