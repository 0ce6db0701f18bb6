"""The memory of the server itself: the bytes of answers that it keeps until they are sent."""

from __future__ import annotations

from kg.serve.problems import BusyError


class Budget:
    """A number of bytes that answers share.

    >>> budget = Budget(10)
    >>> budget.take(8); budget.release(8); budget.take(9); budget.used
    9
    """

    def __init__(self, total: int) -> None:
        self.total, self.used = total, 0

    def take(self, count: int) -> None:
        """Reserve bytes; raises :class:`~kg.serve.problems.BusyError` if there are not enough."""
        if self.used + count > self.total:
            raise BusyError("Other large answers are being sent; try again later.")
        self.used += count

    def release(self, count: int) -> None:
        """Give bytes back."""
        self.used -= count
