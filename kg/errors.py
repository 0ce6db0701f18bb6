"""The exception tree of ``kg``.

.. code-block:: text

    KGError
    ├── UsageError          the call itself is wrong (exit status 2)
    ├── OntologyError       the ontology contradicts itself or the plan's grammar
    ├── OutputError         what was asked for cannot be written
    └── InputError          something in the input is not exported as it stands
        ├── SourceError     a file, an archive or a member of one cannot be read
        ├── RecordError     a record is not exported
        ├── Superseded      a record is not exported because a newer one of its study is
        └── FieldError      a field is not exported as its shape says
            └── Repaired    a field is exported with a repaired value

An :class:`InputError` is one sentence that names the file, the record, the study, the JSON path, the
value found and what was expected, as far as each is known; :meth:`InputError.as_dict` gives the same parts
to programs.
"""

from __future__ import annotations

import json
import re
from typing import Any, ClassVar
from urllib.parse import quote

VALUE_WIDTH = 80
"""Characters of a wrong value that a message shows."""


class KGError(Exception):
    """Anything that ``kg`` raises on purpose."""


class UsageError(KGError):
    """The command or the call asks for something that cannot be."""


class OntologyError(KGError):
    """The ontology contradicts itself, or says what the plan cannot read."""


class OutputError(KGError):
    """A file cannot be written: no room, no right, no such folder."""


class _Absent:
    """No value was there to show: not the same as a JSON ``null``."""

    def __repr__(self) -> str:
        return "nothing"

    def __reduce__(self) -> str:
        return "ABSENT"  # it stays itself between processes


ABSENT = _Absent()


class Shown(str):
    """What is shown of a value that is somewhere else."""

    __slots__ = ()


def shown(value: object) -> str:
    """A value as a message shows it, in JSON's terms, cut to :data:`VALUE_WIDTH` characters; of containers the outside.

    >>> shown(None), shown(True), shown({"a": 1, "b": 2}), shown([1, 2]), shown("a\\x1b"), shown("x" * 100)[-3:]
    ('null', 'true', '{"a": …, "b": …}', '[…] of 2', '"a\\\\u001b"', 'x…"')
    """
    if isinstance(value, Shown):
        return str(value)
    if isinstance(value, str):
        cut = value if len(value) <= VALUE_WIDTH else value[:VALUE_WIDTH] + "…"
        return printable(json.dumps(cut, ensure_ascii=False))
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
    """Something in the input that did not reach the graph.

    >>> print(FieldError("not exported as its shape says", file="a.json", record=2, study="NCT02059759",
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
        value = Shown(shown(self.value))  # the value itself may be large, or nested deeper than can be pickled
        return type(self), self.args, self.__dict__ | {"value": value}

    def __str__(self) -> str:
        record = None if self.record is None else f"record {self.record}"
        where = ", ".join(part for part in (self.file, record, self.study, self.path) if part)
        what = self.problem if self.expected is None else f"found {shown(self.value)}, expected {self.expected}"
        return f"{where}: {what}." if where else f"{what}."

    def as_dict(self) -> dict[str, Any]:
        """The parts of the sentence, for ``--report`` (JSON Lines); a long value is cut."""
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
    """A file, an archive or a member of one that cannot be read to its end."""

    kind = "file"


class RecordError(InputError):
    """A record that is not exported."""

    kind = "record"


class Superseded(InputError):  # noqa: N818 -- it is no error, though it is told like one
    """A record that is not exported because a newer one of the same study is: nothing is lost."""

    kind = "superseded"


class FieldError(InputError):
    """A field that is not exported as its shape says; the rest of its record is."""

    kind = "field"


class Repaired(FieldError):  # noqa: N818 -- the value is in the graph
    """A field whose value was repaired; the graph keeps the original among what no shape reads."""

    kind = "repaired"


_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""Control characters start escape sequences (ECMA-48); bidirectional controls (https://www.unicode.org/reports/tr9/)
reorder a line."""


def printable(text: str) -> str:
    r"""Escape control characters and bidirectional controls for display in a terminal; tabs and line feeds are kept.

    The escape ``\u001B`` is that of Turtle, N-Triples, SPARQL and JSON, so Turtle stays the same graph.

    >>> print(printable("a\x1b[2J\x9b31m\u202eb"))
    a\u001B[2J\u009B31m\u202Eb
    """
    return _CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04X}", text)


def printable_iri(iri: str) -> str:
    r"""Percent-encode the same characters in an IRI, which stays a valid link.

    >>> printable_iri("http://a/\u202eb")
    'http://a/%E2%80%AEb'
    """
    return _CONTROLS.sub(lambda match: quote(match[0], errors="replace"), iri)
