"""The emitter, in C (``kg/native``)."""

from collections.abc import Callable, Sequence

Emitted = tuple[bytes, int, int, str, str | None, str | None, int, bytes, bool, list[tuple[str, int, bytes]]]
"""Output, where that of the study ends in it, triples, three facts, contact data left out, what of the record no key
reads, whether more of it may not be in the graph, and complaints: the path, the field and the JSON of a value, which is
empty where it is missing."""

class Emitter:
    """Runs programs on the JSON of records.

    ``convert`` gives the token of a value from the number of a reader and its JSON, ``refuse`` the text that is kept of
    one that has none; ``describe`` a shared resource of a kind: its token, its pairs, its block, how it is
    listed, whether as usual, and whether something of it may not be in the graph.
    """

    def __new__(
        cls,
        types: tuple[tuple[tuple[bytes, int, int], ...], ...],
        programs: tuple[tuple[Sequence[object], ...], ...],
        readers: tuple[tuple[bytes, bytes] | None, ...],
        words: tuple[bytes, ...],
        facts: tuple[tuple[int, ...], ...],
        convert: Callable[[int, bytes], bytes | None],
        refuse: Callable[[int, bytes], bytes | None],
        describe: Callable[[int, bytes], tuple[bytes, tuple[bytes, ...], bytes, bytes, bool, bool] | None],
        /,
    ) -> Emitter: ...
    def __call__(self, piece: bytes, /) -> Emitted | None:
        """What a record becomes, or ``None`` for one that is exported with care."""
