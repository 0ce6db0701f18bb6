"""The files of a zip archive, sorted by name, or of a tar archive, without folders and hidden files."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING

from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from tarfile import TarFile, TarInfo
    from zipfile import ZipFile, ZipInfo

TAR_HEAD = 512
_CHUNK = 1 << 20
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


def is_tar(head: bytes) -> bool:
    """Return whether a stream with this start is a tar archive; ``head`` has :data:`TAR_HEAD` bytes."""
    return head[257:262] == b"ustar"


def tar_members(file: IO[bytes]) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield the names and bytes of the files of a tar archive, in its order; read each before the next one.

    Raises :class:`tarfile.TarError` for an archive that cannot be read, as do the bytes of a file, and
    :class:`~kg.errors.SourceError` for a sparse file.
    """
    import tarfile

    with tarfile.open(fileobj=file, mode="r|") as archive:
        for info in archive:
            if info.isfile() and is_wanted(info.name):
                yield info.name, _content(archive, info)


def _content(archive: TarFile, info: TarInfo) -> Iterator[bytes]:
    if info.issparse():
        raise SourceError("is a sparse file, which is not supported")
    file = archive.extractfile(info)
    assert file is not None  # it is a file
    while chunk := file.read(_CHUNK):
        yield chunk
