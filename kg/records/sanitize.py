"""Removal of characters, numbers and excess text that the output formats cannot represent.

Lone surrogates cannot be encoded in UTF-8, and XML 1.0 excludes most control characters, U+FFFE and U+FFFF
(https://www.w3.org/TR/xml/#charsets): they become U+FFFD, and the field is reported. Numbers that JSON cannot represent
become text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LINE = 1 << 24
"""Bytes of a line, up to the end of a literal in it, that strict parsers accept (Oxigraph 0.5)."""
ROOM = 1 << 16
"""Bytes left on a line for what is beside its literal: subject, predicate, datatype and graph."""
LONGEST = LINE - ROOM
"""Length in bytes of the longest text, as written with its escapes."""

_WIDEST = 4
"""Bytes of the widest character as written: four in UTF-8, two with an escape."""
_SUSPECT = frozenset(b"ubf")
_SUSPECT_ESCAPE = re.compile(rb"\\[ubf]")


def may_be_unfit(encoded: bytes) -> bool:
    """Return whether JSON or an export may contain such characters: a fast test without false negatives.

    >>> may_be_unfit(b'"a\\\\n"'), may_be_unfit(b'"a\\\\u0000"'), may_be_unfit(b'"a\\\\\\\\u"')
    (False, True, False)
    """
    if _SUSPECT_ESCAPE.search(encoded) and _has_suspect_escape(encoded):
        return True
    return b"\xef\xbf\xbe" in encoded or b"\xef\xbf\xbf" in encoded if b"\xef" in encoded else False


def _has_suspect_escape(encoded: bytes) -> bool:
    """Check each escape, as the second backslash of a pair does not start one."""
    at = encoded.find(b"\\")
    while at >= 0:
        if encoded[at + 1] in _SUSPECT:
            return True
        at = encoded.find(b"\\", at + 2)
    return False


Report = Callable[[str, object, str], None]


def clean(value: Any, report: Report, path: str = "", longest: int = LONGEST) -> Any:
    r"""Return a copy of a JSON value that all formats can represent; ``report`` gets path, value and expectation.

    Texts are cut to ``longest`` bytes, as written.

    >>> clean({"a": ["x\x00y", 1, float("nan")]}, lambda *problem: print(problem))
    ('a[0]', 'x\x00y', 'text without control characters or lone surrogates')
    ('a[2]', nan, 'a finite number of at most 64 bits')
    {'a': ['x\ufffdy', 1, 'NaN']}
    """
    if isinstance(value, dict):
        return {
            _clean_text(name, report, path, longest): clean(child, report, f"{path}.{name}" if path else name, longest)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [clean(child, report, f"{path}[{i}]", longest) for i, child in enumerate(value)]
    if isinstance(value, str):
        return _clean_text(value, report, path, longest)
    return value if _is_portable(value) else _as_text(value, report, path)


def _clean_text(text: str, report: Report, path: str, longest: int) -> str:
    if UNFIT.search(text):
        report(path, text, "text without control characters or lone surrogates")
        text = UNFIT.sub("\ufffd", text)
    if len(text) * _WIDEST > longest and len(orjson.dumps(text)) > longest:
        report(path, text, f"text of at most {longest:,} bytes, as RDF files write it")
        text = cut(text, longest)
    return text


def cut(text: str, size: int) -> str:
    r"""Return the longest start of a text whose literal has at most ``size`` bytes, with quotes and escapes.

    >>> cut("abcdef", 6), cut("a\n\nb", 6), cut("ééé", 7)
    ('abcd', 'a\n', 'éé')
    """
    start = orjson.dumps(text)[1 : size - 1].decode("utf-8", "ignore")
    backslashes = len(start) - len(start.rstrip("\\"))
    return str(orjson.loads(f'"{start[: len(start) - backslashes % 2]}"'))


def fits(lines: bytes, size: int = LINE) -> bool:
    r"""Return whether no line has more than ``size`` bytes.

    >>> fits(b"ab\nabc\n", 4), fits(b"ab\nabc\n", 3)
    (True, False)
    """
    at = 0
    while len(lines) - at > size:
        end = lines.rfind(b"\n", at, at + size)
        if end < 0:
            return False
        at = end + 1
    return True


def _is_portable(value: object) -> bool:
    """Return whether JSON can represent a number: RFC 8259 has no infinity, and few parsers keep more than 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 64


def _as_text(value: object, report: Report, path: str) -> str:
    report(path, value, "a finite number of at most 64 bits")
    return json.dumps(value)
