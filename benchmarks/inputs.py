"""Export time for each kind of input: ``python benchmarks/inputs.py studies.jsonl [--zip registry.zip]``."""

from __future__ import annotations

import argparse
import gzip
import re
import statistics
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from jobs import bytecode_cache, wall_time

PAGE = 1000
"""Studies per page, the maximum of the registry's API."""
LEVEL = 6
_NUMBER = re.compile(rb'"nctId": ?"(NCT\d{8})"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="FILE", help="studies as JSON Lines, for example from benchmarks/scale.py")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--zip", metavar="FILE", help="only write the studies to an archive, one file each")
    options = parser.parse_args()
    if options.zip:
        archive(Path(options.source), Path(options.zip))
        return
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        compare(Path(options.source), Path(folder), options.jobs, options.runs)


def compare(source: Path, folder: Path, jobs: int, runs: int) -> None:
    """Print the elapsed seconds of an export to Turtle for each kind, with one process and with several."""
    environment = bytecode_cache(folder)
    print(f"{'input':<28}{'MB':>8}{'1 process s':>13}{f'{jobs} s':>8}; medians of {runs} runs")
    for kind, path in (("JSON Lines", source), *kinds(source, folder)):
        times: dict[int, list[float]] = {1: [], jobs: []}
        for run in range(runs + 1):
            for count in times:
                target = folder / "x.ttl"
                target.unlink(missing_ok=True)
                seconds = wall_time(
                    [[sys.executable, "-m", "kg", "export", "-j", str(count), str(path), "-o", str(target)]],
                    environment,
                )
                if run:  # the first run fills the bytecode and disk caches
                    times[count].append(seconds)
        size = sum(file.stat().st_size for file in ([path] if path.is_file() else path.iterdir())) / 1e6
        one, many = (statistics.median(values) for values in times.values())
        print(f"{kind:<28}{size:>8,.0f}{one:>13.2f}{many:>8.2f}", flush=True)


def kinds(source: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """Write the studies as other kinds of input."""
    (folder / "pages").mkdir()
    for i, page in enumerate(pages(source)):
        (folder / "pages" / f"{i:04}.json").write_bytes(b'{"studies":[' + b",".join(page) + b"]}")
    yield f"pages of {PAGE:,}", folder / "pages"
    with gzip.open(folder / "x.jsonl.gz", "wb", LEVEL) as compressed, source.open("rb") as file:
        compressed.writelines(file)
    yield "JSON Lines, gzip", folder / "x.jsonl.gz"
    with zipfile.ZipFile(folder / "one.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as zip_file:
        zip_file.write(source, "x.jsonl")
    yield "zip of one file", folder / "one.zip"
    archive(source, folder / "many.zip")
    yield "zip of one file per study", folder / "many.zip"
    (folder / "files").mkdir()
    for name, line in named(source):
        (folder / "files" / name).write_bytes(line)
    yield "folder of one file per study", folder / "files"


def pages(source: Path) -> Iterator[list[bytes]]:
    """Split the studies of a file into pages."""
    lines = [line for _, line in named(source)]
    yield from (lines[start : start + PAGE] for start in range(0, len(lines), PAGE))


def named(source: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the JSON of each study with its file name in downloads from the registry."""
    with source.open("rb") as file:
        for line in file:
            match = _NUMBER.search(line)
            if match:
                yield f"{match[1].decode()}.json", line.rstrip()


def archive(source: Path, target: Path) -> None:
    """Write the studies to an archive, one file each, like a download from the registry."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as zip_file:
        for name, line in named(source):
            zip_file.writestr(name, line)


if __name__ == "__main__":
    main()
