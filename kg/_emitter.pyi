"""The emitter, in C (``kg/native``)."""

from collections.abc import Callable, Sequence

Emitted = tuple[bytes, int, int, int, int, str, str | None, str | None, int, bytes, bool, list[tuple[str, int, bytes]]]
"""Output, or none; where the record and the spaces behind it end; how much of the output stands in the room; where that
of the study ends in it; triples, three facts, contact data left out, what of the record no key reads, whether more of
it may not be in the graph, and complaints: the path, the field and the JSON of a value, empty where it is missing."""

Described = tuple[bytes, tuple[bytes, ...], int, bytes, bool, bool]
"""A shared resource: its token, what stands behind it in each line or in its block, the triples in these, how it is
listed as JSON within a text, whether that is as usual, and whether something of it may not be in the graph."""

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
    def __call__(self, piece: bytes, room: memoryview | None = None, at: int = 0, /) -> Emitted | None:
        """What the record at a place becomes, or ``None`` for one that is exported with care; the output stands at the
        beginning of the room, if it is large enough."""

def keep_memory() -> None:
    """Has the C library keep what is freed for what comes next, where it can be told to."""

def columns(lines: bytes | memoryview, /) -> tuple[tuple[bytes, bytes, int, bytes, int, bytes, bytes], ...] | None:
    """The columns of lines of N-Quads, as ``kg.coded`` has them; ``None`` of lines that are left to Python."""
