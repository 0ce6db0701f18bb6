"""Suggestions for a search: terms, sponsors, towns, countries and studies whose names begin with its words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from kg.serve.catalogue import Catalogue
from kg.serve.columns import Column
from kg.serve.facets import FACETS_BY_KEY
from kg.serve.names import Names
from kg.serve.words import fold, searched_words, words

GROUPS = {
    "condition": "Condition",
    "intervention": "Intervention",
    "sponsor": "Lead sponsor",
    "city": "Town",
    "country": "Country",
}
"""The facets whose values are suggested."""
PER_GROUP = 4
STUDIES = 5


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value of a facet, or a study for the group ``study``; ``by`` is the other name that matched."""

    group: str
    key: str
    label: str
    count: int = 0
    by: str = ""


@dataclass(eq=False, repr=False)
class _Names:
    """The names of the values of a facet, folded and with a space before each word, and their values."""

    texts: list[str]
    values: list[int]
    names: list[str]

    @classmethod
    def of(cls, column: Column, names: Names) -> _Names:
        result = cls([], [], [])
        for value, iri in enumerate(column.iris):
            result.add(value, [column.labels[value], *(names.all(iri) if "://" in iri else ())])
        return result

    def add(self, value: int, names: Sequence[str]) -> None:
        for name in dict.fromkeys(names):
            self.texts.append(" " + " ".join(words(fold(name))))
            self.values.append(value)
            self.names.append(name)


class Suggester:
    """Finds suggestions in a catalogue."""

    def __init__(self, catalogue: Catalogue, names: Names) -> None:
        self._catalogue, self._names = catalogue, names

    @cached_property
    def _by_group(self) -> dict[str, _Names]:
        return {key: _Names.of(self._catalogue.columns[key], self._names) for key in GROUPS}

    @cached_property
    def _counts(self) -> dict[str, list[int]]:
        everything = np.ones(len(self._catalogue), bool)
        return {key: self._catalogue.columns[key].counts(everything).tolist() for key in GROUPS}

    def suggest(self, text: str) -> list[Suggestion]:
        """Return the suggestions for a text, the best of each group first.

        A name matches if each word of the text begins a word of it.
        """
        beginnings = [f" {word.text}" for word in searched_words(text)]
        if not beginnings:
            return []
        found = [suggestion for key in GROUPS for suggestion in self._values(key, beginnings)]
        return [*found, *self._studies(text)]

    def _values(self, key: str, beginnings: Sequence[str]) -> Iterator[Suggestion]:
        names, counts, column = self._by_group[key], self._counts[key], self._catalogue.columns[key]
        first, *others = sorted(beginnings, key=len, reverse=True)
        places = [i for i, text in enumerate(names.texts) if first in text and all(word in text for word in others)]
        phrase = "".join(beginnings)

        def rank(place: int) -> tuple[bool, bool, int, int]:
            text, value = names.texts[place], names.values[place]
            return text != phrase, not text.startswith(phrase), -counts[value], place

        shown: set[int] = set()
        for place in sorted(places, key=rank):
            value = names.values[place]
            if value not in shown:
                shown.add(value)
                label, name = column.labels[value], names.names[place]
                yield Suggestion(key, column.keys[value], label, counts[value], "" if name == label else name)
            if len(shown) == PER_GROUP:
                return

    def _studies(self, text: str) -> Iterator[Suggestion]:
        *whole, last = searched_words(text)
        searched = (*whole, last._replace(is_prefix=True))
        for study in np.flatnonzero(self._catalogue.index.title_matches(searched))[:STUDIES]:
            yield Suggestion("study", self._catalogue.ids[study], self._catalogue.titles[study])


def group_title(key: str) -> str:
    """Return the title of a group of suggestions."""
    return GROUPS.get(key) or (FACETS_BY_KEY[key].title if key in FACETS_BY_KEY else "Study")
