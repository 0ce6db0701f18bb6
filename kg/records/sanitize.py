"""Removal of characters and numbers that the output formats cannot represent.

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

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST = 16_777_198
"""Length in bytes of UTF-8 of the longest literal that strict parsers accept (Oxigraph 0.5)."""

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


def clean(value: Any, report: Report, path: str = "") -> Any:
    r"""Return a copy of a JSON value that all formats can represent; ``report`` gets path, value and expectation.

    >>> clean({"a": ["x\x00y", 1, float("nan")]}, lambda *problem: print(problem))
    ('a[0]', 'x\x00y', 'text without control characters or lone surrogates')
    ('a[2]', nan, 'a finite number of at most 64 bits')
    {'a': ['x\ufffdy', 1, 'NaN']}
    """
    if isinstance(value, dict):
        return {
            _clean_text(name, report, path): clean(child, report, f"{path}.{name}" if path else name)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [clean(child, report, f"{path}[{i}]") for i, child in enumerate(value)]
    if isinstance(value, str):
        return _clean_text(value, report, path)
    return value if _is_portable(value) else _as_text(value, report, path)


def _clean_text(text: str, report: Report, path: str) -> str:
    if UNFIT.search(text):
        report(path, text, "text without control characters or lone surrogates")
        text = UNFIT.sub("\ufffd", text)
    if len(text) * 4 > LONGEST and len(encoded := text.encode()) > LONGEST:
        report(path, text, f"text of at most {LONGEST:,} bytes")
        text = encoded[:LONGEST].decode("utf-8", "ignore")
    return text


def _is_portable(value: object) -> bool:
    """Return whether JSON can represent a number: RFC 8259 has no infinity, and few parsers keep more than 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 64


def _as_text(value: object, report: Report, path: str) -> str:
    report(path, value, "a finite number of at most 64 bits")
    return json.dumps(value)
