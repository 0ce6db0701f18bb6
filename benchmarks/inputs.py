"""How inputs of each kind are taken: ``python benchmarks/inputs.py studies.jsonl [--zip registry.zip]``."""

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
from jobs import installed, wall

PAGE = 1000
"""Studies of a page, as the registry serves them at most."""
LEVEL = 6
_NUMBER = re.compile(rb'"nctId": ?"(NCT\d{8})"')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", metavar="FILE", help="JSON Lines, a study each, as benchmarks/scale.py makes them")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--zip", metavar="FILE", help="only write the studies to an archive, a file each")
    options = parser.parse_args()
    if options.zip:
        archive(Path(options.source), Path(options.zip))
        return
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        compare(Path(options.source), Path(folder), options.jobs, options.runs)


def compare(source: Path, folder: Path, jobs: int, runs: int) -> None:
    """Prints the seconds by the clock that each kind takes as Turtle, with one process and with several."""
    environment = installed(folder)
    print(f"{'input':<28}{'MB':>8}{'1 process s':>13}{f'{jobs} s':>8}; medians of {runs} runs")
    for kind, path in (("JSON Lines", source), *kinds(source, folder)):
        times: dict[int, list[float]] = {1: [], jobs: []}
        for run in range(runs + 1):
            for count in times:
                target = folder / "x.ttl"
                target.unlink(missing_ok=True)
                took = wall(
                    [[sys.executable, "-m", "kg", "export", "-j", str(count), str(path), "-o", str(target)]],
                    environment,
                )
                if run:  # the first one compiles, and brings the input into memory
                    times[count].append(took)
        size = sum(each.stat().st_size for each in ([path] if path.is_file() else path.iterdir())) / 1e6
        one, many = (statistics.median(each) for each in times.values())
        print(f"{kind:<28}{size:>8,.0f}{one:>13.2f}{many:>8.2f}", flush=True)


def kinds(source: Path, folder: Path) -> Iterator[tuple[str, Path]]:
    """The studies as other kinds of input."""
    (folder / "pages").mkdir()
    for i, page in enumerate(pages(source)):
        (folder / "pages" / f"{i:04}.json").write_bytes(b'{"studies":[' + b",".join(page) + b"]}")
    yield f"pages of {PAGE:,}", folder / "pages"
    with gzip.open(folder / "x.jsonl.gz", "wb", LEVEL) as packed, source.open("rb") as file:
        packed.writelines(file)
    yield "JSON Lines, gzip", folder / "x.jsonl.gz"
    with zipfile.ZipFile(folder / "one.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made:
        made.write(source, "x.jsonl")
    yield "zip of one file", folder / "one.zip"
    archive(source, folder / "many.zip")
    yield "zip of a file a study", folder / "many.zip"
    (folder / "files").mkdir()
    for name, line in named(source):
        (folder / "files" / name).write_bytes(line)
    yield "folder of a file a study", folder / "files"


def pages(source: Path) -> Iterator[list[bytes]]:
    """The studies of a file, some at a time."""
    lines = [line for _, line in named(source)]
    yield from (lines[at : at + PAGE] for at in range(0, len(lines), PAGE))


def named(source: Path) -> Iterator[tuple[str, bytes]]:
    """The JSON of each study, with the name that the registry gives its file."""
    with source.open("rb") as file:
        for line in file:
            found = _NUMBER.search(line)
            if found:
                yield f"{found[1].decode()}.json", line.rstrip()


def archive(source: Path, target: Path) -> None:
    """Writes the studies to an archive, a file each, as the registry packs what is asked of it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made:
        for name, line in named(source):
            made.writestr(name, line)


if __name__ == "__main__":
    main()
