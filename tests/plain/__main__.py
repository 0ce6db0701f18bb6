"""Prints the tables of a run: ``python -m tests.plain RECORDS [ENGINE...]``, by default in all engines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.plain.engines import LOCAL, REMOTE, Answers
from tests.plain.run import Run, running, tables
from tests.servers import Missing


def main(records: str, *engines: str) -> None:
    names = engines or (*LOCAL, *REMOTE)
    with TemporaryDirectory() as folder, running(Path(records), Path(folder), names) as run:
        print(tables(run, there(run, names)))


def there(run: Run, names: tuple[str, ...]) -> Iterator[Answers]:
    """The answers of the engines that the machine has."""
    for name in names:
        try:
            yield run.answers(name)
        except Missing as error:
            print(f"{name}: {error}", file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])
