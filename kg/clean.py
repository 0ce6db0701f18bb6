"""Characters that RDF cannot carry through every format.

Half surrogate pairs have no UTF-8, and XML 1.0 has no place for most control characters, U+FFFE and U+FFFF
(https://www.w3.org/TR/xml/#charsets): they become U+FFFD, and the field is reported.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST = 16_777_198
"""Bytes of UTF-8 in the longest literal that the strict parsers take (Oxigraph 0.5)."""

_QUICK = re.compile(rb"\\[ubf]")
_ESCAPED = re.compile(rb"(?<!\\)(?:\\\\)*+\\[ubf]|\xef\xbf[\xbe\xbf]")


def may_be_unfit(encoded: bytes) -> bool:
    """Whether JSON, or an export, may hold such characters: quick, never wrong in denying it.

    >>> may_be_unfit(b'"a\\\\n"'), may_be_unfit(b'"a\\\\u0000"')
    (False, True)
    """
    maybe = _QUICK.search(encoded) is not None or b"\xef" in encoded
    return maybe and _ESCAPED.search(encoded) is not None


def clean(value: Any, report: Callable[[str, str, str], None], path: str = "") -> Any:
    """A JSON value with every unfit text mended; ``report`` gets path, text and what was expected.

    >>> clean({"a": ["x\\x00y", 1]}, lambda *problem: print(problem))
    ('a[0]', 'x\\x00y', 'text without control characters or half surrogate pairs')
    {'a': ['x\ufffdy', 1]}
    """
    if isinstance(value, dict):
        return {
            clean(name, report, path): clean(below, report, f"{path}.{name}" if path else name)
            for name, below in value.items()
        }
    if isinstance(value, list):
        return [clean(below, report, f"{path}[{i}]") for i, below in enumerate(value)]
    return _fit(value, report, path) if isinstance(value, str) else value


def _fit(text: str, report: Callable[[str, str, str], None], path: str) -> str:
    if UNFIT.search(text):
        report(path, text, "text without control characters or half surrogate pairs")
        text = UNFIT.sub("\ufffd", text)
    encoded = text.encode()
    if len(encoded) > LONGEST:
        report(path, text, f"text of at most {LONGEST:,} bytes")
        text = encoded[:LONGEST].decode("utf-8", "ignore")
    return text
