"""Memory that the output of a task is put into, study behind study, so that it is laid out where it is handed on."""

from __future__ import annotations

import mmap

from kg._types import Bytes

SIZE = 32 << 20
"""Bytes of a room: more than nearly all outputs, as pages of it that nothing was ever put into take no memory."""

_FLAGS = {"flags": mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS} if hasattr(mmap, "MAP_PRIVATE") else {}
"""Memory of a process alone: what it forks has a copy."""


class OutputBuffer:
    """Some memory, and what was put into it; what has no room in it is kept behind it.

    >>> room = OutputBuffer(memoryview(bytearray(4)))
    >>> room.put(b"abc")
    >>> room.put(b"de")
    >>> [bytes(piece) for piece in room.pieces()], len(room)
    ([b'abc', b'de'], 5)
    """

    def __init__(self, memory: memoryview | None = None) -> None:
        self._own: mmap.mmap | None = None
        if memory is None:
            self._own = mmap.mmap(-1, SIZE, **_FLAGS)
            memory = memoryview(self._own)
        self._memory = memory
        self.clear()

    def clear(self) -> None:
        """Gives the room free."""
        self._end = self._size = 0
        self._more: list[bytes] = []

    def give_back(self) -> None:
        """Gives the room free, and its pages back to the system until something is put there again."""
        self.clear()
        if self._own is not None and hasattr(mmap, "MADV_DONTNEED"):
            self._own.madvise(mmap.MADV_DONTNEED)

    def __len__(self) -> int:
        return self._size

    @property
    def overflows(self) -> bool:
        """Whether something had no room."""
        return bool(self._more)

    def free(self, gap: int) -> memoryview | None:
        """The memory that is free, but for a gap before it; nothing where something stands behind all of it already."""
        return None if self._more else self._memory[self._end + gap :]

    def put(self, data: bytes) -> None:
        """Puts a copy of some bytes behind the others."""
        end = self._end + len(data)
        if self._more or end > len(self._memory):
            self._more.append(data)
        else:
            self._memory[self._end : end] = data
            self._end = end
        self._size += len(data)

    def take(self, size: int) -> None:
        """Takes so many bytes that were written where it was free, with no gap left before them."""
        self._end += size
        self._size += size

    def joined(self) -> Bytes:
        """All that was put as one, until the room is given free."""
        kept = self._memory[: self._end]
        return b"".join((kept, *self._more)) if self._more else kept

    def pieces(self) -> list[Bytes]:
        """All that was put, until the room is given free."""
        return [self._memory[: self._end], *self._more] if self._size else []
