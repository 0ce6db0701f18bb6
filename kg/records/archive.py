"""The files of a zip archive, sorted by name, without folders and hidden files."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zipfile import ZipFile, ZipInfo

ALL = slice(None)
_HIDDEN = re.compile(r"(?:^|/)(?:__MACOSX/|\.[^./])")


def is_wanted(name: str) -> bool:
    """Return whether a name is that of a file which is not hidden.

    >>> [name for name in ("a/b.json", "a/", "a/.b", "__MACOSX/a/b.json", "a/../b") if is_wanted(name)]
    ['a/b.json', 'a/../b']
    """
    return not name.endswith("/") and not _HIDDEN.search(name)


class Contents:
    """Directory of a seekable archive; it takes about 600 bytes of memory per file.

    ``compressed_size`` is the total size of the files in the archive. Raises :class:`zipfile.BadZipFile` and anything
    else that :mod:`zipfile` raises for an archive that cannot be read.
    """

    def __init__(self, file: IO[bytes]) -> None:
        from zipfile import ZipFile

        self.archive: ZipFile = ZipFile(file)
        infos = [info for info in self.archive.infolist() if is_wanted(info.filename)]
        self._infos = sorted(infos, key=lambda info: info.filename)
        self.compressed_size = sum(info.compress_size for info in infos)

    def __len__(self) -> int:
        return len(self._infos)

    def files(self, span: slice = ALL) -> Iterator[ZipInfo]:
        """Return a slice of the files."""
        return iter(self._infos[span])
