"""Saved study pages: a header of ``Label: value`` lines, then the record as a Python literal or as JSON.

The literal is translated to JSON token by token and never evaluated. A page saved as HTML is read as its text.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any, TypeGuard

import orjson

from kg.errors import RecordError
from kg.records.limits import TOO_MANY, has_too_many_values, may_have_too_many_values

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS = frozenset(
    {"protocolSection", "derivedSection", "annotationSection", "documentSection", "resultsSection", "hasResults"}
)
"""Top-level keys of a study record; an object with one of them is a study."""
STUDY = "a study record (an object with protocolSection)"
MAX_SIZE = 64 << 20
MAX_DEPTH = 200

_QUOTE = r"""(?:["']|&(?:quot|apos|#39|#x27|#34|#x22);)"""
_BEGIN = re.compile(r"""\{\s*["'][\w$]+["']\s*:""")
_ESCAPED = re.compile(r"\{\s*&(?:quot|apos|#39|#x27|#34|#x22);")
STUDY_START = re.compile(rf"\{{\s*{_QUOTE}(?:{'|'.join(sorted(SECTIONS))}){_QUOTE}\s*:")
_PYTHON = re.compile(r"[\[\s]*\{\s*(?:'|&(?:quot|apos|#39|#x27|#34|#x22);)")
_ANY = re.compile(rf"\{{\s*(?:{_QUOTE}(?:{'|'.join(sorted(SECTIONS))}){_QUOTE}|(?:'|&(?:apos|#39|#x27);)\w+)")
_FACT = re.compile(r"\s*([A-Z][a-z]+(?: [\w-]+){0,7}):\s+(\S.*)")
_WORDS = {
    "True": b"true",
    "False": b"false",
    "None": b"null",
    "true": b"true",
    "false": b"false",
    "null": b"null",
}
_INLINE = frozenset(["a", "abbr", "b", "code", "em", "font", "i", "mark", "small", "span", "strong", "sub", "td"])
_STRINGS = ("single", "double")
_DECODER = json.JSONDecoder()


@cache
def _tokens() -> re.Pattern[str]:
    """Return the pattern of a token, compiled on first use: that takes a millisecond, and only saved pages need it."""
    return re.compile(
        r"""\s*(?:(?P<single>'[^'\\\n]*+(?:\\.[^'\\\n]*+)*+')|(?P<double>"[^"\\\n]*+(?:\\.[^"\\\n]*+)*+")"""
        r"""|(?P<number>-?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,4})?(?![\w.]))"""
        r"""|(?P<word>[A-Za-z]\w{0,9}(?!\w))|(?P<open>[\[{])|(?P<close>[\]}])|(?P<mark>[,:])|(?P<other>\S|\Z))""",
        re.DOTALL,
    )


@cache
def _markup() -> re.Pattern[str]:
    return re.compile(  # without backtracking: html.parser takes a minute for 600 kB of "<!--x>" (Python 3.11)
        r"""<!--[^-]*+(?:-(?!->)[^-]*+)*+(?:-->|\Z)"""
        r"""|<(?:script|style)\b[^<]*+(?:<(?!/(?:script|style))[^<]*+)*+(?:</(?:script|style)[^<>]*+>?|\Z)"""
        r"""|</?(?P<tag>[a-z][\w:-]*+)(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+>|<[!?][^<>]*+>""",
        re.IGNORECASE,
    )


def record(text: str) -> dict[str, Any]:
    """Return the first record of a saved page; facts that occur only in the page's header are under ``pageHeader``.

    Raises :class:`RecordError` if the page has no record, or if the record cannot be read.

    >>> record("Status: COMPLETED\\nIs Gene Therapy: True\\n\\n{'protocolSection': {'status': 'COMPLETED'}}")
    {'protocolSection': {'status': 'COMPLETED'}, 'pageHeader': {'isGeneTherapy': True}}
    """
    for record in records(text):
        if isinstance(record, RecordError):
            raise record
        return record
    raise RecordError("holds no study record")


def records(text: str) -> Iterator[dict[str, Any] | RecordError]:
    """Yield each record of a saved page or a list of Python literals, or the error if it cannot be read."""
    for data, header in literals(text):
        if isinstance(data, RecordError):
            yield data
        elif is_study(data):
            yield with_facts(data, header)
        else:
            yield not_a_study(data)


def literals(text: str) -> Iterator[tuple[dict[str, Any] | RecordError, str]]:
    """Yield every object of a text in JSON or as a literal of Python, or its error, with the text before it."""
    if len(text) > MAX_SIZE:
        yield RecordError(f"is a page of more than {MAX_SIZE >> 20} MiB"), ""
        return
    text, at = _plain(text), 0
    is_large, begin = may_have_too_many_values(text), _BEGIN.search(text)
    while begin:
        try:
            data, end = _literal(text, begin.start(), is_large=is_large)
        except RecordError as error:
            yield error, ""
            begin = STUDY_START.search(text, begin.end())
        else:
            yield data, text[at : begin.start()]
            at, begin = end, _BEGIN.search(text, end)


def is_study(data: object) -> TypeGuard[dict[str, Any]]:
    """Return whether a value is a study record, which may still be invalid.

    >>> is_study({"hasResults": False}), is_study({"studies": []}), is_study([])
    (True, False, False)
    """
    return isinstance(data, dict) and not SECTIONS.isdisjoint(data)


def is_page(head: str) -> bool:
    """Return whether a text is a saved page or a Python literal, not JSON; ``head`` is its start (up to 1 MiB).

    >>> is_page("Status: X\\n{'a': 1}"), is_page("<p>{&#x27;a&#x27;: 1}"), is_page('{"a": 1}'), is_page("a,b\\n1,2")
    (True, True, False, False)
    """
    begin = head.lstrip()
    if begin.startswith(("{", "[")):
        return _PYTHON.match(begin) is not None
    if begin.startswith("<"):
        return True
    match = _ANY.search(begin)
    if match is None:
        return False
    header = begin[: match.start()].splitlines()
    return '"' not in match[0] or any(map(_FACT.match, header))


# -- the header -------------------------------------------------------------------------------------------------


def not_a_study(data: dict[str, Any]) -> RecordError:
    """Return the error for an object that is no study record."""
    return RecordError("is no study", value=data, expected=STUDY)


def with_facts(data: dict[str, Any], header: str) -> dict[str, Any]:
    """Return a study with the facts that only the header of its page has under ``pageHeader``."""
    texts = _texts(data)
    facts = {key: _value(text) for key, text in _facts(header).items() if text not in texts}
    return {**data, "pageHeader": facts} if facts and "pageHeader" not in data else data


def _facts(header: str) -> dict[str, str]:
    facts = (fact for line in header.splitlines() if (fact := _FACT.match(line)))
    return {_key(fact[1]): " ".join(fact[2].split()) for fact in facts if not fact[1].startswith("Viewing")}


def _key(label: str) -> str:
    """Return the key of a label.

    >>> _key("Study NCT ID"), _key("Is Gene Therapy")
    ('studyNctId', 'isGeneTherapy')
    """
    first, *rest = re.findall(r"[^\W_]+", label)
    return str(first).lower() + "".join(map(str.capitalize, rest))


def _value(text: str) -> str | bool:
    return {"True": True, "False": False}.get(text, text)


def _texts(data: object) -> set[str]:
    """Return all strings in a JSON value, with normalized white space."""
    texts: set[str] = set()
    stack: list[object] = [data]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            texts.add(" ".join(value.split()))
        elif isinstance(value, dict):
            stack += value.values()
        elif isinstance(value, list):
            stack += value
    return texts


# -- the literal ------------------------------------------------------------------------------------------------


def _literal(text: str, at: int, *, is_large: bool) -> tuple[dict[str, Any], int]:
    """Parse the object at a position; return it and its end. ``is_large`` says whether its values are to be counted."""
    try:
        if not is_large:
            return _DECODER.raw_decode(text, at)
    except RecursionError:
        raise RecordError(f"is nested deeper than {MAX_DEPTH} levels") from None
    except ValueError:
        pass
    translated, end = _json(text, at)
    if has_too_many_values(translated):
        raise RecordError(TOO_MANY)
    return _loaded(translated), end


def _loaded(translated: bytes) -> Any:
    try:
        return orjson.loads(translated)
    except ValueError:  # a lone surrogate, which orjson rejects and a later step reports
        pass
    try:
        return json.loads(translated)
    except ValueError as error:
        raise RecordError(f"is not a valid literal of a record ({error})") from None


def _json(text: str, at: int) -> tuple[bytes, int]:
    out, depth, kind = bytearray(), 0, ""
    for token in _tokens().finditer(text, at):
        follows_string, kind = kind in _STRINGS, token.lastgroup or ""
        depth += (kind == "open") - (kind == "close")
        if depth > MAX_DEPTH:
            raise RecordError(f"is nested deeper than {MAX_DEPTH} levels")
        translated = _translated(kind, token[kind])
        if follows_string and kind in _STRINGS:  # pprint writes a long string as several
            out[-1:] = translated[1:]
        else:
            out += translated
        if depth == 0:
            return bytes(out), token.end()
    raise AssertionError  # unreachable: the last alternative matches the end of the text, which raises an error


def _translated(kind: str, token: str) -> bytes:
    if kind in _STRINGS:
        return _string(token)
    if kind == "word" and token in _WORDS:
        return _WORDS[token]
    if kind in ("word", "other"):
        unexpected = "unterminated string" if token in ("'", '"') else repr(token) if token else "end of the page"
        raise RecordError(f"is not a valid literal of a record (unexpected {unexpected})")
    return token.encode()


def _string(token: str) -> bytes:
    text = _unescaped(token) if "\\" in token else token[1:-1]
    try:
        return orjson.dumps(text)
    except TypeError:  # a lone surrogate
        return json.dumps(text).encode()


def _unescaped(token: str) -> str:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # unknown escapes are kept unchanged
            return str(ast.literal_eval(token))
    except (SyntaxError, ValueError) as error:
        raise RecordError(f"is not a valid literal of a record (invalid escape in {token[:40]})") from error


# -- HTML -------------------------------------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Remove the markup and escapes of HTML; plain text, which may contain tags, is returned unchanged."""
    begin, escaped = _BEGIN.search(text), _ESCAPED.search(text)
    if text.lstrip().startswith("<") or (escaped and (not begin or escaped.start() < begin.start())):
        import html

        return html.unescape(_markup().sub(_between, text))
    return text


def _between(markup: re.Match[str]) -> str:
    return "" if (markup["tag"] or "").lower() in _INLINE else "\n"
