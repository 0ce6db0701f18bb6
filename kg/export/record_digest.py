"""Digests of records, by which a store knows that a record is unchanged without exporting it.

A digest is that of the canonical JSON of the record as it was read, without the day of the registry's data, which is
new in every download. It also depends on everything else that decides what the statements of the record are: the
version of kg, the ontology, and the choice of contact data and sections.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from hashlib import blake2b
from typing import Any

import orjson

from kg._version import __version__
from kg.ontology.files import folder

_SIZE = 16
_SECTION, _MODULE, _HOLDER = "derivedSection", "miscInfoModule", "versionHolder"


@cache
def _ontology() -> bytes:
    hashed = blake2b(__version__.encode(), digest_size=_SIZE)
    for path in sorted(folder("ontology").glob("*.ttl")):
        hashed.update(path.read_bytes())
    return hashed.digest()


class RecordDigester:
    """Computes the digests of records that are exported with the same options.

    >>> digester = RecordDigester(contacts=False)
    >>> digester.of_json(b'{"b": 1, "a": [2]}') == digester({"a": [2], "b": 1}) != digester({"a": [2]})
    True
    """

    def __init__(self, *, contacts: bool, without: Iterable[str] = ()) -> None:
        options = " ".join(("contacts" if contacts else "", *sorted(without), "\n"))
        self._start = blake2b(_ontology() + options.encode(), digest_size=_SIZE)

    def of_json(self, text: bytes) -> str:
        """Return the digest of the JSON of a record, empty where :meth:`__call__` has none."""
        try:
            return self(orjson.loads(text))
        except ValueError:
            return ""

    def __call__(self, record: dict[str, Any]) -> str:
        """Return the digest of a record, empty for one whose JSON has no canonical form, such as a number too large."""
        try:
            text = orjson.dumps(_without_holder(record), option=orjson.OPT_SORT_KEYS)
        except (TypeError, ValueError, RecursionError):
            return ""
        hashed = self._start.copy()
        hashed.update(text)
        return hashed.hexdigest()


def _without_holder(record: dict[str, Any]) -> dict[str, Any]:
    section = record.get(_SECTION)
    module = section.get(_MODULE) if isinstance(section, dict) else None
    if not isinstance(module, dict) or _HOLDER not in module:
        return record
    rest = {name: value for name, value in module.items() if name != _HOLDER}
    return {**record, _SECTION: {**section, _MODULE: rest}}  # type: ignore[dict-item]  # a dictionary, as it has a module
