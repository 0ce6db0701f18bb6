"""Records to exported studies, one after another; a fault in one costs that one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from kg._types import Progress, Reject
from kg.errors import RecordError
from kg.export.exporter import Exported, Exporter
from kg.export.shared_resources import Usage
from kg.records.reader import Record, read

if TYPE_CHECKING:
    import os


def studies(records: Iterable[Record], exporter: Exporter, reject: Reject) -> Iterator[tuple[Record, Exported]]:
    """Each record with its export; what is no study, and every field that is not as it should be, is told."""
    for record in records:
        try:
            exported: Exported = record.decoded or exporter(record.data, fit=record.fit)
        except RecordError as error:
            error.file, error.record = record.file, record.number
            reject(error)
            continue
        except Exception as error:  # a fault of ours costs this record, not the run
            fault = f"cannot be exported ({type(error).__name__}: {error})"
            reject(RecordError(fault, file=record.file, record=record.number))
            continue
        for problem in exported.errors:
            problem.file, problem.record = record.file, record.number
            reject(problem)
        yield record, exported


def newest(exported: Iterable[tuple[Record, Exported]]) -> dict[str, Exported]:
    """The newest export of each study, of two as new the later; the order is that of the first records."""
    studies: dict[str, Exported] = {}
    for _, each in exported:
        earlier = studies.get(each.study)
        if earlier is None or earlier.version <= each.version:
            studies[each.study] = each
    return studies


def usages(exported: Iterable[Exported]) -> list[Usage]:
    """The shared resources of some studies, as they describe them."""
    counts = Counter(each for study in exported for each in study.shared)
    return [Usage(each, studies) for each, studies in counts.items()]


def exports(
    inputs: Iterable[str | os.PathLike[str]], exporter: Exporter, reject: Reject, progress: Progress | None = None
) -> Iterator[tuple[Record, Exported]]:
    """Every study in the inputs, with its export; ``reject`` and ``progress`` as for :func:`kg.records.reader.read`."""
    return studies(read(inputs, reject, progress, (), exporter), exporter, reject)
