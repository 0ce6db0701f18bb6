"""A page of the API: its studies as bytes, which are split without changing them, and the token of the next page.

A page is parsed study by study, so no byte is parsed twice and memory is little more than that of the page.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, NamedTuple

import orjson

from kg.errors import KGError, shown
from kg.records.splitter import DECODER
from kg.records.surroundings import STUDIES, TOKEN, TOTAL

_START = b'{"protocolSection":'
"""The start of a study as the API writes it; inside a string its quotes would be escaped."""
_NUMBER = re.compile(r"NCT\d{8}")
_SPACE = b" \t\r\n"


class ShapeError(KGError):
    """An answer of a server that is not what the API sends; the message continues "the server answers"."""


class Page(NamedTuple):
    """The studies of a page, each as JSON on one line, with their NCT numbers in the same order.

    ``total`` is the number of studies on all pages, which the first page has. ``aliases`` are former NCT numbers of
    these studies, with their present ones.
    """

    studies: list[bytes]
    ids: tuple[str, ...]
    token: str | None
    total: int | None
    aliases: Mapping[str, str]


@dataclass(slots=True)
class _Studies:
    """The studies of a page while it is read."""

    content: list[bytes] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)

    def add(self, study: bytes, record: Any) -> None:
        number = number_of(record)
        self.content.append(dumped(record) if b"\n" in study else study)
        self.ids.append(number)
        self.aliases.update(dict.fromkeys(_aliases(record), number))


def page_of(content: bytes, size: int, *, is_first: bool) -> Page:
    """Return the page that an answer is, of at most ``size`` studies; raises :class:`ShapeError` for any other answer.

    >>> page_of(b'{"totalCount":1,"studies":[{"protocolSection":{"identificationModule":{"nctId":"NCT00000102"}}}]}',
    ...         10, is_first=True)
    ... # doctest: +ELLIPSIS
    Page(studies=[b'{...}'], ids=('NCT00000102',), token=None, total=1, aliases={})
    """
    studies = _Studies()
    try:
        envelope = _split(content, studies)
    except ShapeError:
        studies = _Studies()
        envelope = _parsed(content, studies)
    token, total = envelope.get(TOKEN), envelope.get(TOTAL)
    if not isinstance(token, str | None):
        raise ShapeError(f"with a page in which {TOKEN} is {shown(token)}, not a text")
    if is_first and (type(total) is not int or total < 0):
        raise ShapeError(f"with a first page in which {TOTAL} is {shown(total)}, not a number of studies")
    if len(studies.ids) > size:
        raise ShapeError(f"with {len(studies.ids):,} studies on a page of {size:,}")
    return Page(studies.content, tuple(studies.ids), token or None, total if is_first else None, studies.aliases)


def _split(content: bytes, studies: _Studies) -> dict[str, Any]:
    """Split a page where studies start, and return what surrounds them; raises for a page of another layout."""
    starts = _starts(content)
    if not starts:
        raise _invalid()
    for begin, end in pairwise(starts):
        study = content[begin:end].rstrip(_SPACE).removesuffix(b",").rstrip(_SPACE)
        studies.add(study, loaded(study))
    last = content[starts[-1] :]
    size = _first_value_size(last)
    studies.add(last[:size], loaded(last[:size]))
    envelope = _page(loaded(content[: starts[0]] + last[size:]))
    if envelope[STUDIES]:
        raise _invalid()
    return envelope


def _starts(content: bytes) -> list[int]:
    starts, at = [], content.find(_START)
    while at >= 0:
        starts.append(at)
        at = content.find(_START, at + 1)
    return starts


def _first_value_size(content: bytes) -> int:
    """Return the size of the first JSON value of a text."""
    try:
        text = content.decode()
        return len(text[: DECODER.raw_decode(text)[1]].encode())
    except (ValueError, RecursionError) as error:
        raise _invalid() from error


def _parsed(content: bytes, studies: _Studies) -> dict[str, Any]:
    """Parse a page of any layout, and return what surrounds its studies."""
    page = _page(loaded(content))
    for record in page[STUDIES]:
        studies.add(dumped(record), record)
    return page


def _page(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get(STUDIES), list):
        raise ShapeError('with JSON that is no page of studies ({"studies": [...]})')
    return value


def loaded(content: bytes) -> Any:
    """Parse JSON, also with escapes of lone surrogates; raises :class:`ShapeError`."""
    try:
        return orjson.loads(content)
    except ValueError:
        pass
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _invalid() from error


def dumped(record: Any) -> bytes:
    """Return JSON on one line."""
    try:
        return orjson.dumps(record)
    except TypeError:  # a lone surrogate, or an integer of more than 64 bits
        return json.dumps(record, separators=(",", ":")).encode()


def _invalid() -> ShapeError:
    return ShapeError("with JSON that is cut or invalid")


def number_of(record: Any) -> str:
    """Return the NCT number of a record; raises :class:`ShapeError` for one without it."""
    number = _identification(record).get("nctId")
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        raise ShapeError(f"with a study whose NCT number is {shown(number)}")
    return number


def _aliases(record: Any) -> list[str]:
    aliases = _identification(record).get("nctIdAliases")
    return [alias for alias in aliases if isinstance(alias, str)] if isinstance(aliases, list) else []


def _identification(record: Any) -> dict[str, Any]:
    for key in ("protocolSection", "identificationModule"):
        record = record.get(key) if isinstance(record, dict) else None
    return record if isinstance(record, dict) else {}
