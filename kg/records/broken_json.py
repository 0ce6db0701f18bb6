"""Recovery after broken JSON: the next study that can be parsed, and the errors that describe what was lost."""

from __future__ import annotations

import json
import re

from kg.errors import VALUE_WIDTH, RecordError
from kg.records import splitter
from kg.records.contacts import mask_excerpt
from kg.records.saved_page import STUDY, is_study
from kg.records.sources import one_line

MAX_TRIES = 8
"""Values that fail to parse after a broken one before the rest of the text is given up."""

_EXCERPT = 4 * VALUE_WIDTH
"""Characters in which contact data is masked before the start of a text is shown."""
GARBAGE = re.compile(r'(?:[^{]++|\{(?!\s*["}]))+')
_NEXT = re.compile(r'[,\n]\s*(?=\{\s*")')
_INVALID = re.compile("[\udc80-\udcff]")
_ID = re.compile(r'"nctId"\s*:\s*"(NCT\d{8})"')


def next_study(text: str, at: int) -> int:
    """Return the position of the next study that can be parsed, or the end of the text.

    >>> next_study('{"a": x}, {"hasResults": true}', 1)
    10
    """
    tries, inside = MAX_TRIES, at
    for match in _NEXT.finditer(text, at):
        if match.end() < inside:
            continue
        try:
            data, inside = splitter.DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError, MemoryError):
            tries -= 1
            if not tries:
                break
        else:
            if is_study(data):
                return match.end()
    return len(text)


def study_id(text: str) -> str | None:
    """Return the first NCT number that the text has under ``nctId``."""
    match = _ID.search(text)
    return match[1] if match else None


def not_a_study(text: str, at: int, end: int, byte: int) -> RecordError:
    """Return the error for a part of a text that is not a study record and starts at a byte of the file."""
    start = one_line(" ".join(mask_excerpt(text[at : min(end, at + _EXCERPT)]).split()))[: VALUE_WIDTH + 1]
    return RecordError("is no study", value=start, expected=f"{STUDY} at byte {byte}")


def is_utf8(text: str, at: int, end: int) -> bool:
    """Return whether a part of a decoded text was UTF-8 (:func:`kg.records.splitter.decoded`)."""
    return text.isascii() or not _INVALID.search(text, at, end)


def not_utf8(text: str, at: int, end: int, byte: int) -> RecordError:
    """Return the error for a record with a byte that is not UTF-8."""
    match = _INVALID.search(text, at, end)
    begin = match.start() if match else at
    value, place = ord(text[begin]) - 0xDC00, byte + splitter.size(text[at:begin])
    problem = f"is not UTF-8 (byte 0x{value:02X} at byte {place}); convert the file, as with iconv -f latin1 -t utf-8"
    return RecordError(problem, study=study_id(text[at:end]))


def invalid_json(error: Exception, text: str, at: int, end: int, byte: int) -> RecordError:
    """Return the error for a part of a text that the JSON decoder rejected and that starts at a byte of the file."""
    if isinstance(error, json.JSONDecodeError):
        problem = f"invalid JSON at byte {byte + splitter.size(text[at : error.pos])} ({error.msg})"
    else:
        reason = "contains a number with too many digits" if isinstance(error, ValueError) else "is nested too deeply"
        problem = f"the JSON that starts at byte {byte} {reason}"
    return RecordError(problem, study=study_id(text[at:end]))
