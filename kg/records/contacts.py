r"""Contact data in JSON: which keys hold it, and e-mail addresses in texts.

An address is masked in the JSON itself, so the emitter and the interpreter mask the same bytes.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import orjson

MASK = "[e-mail removed]"
"""Stands for an e-mail address in a text."""
LEFT_OUT = "(left out)"
"""Stands for contact data in a message."""

_MASK = MASK.encode()
_LETTER = rb"[A-Za-z]|[\xc3-\xc9][\x80-\xbf]"  # with those of Latin-1 and Latin Extended
_DOMAIN = re.compile(rb"@(?:(?:[0-9-]|%b)+\.)+(?:%b){2,}" % (_LETTER, _LETTER))
_LOCAL_REVERSED = re.compile(rb"(?:[A-Za-z0-9._%+&'~-]|[\x80-\xbf][\xc3-\xc9])+")
_LONGEST_LOCAL = 128
_EDGE = b"._%+&'~-"
"""Punctuation that is kept where it precedes an address."""

_KEY = re.compile(
    r"phone|fax|email|whatsapp|(?:^|contact|address)mail(?:s|address|addresses)?$"
    r"|^(?:tel|mobile|cell)(?:no|number)?$"
)
_OTHER = re.compile("[^a-z]+")
_BROKEN = re.compile(r'("([^"\\]{1,40})"\s*:\s*)"(?:[^"\\]|\\.)*"?')


@lru_cache(1 << 10)
def is_contact_key(name: str) -> bool:
    """Return whether a key holds an e-mail address, a telephone or a fax number.

    >>> [*map(is_contact_key, ("Email", "e-mail", "emailAddress", "mail", "telephone", "phoneExt", "fax", "facility"))]
    [True, True, True, True, True, True, True, False]
    """
    return _KEY.search(_OTHER.sub("", name.lower())) is not None


@lru_cache(1 << 10)
def holds_contacts(name: str) -> bool:
    """Return whether a key holds one or several contacts.

    >>> holds_contacts("centralContacts"), holds_contacts("contactsLocationsModule")
    (True, False)
    """
    return "contact" in name.lower() and not name.endswith("Module")


def masked(text: bytes) -> bytes:
    r"""Return JSON with its e-mail addresses masked, or the same object if it has none.

    >>> masked(rb'["Write to:\nj.doe@mail.example.org.", "2 mg@5 ml", "@home"]')
    b'["Write to:\\n[e-mail removed].", "2 mg@5 ml", "@home"]'
    """
    if b"@" not in text:
        return text
    pieces: list[bytes] = []
    done = 0
    for match in _DOMAIN.finditer(text):
        start = _local_start(text, max(done, match.start() - _LONGEST_LOCAL), match.start())
        if start < match.start():
            pieces += (text[done:start], _MASK)
            done = match.end()
    return b"".join([*pieces, text[done:]]) if pieces else text


def _local_start(text: bytes, begin: int, at: int) -> int:
    """Return where the local part of an address begins, ``at`` for none."""
    match = _LOCAL_REVERSED.match(text[begin:at][::-1])
    start = at - match.end() if match else at
    backslashes = 0
    while text[start - 1 - backslashes : start - backslashes] == b"\\":
        backslashes += 1
    if backslashes % 2:  # an escape, such as \n or \u0001
        start = min(at, start + (5 if text[start : start + 1] == b"u" else 1))
    while start < at and text[start] in _EDGE:
        start += 1
    return start


def has_address(text: bytes) -> bool:
    """Return whether JSON has an e-mail address that :func:`masked` masks."""
    return masked(text) is not text


def mask(value: Any) -> Any:
    """Return a JSON value with the e-mail addresses in its texts and keys masked, or the same object if it has none.

    >>> mask({"a": ["Write to j.doe@example.org", 1]})
    {'a': ['Write to [e-mail removed]', 1]}
    """
    if isinstance(value, str):
        return _mask_text(value) if "@" in value else value
    if isinstance(value, list):
        return _mask_list(value)
    return _mask_object(value) if isinstance(value, dict) else value


def _mask_text(text: str) -> str:
    try:
        encoded = orjson.dumps(text)
    except TypeError:  # a lone surrogate, in a value that is shown in a message
        return mask_excerpt(text)
    result = masked(encoded)
    return text if result is encoded else str(orjson.loads(result))


def _mask_list(values: list[Any]) -> list[Any]:
    result = values
    for i, value in enumerate(values):
        new = mask(value)
        if new is not value:
            result = [*values] if result is values else result
            result[i] = new
    return result


def _mask_object(members: dict[str, Any]) -> dict[str, Any]:
    result = {mask(name): mask(value) for name, value in members.items()}
    changed = any(new is not value for new, value in zip(result.values(), members.values(), strict=False))
    return result if changed or result.keys() != members.keys() else members


def mask_excerpt(text: str) -> str:
    """Return a part of a text that is no valid study without the contact data in it.

    >>> mask_excerpt('{"name": "A", "phone": "555 1234", "note": "a@example.org"')
    '{"name": "A", "phone": "(left out)", "note": "[e-mail removed]"'
    """
    text = _BROKEN.sub(lambda match: f'{match[1]}"{LEFT_OUT}"' if is_contact_key(match[2]) else match[0], text)
    return masked(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
