"""Many studies of few: ``python benchmarks/scale.py studies.zip 20000 out.jsonl`` gives the records new NCT numbers."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import orjson


def main(source: str, count: int, output: str) -> None:
    """Writes so many studies as JSON Lines, those of the source again and again."""
    with zipfile.ZipFile(source) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".json"))
        records = [orjson.loads(archive.read(name)) for name in names]
    numbers = [record["protocolSection"]["identificationModule"]["nctId"].encode() for record in records]
    lines = [orjson.dumps(record) for record in records]
    with Path(output).open("wb") as file:
        for i in range(count):
            at = i % len(lines)
            file.write(lines[at].replace(numbers[at], b"NCT%08d" % (i + 1)) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
