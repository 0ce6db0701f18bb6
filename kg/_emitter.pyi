"""The C extension (``native/``)."""

from collections.abc import Callable, Sequence

from kg._types import Bytes

Complaint = tuple[str, int, bytes]
"""The path of an invalid value, the number of its field and its JSON, which is empty if the value is missing."""

Emitted = tuple[bytes, int, int, int, tuple[str | None, ...], int, bytes, bool, list[Complaint], tuple[bytes, ...]]
"""The result for one record:

- the output;
- the end of the record and of the white space after it;
- the end of the statements about the study itself in the output;
- the number of triples;
- the facts: the texts at the paths that were passed as ``facts``;
- the number of contact values left out;
- the JSON of the unmapped keys and empty values, at their places in the record, or nothing;
- whether the graph may lack more of the record than that;
- the invalid values;
- the descriptions of the shared resources that the record refers to.
"""

Described = tuple[bytes, bytes, bytes, bytes, bool]
"""A shared resource: its token, its description, its JSON object as text within a JSON string, the name by which links
find it (empty if they do not), and whether the graph may lack some of the object."""

class Emitter:
    """Runs the programs of a plan (:mod:`kg.export.compiler`) on the JSON of records.

    ``types``, ``programs`` and ``readers`` are numbered by their positions. A type has the keys of an object, each with
    its shape and the type of what it holds; a program has operations; a reader has spellings: a form of values, and the
    text before and after such a value in its token. ``words`` are tokens of the output syntax; ``facts`` are paths to
    texts, the first of them to the NCT number.

    The callables get a number and the JSON of a value. ``convert`` returns the token that a reader has for the value,
    ``fallback`` the token that stands in for an invalid value of a field, and ``describe`` the shared resource of a
    kind; ``None`` is a value without a token, or an object with an invalid value.
    """

    def __new__(
        cls,
        types: tuple[tuple[tuple[bytes, int, int], ...], ...],
        programs: tuple[tuple[Sequence[object], ...], ...],
        readers: tuple[tuple[tuple[int, bytes, bytes], ...], ...],
        words: tuple[bytes, ...],
        facts: tuple[tuple[int, ...], ...],
        convert: Callable[[int, bytes], bytes | None],
        fallback: Callable[[int, bytes], bytes | None],
        describe: Callable[[int, bytes], Described | None],
        /,
    ) -> Emitter: ...
    def __call__(self, text: bytes, at: int = 0, /) -> Emitted | None:
        """Export the record at an offset; ``None`` for one that the reference interpreter has to export."""

def keep_memory() -> None:
    """Make the C library keep freed memory for later allocations, where it has a setting for that."""

def columns(lines: Bytes, /) -> tuple[tuple[bytes, bytes, bytes], ...] | None:
    """Return the Arrow buffers (validity, offsets, text) of each column that ``kg.rdf.parquet`` writes, for lines of
    N-Quads; ``None`` for lines that Python has to split."""
