"""Emitter: runs the programs of a plan on the JSON of records, in the C extension (``native``).

The extension calls Python for the token of a value or a shared resource that it has not seen before. If it was not
built, the reference interpreter (:mod:`kg.export.interpreter`) exports every record, with the same output.
"""

from __future__ import annotations

import re
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from kg.errors import ABSENT, FieldError, Repaired
from kg.export.compiler import Programs, within
from kg.export.interpreter import Interpreter
from kg.export.shared_resources import description
from kg.export.terms import listed, plain_text
from kg.rdf.syntax import quoted
from kg.records.contacts import has_address, masked
from kg.records.limits import has_too_many_values

if TYPE_CHECKING:
    from kg._emitter import Described
    from kg._emitter import Emitter as Native

_ESCAPED = re.compile(rb"\\[ubf/]")


class Emitted(NamedTuple):
    """The output of a record, with its header, counts and errors."""

    data: bytes
    end: int
    """The end of the record in the text, including the spaces after it."""
    study_end: int
    """The end of the block of the study in the output, before those of its parts."""
    triples: int
    header: tuple[str | None, ...]
    withheld: int
    unread: bytes
    """JSON of the values that no shape reads and of empty values, at their places in the record; empty if none."""
    lossy: bool
    """Whether other parts of the record may be missing in the graph."""
    errors: list[FieldError]
    shared: tuple[bytes, ...]
    """The descriptions of the shared resources that the record refers to."""
    is_masked: bool = False
    """Whether e-mail addresses in the JSON of the record were masked first."""

    def with_more(self, more: bytes) -> bytes:
        """Return the output with more bytes at the end of the study's own block."""
        data = memoryview(self.data)
        return b"".join((data[: self.study_end], more, data[self.study_end :]))


def native() -> type[Native] | None:
    """Return the class in the C extension, ``None`` if that was not built."""
    try:
        from kg._emitter import Emitter as Native
    except ImportError:
        return None
    return Native


MISSING = (
    "kg: The C extension is not built, so exports take 7 to 15 times as long; install a C compiler and the headers of "
    "Python (Debian: gcc python3-dev), then install kg again (KG_QUIET=1 hides this line)."
)


@cache
def say_missing() -> None:
    """Say once per run, on standard error, that the extension is missing, unless ``KG_QUIET`` is set."""
    import multiprocessing
    import os
    import sys

    if not os.environ.get("KG_QUIET") and multiprocessing.parent_process() is None:
        print(MISSING, file=sys.stderr)


def keep_memory() -> None:
    """Make the C library keep freed memory for the next output, which has about the same size.

    Returning pages to the system and allocating them again takes up to a tenth of the time of an export
    (https://man7.org/linux/man-pages/man3/mallopt.3.html: M_TRIM_THRESHOLD and M_MMAP_THRESHOLD).
    """
    with suppress(ImportError):
        from kg._emitter import keep_memory as keep

        keep()


class Emitter:
    """Runs the programs of a plan in one style.

    ``header`` has the paths of the texts to return of each record, of which the first is its NCT number.
    """

    def __init__(self, interpreter: Interpreter, header: tuple[tuple[str, ...], ...], *, graphs: bool = False) -> None:
        self._interpreter = interpreter
        self._converters, names = interpreter.converters, interpreter.names
        self._last: tuple[bytes, Any] = b"", None
        self.programs = programs = Programs(
            interpreter.plan,
            interpreter.style,
            self._converters,
            names,
            contacts=interpreter.contacts,
            graphs=graphs,
        )
        self._kinds = [(entity, names.link_name(entity)) for entity in programs.kinds]
        compiled = native()
        if compiled is None:
            say_missing()
        self._run = (
            compiled(
                programs.types,
                tuple(programs.programs),
                tuple(programs.spellings),
                programs.words,
                tuple(map(programs.path, header)),
                self._token,
                self._text,
                self._resource,
            )
            if compiled
            else None
        )

    def __call__(self, text: bytes, at: int | None = None) -> Emitted | None:
        """Emit the record at a position of a text, or a text that is one record; ``None`` if the emitter refuses it.

        Raises :class:`ValueError` for a number that is valid JSON but that Python cannot parse.
        """
        if self._run is None or at is not None:
            return self._emit(text, at or 0)
        whole, text = text, self.masked(text)
        emitted, end = self._emit(text, 0), len(text)
        if emitted is None and _ESCAPED.search(text) and not has_too_many_values(text):
            text = self.masked(orjson.dumps(orjson.loads(whole)))  # without unneeded escapes, which the emitter refuses
            emitted = self._emit(text, 0)
        if emitted is None or emitted.end != len(text):
            return None
        return emitted._replace(end=end, is_masked=text is not whole)

    def masked(self, text: bytes) -> bytes:
        """Return JSON with its e-mail addresses masked, unless contacts are kept."""
        return text if self._interpreter.contacts else masked(text)

    def _require_masked(self, json: bytes) -> None:
        """Refuse a record with an e-mail address: it is emitted again after masking."""
        if not self._interpreter.contacts and has_address(json):
            raise ValueError("an e-mail address to be masked")

    def _emit(self, text: bytes, at: int) -> Emitted | None:
        emitted = self._run(text, at) if self._run else None
        if emitted is None:
            return None
        *_, complaints, shared = emitted
        return Emitted(*emitted[:8], [self._error(*complaint) for complaint in complaints], shared)

    def _token(self, reader: int, json: bytes) -> bytes | None:
        self._require_masked(json)
        if json != self._last[0]:  # several fields are derived from the same text
            self._last = json, orjson.loads(json)
        return self.programs.readers[reader](self._last[1])

    def _text(self, field: int, json: bytes) -> bytes | None:
        """Return the token of an invalid value: its repaired form, or else its plain text."""
        self._require_masked(json)
        value = orjson.loads(json)
        if token := self._converters.repaired(self.programs.fields[field], value):
            return token
        text = plain_text(value)
        return None if text is None else quoted(text)

    def _resource(self, kind: int, json: bytes) -> Described | None:
        """Describe a shared resource; ``None`` if any of its values is invalid or left out."""
        self._require_masked(json)
        x, (entity, link_name) = orjson.loads(json), self._kinds[kind]
        block, result = self._interpreter.resource(entity, x)
        if block is None or result.errors or result.refused or result.withheld:
            return None
        text = orjson.dumps(listed(entity, x), option=orjson.OPT_SORT_KEYS).decode()
        return block[0], description(*block), within(text), within(link_name(x)), result.lossy

    def _error(self, path: str, field: int, json: bytes) -> FieldError:
        value = orjson.loads(self.masked(json)) if json else ABSENT
        expected = self._converters.expected(self.programs.fields[field])
        kind = Repaired if self._converters.repaired(self.programs.fields[field], value) else FieldError
        return kind("does not match its shape", path=path, value=value, expected=expected)
