"""Templates: IRIs and names with places in them that are filled from the JSON of a record."""

from __future__ import annotations

import re
from typing import NamedTuple

from kg.errors import OntologyError

SLOT = re.compile(r"\{([^{}]*)\}")
"""A place in a template."""


class Template(NamedTuple):
    """An IRI with one place for a key: the text before it, the JSON path of the key, the text after.

    >>> Template.of("https://example.org/{a.b}#x")
    Template(before='https://example.org/', keys=('a', 'b'), after='#x')
    """

    before: str
    keys: tuple[str, ...] | None
    """``None`` stands for the value itself, ``("^",)`` for the parent's IRI."""
    after: str

    @staticmethod
    def of(text: str) -> Template:
        slots = SLOT.findall(text)
        if len(slots) != 1:
            raise OntologyError(f"The IRI template {text} has {len(slots)} places, expected one.")
        before, after = text.split("{" + slots[0] + "}")
        return Template(before, None if slots[0] == "." else tuple(slots[0].split(".")), after)
