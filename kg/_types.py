"""Type aliases that several packages share."""

from __future__ import annotations

import os
from collections.abc import Callable

from kg.errors import InputError

Bytes = bytes | memoryview
PathName = str | os.PathLike[str]
"""The path of a file, a folder or a store, or a URL."""
Reject = Callable[[InputError], None]
"""Called with each problem of the input."""
Progress = Callable[[int], None]
"""Called with the number of input bytes that were read since the last call."""
