"""Search: an inverted index of the words of titles, conditions, interventions, MeSH terms, sponsors and places.

A word of a search matches whole words, without regard to case and accents. The paths to
the texts are named here, so that :mod:`kg.serve.selection_query` can write a query that finds the same studies.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from kg.serve.columns import Column, Flags, Ints, Longs, distinct_pairs
from kg.serve.words import Word, fold, words

TITLES = ("rdfs:label", "ct:officialTitle", "ct:acronym", "dcterms:identifier", "ct:nctIdAlias")
"""The paths from a study to its titles and identifiers."""
TEXTS = ("ct:condition", "ct:keyword", "ct:intervention/rdfs:label", "ct:intervention/ct:otherName")
"""The paths from a study to the other texts of its record that are searched."""
SPONSORS = "(ct:leadSponsor|ct:collaborator)"
PLACES = "ct:location/(ct:city|ct:state|ct:country/(rdfs:label|skos:altLabel))"
TERMS = "(ct:conditionMesh|ct:conditionMeshAncestor|ct:interventionMesh|ct:interventionMeshAncestor)"


@dataclass(eq=False, repr=False)
class Postings:
    """The studies with each word: those of word ``i`` are ``studies[starts[i]:starts[i + 1]]``."""

    starts: Longs
    studies: Ints

    @classmethod
    def of(cls, words: npt.ArrayLike, studies: npt.ArrayLike, count: int, size: int) -> Postings:
        """Create the postings of pairs of a word and a study, which may be repeated; ``count`` is that of the words."""
        found, ordered = distinct_pairs(words, studies, size)
        return cls(np.searchsorted(found, np.arange(count + 1)).astype(np.int64), ordered)

    def __getitem__(self, word: int) -> Ints:
        return self.studies[self.starts[word] : self.starts[word + 1]]


@dataclass(eq=False, repr=False)
class Index:
    """The words of the studies."""

    size: int
    """The number of studies."""
    vocabulary: dict[str, int]
    """The index of each word, in lower case as written."""
    anywhere: Postings
    in_titles: Postings

    @cached_property
    def _folded(self) -> list[tuple[str, str]]:
        """The words in their folded and their written form, sorted."""
        return sorted((fold(word), word) for word in self.vocabulary)

    def spellings(self, word: Word) -> list[str]:
        """Return the words of the vocabulary that a word of a search matches, as written, sorted."""
        found = []
        for i in range(bisect_left(self._folded, (word.text, "")), len(self._folded)):
            folded, written = self._folded[i]
            if not (folded.startswith(word.text) if word.is_prefix else folded == word.text):
                break
            found.append(written)
        return sorted(found)

    def matches(self, words: Iterable[Word]) -> Flags:
        """Return whether each study has all words; of shape (studies,)."""
        return self._all(words, self.anywhere)

    def title_matches(self, words: Iterable[Word]) -> Flags:
        """Return whether each study has all words in its titles and identifiers; of shape (studies,)."""
        return self._all(words, self.in_titles)

    def _all(self, words: Iterable[Word], postings: Postings) -> Flags:
        mask = np.ones(self.size, bool)
        for word in words:
            has_word = np.zeros(self.size, bool)
            for written in self.spellings(word):
                has_word[postings[self.vocabulary[written]]] = True
            mask &= has_word
        return mask


class IndexBuilder:
    """The texts of the studies; each distinct text is split into words once."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._texts: dict[str, int] = {}
        self._studies: list[Ints] = []
        self._numbers: list[Ints] = []
        self._titles = 0

    def add(self, texts: Iterable[tuple[int, str]], *, are_titles: bool = False) -> None:
        """Add texts of studies; titles come first."""
        rows = [(study, self._texts.setdefault(text, len(self._texts))) for study, text in texts]
        table = np.array(rows, np.int32).reshape(-1, 2)
        self._append(table[:, 0], table[:, 1], are_titles)

    def add_column(self, column: Column, names: Callable[[str], Iterable[str]]) -> None:
        """Add the names of the values of a column; ``names`` returns those of an IRI."""
        texts = ["\n".join(names(iri)) for iri in column.iris]
        numbers = np.array([self._texts.setdefault(text, len(self._texts)) for text in texts], np.int32)
        self._append(column.studies, numbers[column.values], are_titles=False)

    def _append(self, studies: Ints, numbers: Ints, are_titles: bool) -> None:
        self._studies.append(studies)
        self._numbers.append(numbers)
        self._titles += len(studies) if are_titles else 0

    def index(self) -> Index:
        """Return the index of all texts."""
        vocabulary: dict[str, int] = {}
        split = [[vocabulary.setdefault(word, len(vocabulary)) for word in set(words(text))] for text in self._texts]
        lengths = np.array([len(indices) for indices in split], np.int64)
        flat = np.fromiter((index for indices in split for index in indices), np.int32)
        studies, numbers = np.concatenate(self._studies), np.concatenate(self._numbers)

        def postings(end: int | None) -> Postings:
            rows, found = _expand(studies[:end], numbers[:end], flat, lengths)
            return Postings.of(found, rows, len(vocabulary), self._size)

        return Index(self._size, vocabulary, postings(None), postings(self._titles))


def _expand(studies: Ints, texts: Ints, words: Ints, lengths: Longs) -> tuple[Ints, Ints]:
    """Return a pair of a study and a word for each word of each text of a study."""
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]) if len(lengths) else lengths
    counts = lengths[texts]
    ends = np.cumsum(counts)
    within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)
    return np.repeat(studies, counts), words[np.repeat(starts[texts], counts) + within]
