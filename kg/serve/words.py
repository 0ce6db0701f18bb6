"""Words of texts, folded for search: without case and accents."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_WORD = re.compile(r"[^\W_]+")
_SEARCHED = re.compile(r"[^\W_]+\*?")


class Word(NamedTuple):
    """A word of a search, folded; ``is_prefix`` if it ends in an asterisk and so is the beginning of words."""

    text: str
    is_prefix: bool = False


def fold(text: str) -> str:
    """Return a text without case and accents.

    >>> fold("São Paulo"), fold("Straße")
    ('sao paulo', 'strasse')
    """
    if text.isascii():
        return text.lower()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def words(text: str) -> list[str]:
    """Return the words of a text in lower case: its runs of letters and digits.

    A word that is longer in lower case stays as it is, so that SPARQL, which folds letter by letter, finds it too.

    >>> words("Covid-19 in São Paulo, İzmir")
    ['covid', '19', 'in', 'são', 'paulo', 'İzmir']
    """
    if text.isascii():
        return _WORD.findall(text.lower())
    return [lower if len(lower := word.lower()) == len(word) else word for word in _WORD.findall(text)]


def searched_words(text: str) -> tuple[Word, ...]:
    """Return the distinct words of a search, in order.

    >>> searched_words("Neuro* ALS als")
    (Word(text='neuro', is_prefix=True), Word(text='als', is_prefix=False))
    """
    found = _SEARCHED.findall(text)
    return tuple(dict.fromkeys(Word(fold(word.removesuffix("*")), word.endswith("*")) for word in found))
