"""What RDF cannot carry through every format.

Half surrogate pairs have no UTF-8, and XML 1.0 has no place for most control characters, U+FFFE and U+FFFF
(https://www.w3.org/TR/xml/#charsets): they become U+FFFD, and the field is reported. Numbers that JSON cannot
carry become text.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST = 16_777_198
"""Bytes of UTF-8 in the longest literal that the strict parsers take (Oxigraph 0.5)."""

_TOLD = frozenset(b"ubf")
_MAY_TELL = re.compile(rb"\\[ubf]")


def may_be_unfit(encoded: bytes) -> bool:
    """Whether JSON, or an export, may hold such characters: quick, never wrong in denying it.

    >>> may_be_unfit(b'"a\\\\n"'), may_be_unfit(b'"a\\\\u0000"'), may_be_unfit(b'"a\\\\\\\\u"')
    (False, True, False)
    """
    if _MAY_TELL.search(encoded) and _has_told_escape(encoded):
        return True
    return b"\xef\xbf\xbe" in encoded or b"\xef\xbf\xbf" in encoded if b"\xef" in encoded else False


def _has_told_escape(encoded: bytes) -> bool:
    """Looks at each escape, since the second backslash of a pair begins none."""
    at = encoded.find(b"\\")
    while at >= 0:
        if encoded[at + 1] in _TOLD:
            return True
        at = encoded.find(b"\\", at + 2)
    return False


Report = Callable[[str, object, str], None]


def clean(value: Any, report: Report, path: str = "") -> Any:
    r"""A copy of a JSON value with what is unfit mended; ``report`` gets path, value and what was expected.

    >>> clean({"a": ["x\x00y", 1, float("nan")]}, lambda *problem: print(problem))
    ('a[0]', 'x\x00y', 'text without control characters or half surrogate pairs')
    ('a[2]', nan, 'a finite number of at most 64 bits')
    {'a': ['x\ufffdy', 1, 'NaN']}
    """
    if isinstance(value, dict):
        return {
            _fit(name, report, path): clean(below, report, f"{path}.{name}" if path else name)
            for name, below in value.items()
        }
    if isinstance(value, list):
        return [clean(below, report, f"{path}[{i}]") for i, below in enumerate(value)]
    if isinstance(value, str):
        return _fit(value, report, path)
    return value if _is_portable(value) else _as_text(value, report, path)


def _fit(text: str, report: Report, path: str) -> str:
    if UNFIT.search(text):
        report(path, text, "text without control characters or half surrogate pairs")
        text = UNFIT.sub("\ufffd", text)
    if len(text) * 4 > LONGEST and len(encoded := text.encode()) > LONGEST:
        report(path, text, f"text of at most {LONGEST:,} bytes")
        text = encoded[:LONGEST].decode("utf-8", "ignore")
    return text


def _is_portable(value: object) -> bool:
    """Whether JSON writers take a number; RFC 8259 has no infinity, and few keep integers over 64 bits."""
    if isinstance(value, float):
        return math.isfinite(value)
    return not isinstance(value, int) or -(1 << 63) <= value < 1 << 64


def _as_text(value: object, report: Report, path: str) -> str:
    report(path, value, "a finite number of at most 64 bits")
    return json.dumps(value)
