"""The emitter, in C (``native``)."""

from collections.abc import Callable, Sequence

from kg._types import Bytes

Complaint = tuple[str, int, bytes]
"""The path of an invalid value, the number of its field and its JSON, which is empty where the value is missing."""

Emitted = tuple[bytes, int, int, int, tuple[str | None, ...], int, bytes, bool, list[Complaint], tuple[bytes, ...]]
"""The output; the end of the record and of the spaces after it; the end of the block of the study in the output; the
number of triples; the facts; the number of contact values left out; what of the record no key reads; whether more of it
may not be in the graph; the complaints; and the descriptions of the shared resources."""

Described = tuple[bytes, bytes, bytes, bytes, bool]
"""A shared resource: its token, its description, the JSON object as text within a JSON string, the name by which links
find it (empty where none do), and whether something of it may not be in the graph."""

class Emitter:
    """Runs programs on the JSON of records.

    ``convert`` gives the token of a value from the number of a reader and its JSON, ``refuse`` the text that is kept of
    one that has none; ``describe`` a shared resource from the number of its kind and its JSON, or ``None`` where there
    is a complaint of it.
    """

    def __new__(
        cls,
        types: tuple[tuple[tuple[bytes, int, int], ...], ...],
        programs: tuple[tuple[Sequence[object], ...], ...],
        readers: tuple[tuple[tuple[int, bytes, bytes], ...], ...],
        words: tuple[bytes, ...],
        facts: tuple[tuple[int, ...], ...],
        convert: Callable[[int, bytes], bytes | None],
        refuse: Callable[[int, bytes], bytes | None],
        describe: Callable[[int, bytes], Described | None],
        /,
    ) -> Emitter: ...
    def __call__(self, piece: bytes, at: int = 0, /) -> Emitted | None:
        """Export the record at an offset; ``None`` for one that the reference interpreter has to export."""

def keep_memory() -> None:
    """Has the C library keep what is freed for what comes next, where it can be told to."""

def columns(lines: Bytes, /) -> tuple[tuple[bytes, bytes, bytes], ...] | None:
    """Return the Arrow buffers (validity, offsets, text) of each column that ``kg.rdf.parquet`` writes, for lines of
    N-Quads; ``None`` for lines that Python has to split."""
