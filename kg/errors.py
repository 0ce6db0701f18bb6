"""The exception tree of ``kg``.

.. code-block:: text

    KGError
    ├── UsageError          an invalid command or call (exit status 2)
    ├── OntologyError       the ontology is inconsistent or cannot be compiled
    ├── OutputError         an output cannot be written
    └── InputError          a part of the input is not exported unchanged
        ├── SourceError     a file, an archive or an archive member cannot be read
        │   ├── NothingFoundError  the input holds nothing to write, so no output is written
        │   └── Skipped     a file of a folder or archive, or JSON around studies, that holds no study
        ├── Incomplete      a page of a longer result, without the pages that follow
        ├── RecordError     a record is not exported
        ├── Superseded      a record is not exported because a newer one of its study is
        └── FieldError      a value does not conform to the shape of its field
            └── Repaired    a value is exported after a repair

The message of an :class:`InputError` is one sentence with the file, the record, the study, the JSON path, the value
and the expected value, as far as they apply; :meth:`InputError.as_dict` returns the same parts for programs.
"""

from __future__ import annotations

import json
import os
import re
import warnings
from collections.abc import Sequence
from typing import Any, ClassVar
from urllib.parse import quote

VALUE_WIDTH = 80
"""Maximum number of characters of a value in a message."""


class KGError(Exception):
    """Base class of all errors that ``kg`` raises; its message has no control characters, which data may contain."""

    def __str__(self) -> str:
        return printable(super().__str__())


class UsageError(KGError):
    """An invalid command or call."""


def missing_extra(what: str, extra: str) -> UsageError:
    """Return the error for a package that is not installed: what needs it, and how to install it.

    The package is not on an index, so extras are installed from the checkout.

    >>> print(missing_extra("PNG and PDF", "draw"))
    PNG and PDF need a package that is not installed; in the checkout of kg, run: pip install '.[draw]'
    """
    return UsageError(
        f"{what} need a package that is not installed; in the checkout of kg, run: pip install '.[{extra}]'"
    )


class OntologyError(KGError):
    """The ontology is inconsistent, or uses something that the plan does not support."""


class OutputError(KGError):
    """A file cannot be written: no space, no permission, no such folder."""


class _Absent:
    """A missing value, which is not the same as a JSON ``null``."""

    def __repr__(self) -> str:
        return "nothing"

    def __reduce__(self) -> str:
        return "ABSENT"  # pickled by name, so that it stays a singleton


ABSENT = _Absent()


class FormattedValue(str):
    """A value that was formatted in another process."""

    __slots__ = ()


def shown(value: object) -> str:
    """Format a value for a message: JSON of at most :data:`VALUE_WIDTH` characters, without the content of containers.

    >>> shown(None), shown(True), shown({"a": 1, "b": 2}), shown([1, 2]), shown("a\\x1b"), shown("x" * 100)[-3:]
    ('null', 'true', '{"a": …, "b": …}', '[…] of 2', '"a\\\\u001b"', 'x…"')
    """
    if isinstance(value, FormattedValue):
        return str(value)
    if isinstance(value, str):
        shortened = value if len(value) <= VALUE_WIDTH else value[:VALUE_WIDTH] + "…"
        return printable(json.dumps(shortened, ensure_ascii=False))
    if isinstance(value, dict):
        names = (printable(json.dumps(str(key), ensure_ascii=False)) for key in list(value)[:VALUE_WIDTH])
        text = ", ".join(f"{name}: …" for name in names)
        return "{" + (text if len(text) <= VALUE_WIDTH else text[:VALUE_WIDTH] + "…") + "}"
    if isinstance(value, list):
        return f"[…] of {len(value)}"
    if value is None or isinstance(value, bool | int | float):
        return json.dumps(value)[: VALUE_WIDTH + 1]
    return repr(value)[:VALUE_WIDTH]


class InputError(KGError):
    """A problem with a part of the input.

    >>> print(FieldError("does not match its shape", file="a.json", record=2, study="NCT02059759",
    ...                  path="hasResults", value="maybe", expected="true or false"))
    a.json, record 2, NCT02059759, hasResults: found "maybe", expected true or false.
    """

    kind: ClassVar[str] = "input"

    def __init__(
        self,
        problem: str,
        *,
        file: str | None = None,
        record: int | None = None,
        study: str | None = None,
        path: str | None = None,
        value: object = ABSENT,
        expected: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = file
        self.record = record
        self.study = study
        self.path = path
        self.value = value
        self.expected = expected
        super().__init__(problem)

    def __reduce__(self) -> tuple[Any, ...]:
        if self.value is ABSENT:
            return type(self), self.args, self.__dict__
        value = FormattedValue(shown(self.value))  # the value may be large, or nested too deeply for pickle
        return type(self), self.args, self.__dict__ | {"value": value}

    def __str__(self) -> str:
        record = None if self.record is None else f"record {self.record}"
        place = ", ".join(part for part in (self.file, record, self.study, self.path) if part)
        problem = self.problem if self.expected is None else f"found {shown(self.value)}, expected {self.expected}"
        return printable(f"{place}: {problem}." if place else f"{problem}.")

    def as_dict(self) -> dict[str, Any]:
        """Return the parts of the message, for ``--report`` (JSON Lines); long values are truncated."""
        parts = {
            "kind": self.kind,
            "file": self.file,
            "record": self.record,
            "nctId": self.study,
            "path": self.path,
            "problem": self.problem,
            "value": None if self.value is ABSENT else shown(self.value),
            "expected": self.expected,
        }
        return {key: part for key, part in parts.items() if part is not None}


class SourceError(InputError):
    """A file, an archive or an archive member that cannot be read completely."""

    kind = "file"


class NothingFoundError(SourceError):
    """The input holds nothing to write: no output is written, and an existing one is kept.

    ``causes`` are the problems of the input, unless the message is about the only one.
    """

    causes: Sequence[InputError] = ()


def nothing_found(what: str, inputs: Sequence[object], causes: Sequence[InputError] = ()) -> NothingFoundError:
    """Return the error for inputs without anything to write; a single cause becomes its message.

    >>> print(nothing_found("study record", ["a.json", "b.json"]))
    a.json, b.json: hold no study record, so nothing was written.
    >>> print(nothing_found("study record", ["a.json"], [SourceError("is empty", file="a.json")]))
    a.json: is empty (nothing was written).
    """
    if len(causes) == 1:
        return NothingFoundError(f"{str(causes[0]).removesuffix('.')} (nothing was written)")
    more = f" and {len(inputs) - 3} more inputs" if len(inputs) > 3 else ""
    names = ", ".join(map(_input_name, inputs[:3])) + more
    verb = "holds" if len(inputs) == 1 else "hold"
    error = NothingFoundError(f"{verb} no {what}, so nothing was written", file=names or None)
    error.causes = [*causes]
    return error


def _input_name(value: object) -> str:
    is_named = isinstance(value, str | os.PathLike) or hasattr(value, "name")
    return str(value) if is_named else f"<{type(value).__name__}>"


class Skipped(SourceError):  # noqa: N818 -- reported like an error, but none
    """A part of the input without studies: a file of a folder or archive, or the JSON around studies."""

    kind = "skipped"


class Incomplete(InputError):  # noqa: N818 -- a warning
    """A page of a longer result, of which the input lacks pages."""

    kind = "incomplete"


class RecordError(InputError):
    """A record that is not exported."""

    kind = "record"


class Superseded(InputError):  # noqa: N818 -- reported like an error, but is not one
    """A record that is not exported because a newer one of the same study is."""

    kind = "superseded"


class FieldError(InputError):
    """A value that does not conform to the shape of its field; the rest of the record is exported."""

    kind = "field"


class Repaired(FieldError):  # noqa: N818 -- the value is in the graph
    """A value that was repaired; the graph keeps the original with the unmapped values."""

    kind = "repaired"


def raise_losses(error: InputError) -> None:
    """Raise the problem of a record or a file that is lost; warn of missing pages, and pass over others."""
    if isinstance(error, Incomplete):
        warnings.warn(str(error), stacklevel=2)
    elif not isinstance(error, FieldError | Skipped | Superseded):
        raise error


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Characters that change the display of a line: control characters start escape sequences (ECMA-48), and bidirectional
controls (https://www.unicode.org/reports/tr9/) reorder text."""


def printable(text: str) -> str:
    r"""Escape control characters and bidirectional controls for display in a terminal; tabs and line feeds are kept.

    The escape ``\u001B`` is valid in Turtle, N-Triples, SPARQL and JSON, so escaped Turtle is still the same graph.

    >>> print(printable("a\x1b[2J\x9b31m\u202eb"))
    a\u001B[2J\u009B31m\u202Eb
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04X}", text)


def public_url(url: str) -> str:
    """Return a URL without user, password, query and fragment, which may be secret, for messages.

    >>> public_url("https://me:secret@example.org/a.json?token=secret")
    'https://example.org/a.json'
    """
    return printable(re.split(r"[?#]", re.sub(r"(?<=://)[^/?#]*@", "", url), maxsplit=1)[0])


def printable_iri(iri: str) -> str:
    r"""Percent-encode the characters that :func:`printable` escapes, so that the IRI stays a valid link.

    >>> printable_iri("http://a/\u202eb")
    'http://a/%E2%80%AEb'
    """
    return _CONTROLS.sub(lambda match: quote(match[0], errors="replace"), iri)
