"""The records that the local API server holds, by NCT number and as JSON, so that pages are joined and not written."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, MutableMapping
from pathlib import Path
from typing import Any

import orjson

from tests.integration.api_search import fields, values

_FIRST_ID = re.compile(rb'"nctId"\s*:\s*"(NCT\d{8})"')
_VERSION_HOLDER = re.compile(rb'("versionHolder"\s*:\s*")[^"]*')


class Records(MutableMapping[str, dict[str, Any]]):
    """The records of a server by NCT number, kept as JSON: what is read is a copy, and has to be set again."""

    def __init__(self, records: Iterable[dict[str, Any] | bytes]) -> None:
        self.json: dict[str, bytes] = {}
        self.revision = 0
        """The number of changes."""
        for record in records:
            self.add(record)

    def add(self, record: dict[str, Any] | bytes) -> str:
        """Add or replace a record, in JSON or not; return its NCT number."""
        if isinstance(record, dict):
            record = orjson.dumps(record)
        elif b"\n" in record:
            record = orjson.dumps(orjson.loads(record))
        match = _FIRST_ID.search(record)
        assert match, "a record has an nctId"
        number = match[1].decode()
        self.json[number] = record
        self.revision += 1
        return number

    def stamp(self, day: str) -> None:
        """Set the ``versionHolder`` of all records that have one."""
        for number, record in self.json.items():
            at = max(0, record.rfind(b'"versionHolder"'))
            self.json[number] = record[:at] + _VERSION_HOLDER.sub(rb"\g<1>" + day.encode(), record[at:], count=1)
        self.revision += 1

    def aliases(self) -> dict[str, str]:
        """Return the studies that were merged into others, by NCT number, and these."""
        path = fields()["NCTIdAlias"].path
        holders = [number for number, record in self.json.items() if b'"nctIdAliases"' in record]
        return {alias: number for number in holders for alias in values(self[number], path)}

    def __getitem__(self, number: str) -> dict[str, Any]:
        record: dict[str, Any] = orjson.loads(self.json[number])
        return record

    def __setitem__(self, number: str, record: dict[str, Any]) -> None:
        assert self.add(record) == number

    def __delitem__(self, number: str) -> None:
        del self.json[number]
        self.revision += 1

    def __contains__(self, number: object) -> bool:
        return number in self.json

    def __iter__(self) -> Iterator[str]:
        return iter(list(self.json))

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self.json))

    def __len__(self) -> int:
        return len(self.json)


def records_in(path: Path) -> Iterator[bytes]:
    """The records of a zip archive or a folder, as JSON in a line."""
    if path.is_dir():
        contents: Iterable[bytes] = (file.read_bytes() for file in sorted(path.glob("NCT*.json")))
    else:
        archive = zipfile.ZipFile(path)
        contents = (archive.read(name) for name in archive.namelist())
    for content in contents:
        yield orjson.dumps(orjson.loads(content))


def copies(records: Iterable[bytes], count: int) -> Iterator[bytes]:
    """As many records as are asked for: those that are given, and copies of them with other NCT numbers."""
    given = list(records)
    for i in range(count):
        record = given[i % len(given)]
        match = _FIRST_ID.search(record)
        assert match
        yield record if i < len(given) else record.replace(match[1], b"NCT%08d" % (90_000_000 + i))
