"""Multiply records under new NCT numbers: ``python benchmarks/scale.py studies.zip 20000 out.jsonl``."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import orjson


def main(source: str, count: int, output: str) -> None:
    """Write ``count`` studies as JSON Lines, repeating those of the source."""
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        records = [orjson.loads(archive.read(name)) for name in names]
    numbers = [record["protocolSection"]["identificationModule"]["nctId"].encode() for record in records]
    lines = [orjson.dumps(record) for record in records]
    with Path(output).open("wb") as file:
        for i in range(count):
            source_index = i % len(lines)
            file.write(lines[source_index].replace(numbers[source_index], b"NCT%08d" % (i + 1)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
