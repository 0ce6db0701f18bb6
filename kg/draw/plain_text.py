"""Plain text of record fields: HTML tags, character references and Markdown escapes are resolved.

The result is text, not markup: it may contain ``<`` and must be escaped or inserted as a text node.
"""

from __future__ import annotations

import html
import re
from html.entities import html5

_INLINE = r"a|abbr|b|big|code|em|font|i|small|span|strong|sub|sup|tt|u"
_BLOCK = r"br|dd|div|dl|dt|h[1-6]|hr|li|ol|p|pre|table|tbody|td|th|thead|tr|ul"
_ATTRIBUTES = r"""(?:\s+[\w:-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'|[^\s"'<>]+))*\s*"""
_TAG = re.compile(rf"\\?<(/?)({_INLINE}|{_BLOCK}){_ATTRIBUTES}/?\\?>", re.IGNORECASE)
_BLOCKS = re.compile(_BLOCK, re.IGNORECASE)
_REFERENCE = re.compile(r"\\?(&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});)")
_ESCAPED = re.compile(r"\\([][\\<>*_~^#&`|{}()+.!-])")
_MAX_DEPTH = 3
"""Maximum number of nested escapes that are resolved."""


def plain_text(text: str) -> str:
    """Return a text without markup; text without any is returned unchanged.

    >>> plain_text("<p>Pain&#x2F;discomfort, p<0.05</p><ul><li>age \\\\>= 18</li></ul>")
    'Pain/discomfort, p<0.05\\n* age >= 18'
    >>> plain_text("a <b and c> d & e; AUC\\\\<sub\\\\>0-28d\\\\</sub\\\\>")
    'a <b and c> d & e; AUC0-28d'
    """
    if not any(character in text for character in "<&\\"):
        return text
    untagged = _TAG.sub(_line_break, text)
    if untagged != text:
        untagged = re.sub(r"\s*\n\s*", "\n", untagged).strip()
    return _ESCAPED.sub(r"\1", _resolve_references(untagged))


def _line_break(tag: re.Match[str]) -> str:
    if not _BLOCKS.fullmatch(tag[2]):
        return ""
    return "\n* " if tag[2].lower() == "li" and not tag[1] else "\n"


def _resolve_references(text: str) -> str:
    for _ in range(_MAX_DEPTH):
        previous, text = text, _REFERENCE.sub(_character, text)
        if text == previous:
            break
    return text


def _character(reference: re.Match[str]) -> str:
    name = reference[1][1:]
    if name.startswith("#") or name in html5:
        return html.unescape(reference[1])
    return html5.get(name.lower(), reference[0])
