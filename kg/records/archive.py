"""The files of a zip archive, but for folders and hidden ones, in the order of their names."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipFile, ZipInfo

ALL = slice(None)
_HIDDEN = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^./])")


def is_wanted(name: str) -> bool:
    """Whether a name is that of a file, and of none that is hidden.

    >>> [name for name in ("a/b.json", "a/", "a/.b", "__MACOSX/a/b.json", "a/../b") if is_wanted(name)]
    ['a/b.json', 'a/../b']
    """
    return not name.endswith("/") and not _HIDDEN.search(name)


class Contents:
    """The directory of an archive that can be read out of order; it takes about 600 bytes of memory per file.

    ``packed`` is the number of bytes that the files take in it. Raises :class:`zipfile.BadZipFile` and whatever
    :mod:`zipfile` raises for an archive that cannot be read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        from zipfile import ZipFile

        self.archive: ZipFile = ZipFile(file)
        infos = [info for info in self.archive.infolist() if is_wanted(info.filename)]
        self._infos = sorted(infos, key=lambda info: info.filename)
        self.packed = sum(info.compress_size for info in infos)

    def __len__(self) -> int:
        return len(self._infos)

    def files(self, span: slice = ALL) -> Iterator[ZipInfo]:
        """Some of the files."""
        return iter(self._infos[span])
