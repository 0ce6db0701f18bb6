r"""Text that a terminal shows and does not act on.

Control characters start escape sequences (ECMA-48), which move the cursor, clear the screen or set the title of the
window; bidirectional controls (https://www.unicode.org/reports/tr9/) make a line read as another one. Both are shown
as ``\u001B``, the spelling of Turtle, N-Triples, SPARQL and JSON, so that Turtle stays the same graph.
"""

from __future__ import annotations

import re
from urllib.parse import quote

_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")


def printable(text: str) -> str:
    r"""A text with control characters and bidirectional controls escaped; tabs and line feeds stay.

    >>> print(printable("a\x1b[2J\x9b31m\u202eb"))
    a\u001B[2J\u009B31m\u202Eb
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04X}", text)


def printable_address(iri: str) -> str:
    r"""An IRI with the same characters percent-encoded, so that it stays an address.

    >>> printable_address("http://a/\u202eb")
    'http://a/%E2%80%AEb'
    """
    return _CONTROLS.sub(lambda match: quote(match[0], errors="replace"), iri)
