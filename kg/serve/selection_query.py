"""The SPARQL query that gives the studies of a selection.

It needs nothing but the graph, and gives the same studies as the catalogue in any engine: the words of a search become
regular expressions of their spellings in the data.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple
from urllib.parse import quote

import pyoxigraph as ox

from kg.query.engine import PREFIXES, with_prefixes
from kg.serve.catalogue import Catalogue
from kg.serve.columns import TEXT
from kg.serve.facets import FACETS_BY_KEY, MEASURES_BY_KEY, NONE, Facet, Town
from kg.serve.search import PLACES, SPONSORS, TERMS, TEXTS, TITLES
from kg.serve.selection import Selection
from kg.serve.words import Word, fold

BROADER = "/meshv:broaderDescriptor*"
_LOCAL = re.compile(r"[A-Za-z0-9](?:[\w-]*\w)?", re.ASCII)
_LETTER = r"\\p{L}\\p{N}"
"""The characters of words, for a regular expression in a string of SPARQL."""


class Order(NamedTuple):
    """An order of studies: patterns that bind variables, and the conditions of ORDER BY."""

    patterns: Sequence[str] = ()
    conditions: Sequence[str] = ("?study",)


def selection_query(selection: Selection, catalogue: Catalogue, order: Order | None = None) -> str:
    """Return a query for the studies of a selection and their titles, in an order."""
    order = order or Order()
    body = [
        "?study a ct:Study .",
        *(_facet(FACETS_BY_KEY[key], keys, catalogue) for key, keys in selection.values),
        *_ranges(selection),
        *_age(selection),
        *(word_filter(word, text_paths(catalogue), catalogue) for word in selection.words),
        "OPTIONAL { ?study rdfs:label ?title }",
        *order.patterns,
    ]
    lines = "\n".join(f"  {line}" for block in body for line in block.split("\n"))
    text = f"SELECT DISTINCT ?study ?title\nWHERE {{\n{lines}\n}}\nORDER BY {' '.join(order.conditions)}\n"
    return with_prefixes(f"\n{text}")


def _facet(facet: Facet, keys: Sequence[str], catalogue: Catalogue) -> str:
    """Return the pattern for one of some values of a facet."""
    path = facet.path + (BROADER if facet.is_tree and catalogue.hierarchy.is_loaded else "")
    none = f"MINUS {{ ?study {path} ?any }}"
    wanted = [key for key in keys if key != NONE]
    if not wanted:
        return none
    some = _some(facet, path, wanted, catalogue)
    if NONE in keys:
        some = f"{{\n  {_indented(some)}\n}} UNION {{\n  ?study a ct:Study .\n  {none}\n}}"
    elif not facet.is_multiple:
        return some
    return f"{{\n  SELECT DISTINCT ?study {{\n    {_indented(some, 4)}\n  }}\n}}"


def _some(facet: Facet, path: str, keys: Sequence[str], catalogue: Catalogue) -> str:
    if facet.key == "city":
        return " UNION ".join(f"{{ ?study ct:location {_town(Town.parse(key), catalogue)} }}" for key in keys)
    terms = " ".join(_term(facet, key, catalogue) for key in keys)
    return f"VALUES ?{facet.key} {{ {terms} }}\n?study {path} ?{facet.key} ."


def _indented(text: str, spaces: int = 2) -> str:
    return text.replace("\n", "\n" + " " * spaces)


def _town(town: Town, catalogue: Catalogue) -> str:
    """Return the pattern of a site in a town."""
    city = f"ct:city {ox.Literal(town.city)}"
    if town.country:
        return f"[ {city} ; ct:country {_term(FACETS_BY_KEY['country'], town.country, catalogue)} ]"
    return f"?site . ?site {city} . MINUS {{ ?site ct:country ?any }}"


def _term(facet: Facet, key: str, catalogue: Catalogue) -> str:
    """Return the term of a value of a facet; one that is not in the data has the namespace of the facet."""
    if not facet.namespace:
        return key if key in ("true", "false") else str(ox.Literal(key))
    column = catalogue.columns[facet.key]
    position = column.index.get(key)
    value = facet.namespace + quote(key, safe="") if position is None else column.iris[position]
    return str(ox.Literal(value[1:])) if value.startswith(TEXT) else prefixed(value)


def prefixed(iri: str) -> str:
    """Return an IRI in the syntax of SPARQL, with a prefix if one of :data:`~kg.query.engine.PREFIXES` fits.

    >>> prefixed("https://w3id.org/trialkg/code/PHASE2"), prefixed("http://example.org/a(b)")
    ('code:PHASE2', '<http://example.org/a(b)>')
    """
    for prefix, namespace in PREFIXES.items():
        if iri.startswith(namespace) and _LOCAL.fullmatch(iri, len(namespace)):
            return f"{prefix}:{iri[len(namespace) :]}"
    return f"<{iri}>"


def _ranges(selection: Selection) -> Iterator[str]:
    for key, (low, high) in selection.ranges:
        limits = [(">=", low), ("<=", high)]
        conditions = " && ".join(f"?{key} {sign} {limit}" for sign, limit in limits if limit is not None)
        yield f"?study {MEASURES_BY_KEY[key].path} ?{key} .\nFILTER ({conditions})"


def _age(selection: Selection) -> Iterator[str]:
    if (age := selection.age) is not None:
        yield "OPTIONAL { ?study ct:minimumAgeYears ?minimum }\nOPTIONAL { ?study ct:maximumAgeYears ?maximum }"
        yield f"FILTER (COALESCE(?minimum, {age}) <= {age} && COALESCE(?maximum, {age}) >= {age})"


def text_paths(catalogue: Catalogue) -> tuple[str, ...]:
    """Return the paths from a study to the texts that are searched."""
    organizations = f"{SPONSORS}/(rdfs:label|skos:altLabel)"
    return *TITLES, *TEXTS, organizations, PLACES, f"{TERMS}/({catalogue.mesh_names})"


def word_filter(word: Word, paths: Iterable[str], catalogue: Catalogue) -> str:
    """Return the filter for a word of a search."""
    return f"FILTER {word_condition(word, paths, catalogue)}"


def word_condition(word: Word, paths: Iterable[str], catalogue: Catalogue) -> str:
    """Return the condition that a text of a study has a word."""
    alternatives = "|".join(_spellings(word, catalogue))
    end = "" if word.is_prefix else f"($|[^{_LETTER}])"
    expression = f'"(^|[^{_LETTER}])({alternatives}){end}"'
    path = "\n    |".join(paths)
    return f'EXISTS {{\n  ?study {path} ?text .\n  FILTER REGEX(?text, {expression}, "i")\n}}'


def _spellings(word: Word, catalogue: Catalogue) -> list[str]:
    """Return the spellings of a word in the data, or of its beginning."""
    spellings = catalogue.index.spellings(word)
    if word.is_prefix:
        spellings = sorted({_beginning(spelling, word.text) for spelling in spellings})
    return spellings or [word.text]


def _beginning(spelling: str, prefix: str) -> str:
    """Return the shortest beginning of a spelling that, folded, begins with a prefix."""
    return next(spelling[:end] for end in range(1, len(spelling) + 1) if fold(spelling[:end]).startswith(prefix))
