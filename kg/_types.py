"""Type aliases that several packages share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import IO, Any

from kg.errors import InputError

Bytes = bytes | memoryview
PathName = str | os.PathLike[str]
"""The path of a file, a folder or a store, or a URL."""
Input = PathName | Mapping[str, Any] | bytes | IO[Any] | Iterable["Input"]
"""The name of an input, a study or an API page as a dictionary, JSON as bytes or text, an open file, or several."""
Reject = Callable[[InputError], None]
"""Called with each problem of the input."""
Progress = Callable[[int], None]
"""Called with the number of input bytes that were read since the last call."""
