"""The whole registry as one zip archive, whose download goes on where it broke off.

An archive that was cut has no directory, so a complete one is recognized by that, and by its number of studies.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import SourceError, public_url
from kg.http.client import ResponseError
from kg.registry.api import Api, Version
from kg.registry.journal import Journal
from kg.registry.listing import ROUNDS

if TYPE_CHECKING:
    import httpx

ARCHIVE = "studies.zip"
_TAG = "studies.tag"
"""The file with the tag of the archive that was begun, which tells whether the server still has the same."""
_PARAMS = {"format": "json.zip"}
_MEMBER = re.compile(r"(?:.*/)?(NCT\d{8})\.json")
_PROGRESS = 1 << 20
"""Bytes after which a connection that broke is no failure of the next ones."""

Received = Callable[[int], None]
"""Called with the bytes that were received since the last call."""


class Bulk:
    """Downloads the archive into the folder of a journal; ``studies`` is the number of studies in it."""

    def __init__(self, api: Api, journal: Journal, received: Received = lambda _: None) -> None:
        self._api, self._journal, self._received = api, journal, received
        self.path = journal.folder / ARCHIVE
        self._tag_path = journal.folder / _TAG
        self.studies = 0

    @property
    def url(self) -> str:
        """The URL of the archive."""
        return bulk_url(self._api)

    def download(self) -> Version:
        """Download the archive, or the rest of it; return the versions that it is of.

        Raises :class:`~kg.errors.SourceError` if the archive does not have as many studies as the registry, or is not
        of one data version, and :class:`~kg.http.client.ResponseError` where it cannot be downloaded.
        """
        problem = ""
        for _ in range(ROUNDS):
            version = self._begin()
            self._download()
            problem = self._problem()
            if not problem and self._api.version() == version:
                return version
            if self._is_archive():  # otherwise its end may be missing
                self.drop()
            problem = problem or "the data of the registry were replaced in the meantime"
        problem = f"the registry could not be downloaded completely in {ROUNDS} attempts, as {problem}; try again later"
        raise SourceError(problem, file=public_url(self.url))

    def _begin(self) -> Version:
        version = self._api.version()
        if self._journal.version != version.data:
            self.drop()
            self._journal.restart(version.data)
        return version

    def drop(self) -> None:
        """Remove what was downloaded."""
        self.path.unlink(missing_ok=True)
        self._tag_path.unlink(missing_ok=True)

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    def _download(self) -> None:
        """Repeat the request until the archive is complete, as long as each repetition brings more of it."""
        while not self._is_archive():
            before = self._size()
            try:
                self._api.repeated(self._receive)
                return
            except ResponseError as error:
                if not error.is_temporary or self._size() - before < _PROGRESS:
                    raise

    def _is_archive(self) -> bool:
        return self.path.exists() and zipfile.is_zipfile(self.path)

    def _receive(self) -> None:
        """Request what is missing, or all of it if the server has no parts or another archive."""
        size = self._size()
        tag = self._tag_path.read_text("utf-8") if size and self._tag_path.exists() else ""
        parts = {"Range": f"bytes={size}-", "If-Range": tag} if tag else {}
        try:
            with self._api.request("studies/download", _PARAMS, {"Accept-Encoding": "identity"} | parts) as response:
                self._write(response, is_rest=response.headers.get("Content-Range", "").startswith(f"bytes {size}-"))
        except ResponseError as error:
            if error.status == 416:  # there is nothing after what was received, and that is no archive
                self.drop()
                raise ResponseError(error.problem, file=error.file or "", status=416, is_temporary=True) from error
            raise

    def _write(self, response: httpx.Response, *, is_rest: bool) -> None:
        if not is_rest:
            self.drop()
            self._tag_path.write_text(_tag(response.headers), "utf-8")
        with self.path.open("ab") as file:
            for chunk in self._api.chunks(self.url, response):
                file.write(chunk)
                self._received(len(chunk))

    def _problem(self) -> str:
        """Return what is wrong with the archive as a clause, empty if nothing is."""
        if not self._is_archive():
            return "what the server sends is not a complete zip archive"
        self.studies, size = sum(1 for _ in members(self.path)), self._api.size()
        return "" if self.studies == size else f"the archive has {self.studies:,} studies of {size:,}"


def bulk_url(api: Api) -> str:
    """Return the URL of the archive."""
    return f"{api.base}/studies/download?format={_PARAMS['format']}"


def _tag(headers: Mapping[str, str]) -> str:
    """Return what tells an archive from others (RFC 9110, 13.1.5): its strong tag, or else its time."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def members(path: Path) -> Iterator[tuple[str, str]]:
    """Yield the NCT numbers of the studies in an archive, sorted, and the names of their files."""
    with zipfile.ZipFile(path) as archive:
        matches = filter(None, map(_MEMBER.fullmatch, archive.namelist()))
        yield from sorted({match[1]: match[0] for match in matches}.items())
