"""Content negotiation by the header ``Accept`` (RFC 9110, section 12.5.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kg.serve.media import Media

RANGES = 64
"""Media ranges of a header that count."""


class Range(NamedTuple):
    """A media range such as ``text/*``, and its weight from 0 to 1."""

    type: str
    quality: float

    def precision(self, media_type: str) -> int:
        """Return how precisely this range names a media type: 3 for itself, 2 for its group, 1 for any, 0 if not."""
        group = media_type.partition("/")[0]
        return {media_type: 3, f"{group}/*": 2, "*/*": 1}.get(self.type, 0)


class Choice(NamedTuple):
    """The format of an answer, and the value of its header ``Content-Type``."""

    media: Media
    content_type: str


def media_ranges(accept: str) -> list[Range]:
    """Parse a header ``Accept``; a weight that is not a number counts as 1.

    >>> media_ranges("text/html, text/*;q=0.5;x=y, */* ; q=0")
    [Range(type='text/html', quality=1.0), Range(type='text/*', quality=0.5), Range(type='*/*', quality=0.0)]
    """
    ranges = []
    for item in accept.split(",", RANGES)[:RANGES]:
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if "/" in name:
            ranges.append(Range(name, _quality(parameters)))
    return ranges


def _quality(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                number = float(value)
            except ValueError:
                return 1.0
            return min(max(number, 0.0), 1.0) if number == number else 1.0
    return 1.0


def choose(accept: str, offers: Sequence[Media]) -> Choice | None:
    """Choose the format that a client likes best; of equals, the first. ``None`` if it accepts no format.

    A wildcard stands for the preferred media type of a format.

    >>> from kg.serve.media import RESULTS
    >>> choose("text/csv;q=0.9, application/json;q=0.4", [*RESULTS.values()]).content_type
    'text/csv; charset=utf-8'
    >>> choose("", [*RESULTS.values()]).media.name, choose("image/png", [*RESULTS.values()])
    ('json', None)
    """
    ranges = media_ranges(accept)
    if not ranges:
        return Choice(offers[0], offers[0].content_type)
    best, quality = None, 0.0
    for media in offers:
        for media_type in media.types:
            is_named = media_type == media.types[0] or any(item.type == media_type for item in ranges)
            if is_named and (weight := _weight(media_type, ranges)) > quality:
                best, quality = Choice(media, media_type + media.parameters), weight
    return best


def _weight(media_type: str, ranges: Sequence[Range]) -> float:
    """Return the weight of a media type: that of the range that names it most precisely."""
    precision, weight = max((item.precision(media_type), item.quality) for item in ranges)
    return weight if precision else 0.0
