"""The text of a server's error message, without markup, for error messages of one sentence."""

from __future__ import annotations

import html
import re

EXCERPT = 300
"""Characters of a server's own message that an error quotes."""

_INVISIBLE = re.compile(r"<(style|script|head)\b.*?</\1\s*>|<!--.*?-->", re.DOTALL | re.IGNORECASE)
_TITLE = re.compile(r"<title\b[^>]*>(.*?)</title", re.DOTALL | re.IGNORECASE)
_MARKUP = re.compile(r"</?(?:html|head|title|body|h[1-6]|p|div|span|pre|br|hr|b|center|table)\b[^>:]*>", re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.DOTALL | re.IGNORECASE
)


def is_html(text: str) -> bool:
    """Return whether a text is an HTML page.

    >>> is_html("<!DOCTYPE html><p>"), is_html("<html lang='en'>"), is_html('{"a": "<html>"}')
    (True, True, False)
    """
    return _HTML.match(text) is not None


def first_line(text: str) -> str:
    r"""Return the title and the first line of a page, or the first line of another text.

    >>> first_line("<html><title>502 Proxy Error</title><body><h1>502 Proxy Error</h1>\n<p>Try again</body>")
    '502 Proxy Error'
    >>> first_line("<head><title>Access&nbsp;Denied</title></head><p>Ask \n us"), first_line("\nLine 3: error.\nSELECT")
    ('Access Denied: Ask', 'Line 3: error')
    >>> first_line("Expected <http://x/1> before <")
    'Expected <http://x/1> before <'
    """
    if not _MARKUP.search(text):
        return next(filter(None, (" ".join(line.split()) for line in text.splitlines())), "")[:EXCERPT].rstrip(". ")
    title = _TITLE.search(text)
    lines = (plain(line) for line in _INVISIBLE.sub(" ", _TITLE.sub(" <", text)).splitlines())
    first = next((line for line in lines if line), "")
    head = plain(title[1]) if title else ""
    parts = [head, first] if head not in first else [first]
    return ": ".join(filter(None, parts))[:EXCERPT].rstrip(". ")


def plain(text: str) -> str:
    """Return a text without tags and entities, on one line."""
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def status_and_text(status: int, reason: str, text: str) -> str:
    """Return a status with the server's own text, each once.

    >>> status_and_text(404, "Not Found", "NCT number NCT99999999 not found")
    '404 Not Found: NCT number NCT99999999 not found'
    >>> status_and_text(503, "Service Unavailable", "<html><body>503 Service Unavailable</body></html>")
    '503 Service Unavailable'
    """
    reason = " ".join(reason.split())
    head = f"{status} {reason}".strip()
    line = first_line(text)
    line = re.sub(rf"^(?:{status}\b\W*)?(?:{re.escape(reason)}\b\W*)?", "", line, flags=re.IGNORECASE) if line else ""
    return f"{head}: {line}" if line else head
