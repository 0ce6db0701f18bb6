"""The emitter: the programs of a plan run on the JSON of records by a compiled extension (``native``).

It asks Python for the token of each value, and for each shared resource, that it has not seen yet. Where the extension
was not built, all records are exported with care (:mod:`kg.export.interpreter`): the same bytes, later.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from kg.errors import ABSENT, FieldError, Repaired
from kg.export.compiler import Programs
from kg.export.context import Context, plain_text
from kg.export.interpreter import Interpreter
from kg.export.operations import within
from kg.export.shared_resources import description
from kg.export.terms import Converters
from kg.mapping.plan import Plan
from kg.rdf.syntax import Style

if TYPE_CHECKING:
    from kg._emitter import Described
    from kg._emitter import Emitter as Native

_ESCAPED = re.compile(rb"\\[ubf/]")


class Emitted(NamedTuple):
    """What a record becomes: its output; ``at`` is where that of the
    study itself ends, before that of its parts; ``end`` where the record and the spaces behind it end."""

    data: bytes
    end: int
    at: int
    triples: int
    facts: tuple[str | None, ...]
    withheld: int
    unread: bytes
    """What no shape reads, and what is empty, in its place in the JSON of the record; or nothing."""
    odd: bool
    """Whether more of the record may not be in the graph."""
    errors: list[FieldError]
    shared: tuple[bytes, ...]
    """The descriptions of the shared resources that the record refers to."""

    def with_more(self, more: bytes) -> bytes:
        """The output with another statement about the study itself."""
        data = memoryview(self.data)
        return b"".join((data[: self.at], more, data[self.at :]))


def native() -> type[Native] | None:
    """The compiled extension, where it was built."""
    try:
        from kg._emitter import Emitter as Native
    except ImportError:
        return None
    return Native


def keep_memory() -> None:
    """Has this process keep what is freed for what comes next, where the extension was built: each output is as large
    as the one before.

    To give the pages back and take them again costs up to a tenth of the time of an export
    (https://man7.org/linux/man-pages/man3/mallopt.3.html: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD).
    """
    with suppress(ImportError):
        from kg._emitter import keep_memory as keep

        keep()


class Emitter:
    """Runs the programs of a plan in one style; ``facts`` are the paths of the texts that are returned of each record,
    the first of them its NCT number."""

    def __init__(
        self,
        plan: Plan,
        style: Style,
        interpreter: Interpreter,
        facts: tuple[tuple[str, ...], ...],
        *,
        contacts: bool = False,
        graphs: bool = False,
    ) -> None:
        self._style = style
        self._interpreter = interpreter
        self._last: tuple[bytes, Any] = b"", None
        self._convert = Converters(plan, style)
        self.programs = made = Programs(plan, style, self._convert, contacts=contacts, graphs=graphs)
        self._kinds = [(entity, self._convert.link_name(entity)) for entity in made.kinds]
        found = native()
        self._run = (
            None
            if found is None
            else found(
                made.types,
                tuple(made.programs),
                tuple(made.spellings),
                made.words,
                tuple(map(made.path, facts)),
                self._token,
                self._text,
                self._resource,
            )
        )

    def __call__(self, text: bytes, at: int | None = None) -> Emitted | None:
        """What the record at a place in a text becomes, whatever comes behind it, or else a text that is one; ``None``
        for one that is exported with care.

        Raises :class:`ValueError` for a number that JSON has and Python has not.
        """
        if self._run is None or at is not None:
            return self._made(text, at or 0)
        made, end = self._made(text, 0), len(text)
        if made is None and _ESCAPED.search(text):
            text = orjson.dumps(orjson.loads(text))  # with no more escapes than it needs
            made = self._made(text, 0)
        return made._replace(end=end) if made is not None and made.end == len(text) else None

    def _made(self, text: bytes, at: int) -> Emitted | None:
        made = self._run(text, at) if self._run else None
        if made is None:
            return None
        data, end, ends, triples, facts, withheld, unread, odd, complaints, shared = made
        errors = [self._error(*complaint) for complaint in complaints]
        return Emitted(data, end, ends, triples, facts, withheld, unread, odd, errors, shared)

    def _token(self, reader: int, json: bytes) -> bytes | None:
        if json != self._last[0]:  # several fields are derived from one text
            self._last = json, orjson.loads(json)
        return self.programs.readers[reader](self._last[1])

    def _text(self, field: int, json: bytes) -> bytes | None:
        """What is kept of a refused value: its repaired form, or else its plain text."""
        value = orjson.loads(json)
        if token := self._convert.repaired(self.programs.fields[field], value):
            return token
        text = plain_text(value)
        return None if text is None else orjson.dumps(text)

    def _resource(self, kind: int, json: bytes) -> Described | None:
        x, (entity, link_name) = orjson.loads(json), self._kinds[kind]
        context = Context(x)
        block = self._interpreter.resource(entity, x, context)
        if block is None or context.errors or context.refused or context.withheld:
            return None
        listed = orjson.dumps(Converters.listed(entity, x), option=orjson.OPT_SORT_KEYS).decode()
        return block[0], description(*block), within(listed), within(link_name(x)), context.odd

    def _error(self, path: str, field: int, json: bytes) -> FieldError:
        value = orjson.loads(json) if json else ABSENT
        expected = self._convert.expected(self.programs.fields[field])
        kind = Repaired if self._convert.repaired(self.programs.fields[field], value) else FieldError
        return kind("not as its shape says", path=path, value=value, expected=expected)
