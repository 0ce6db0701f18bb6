"""Problems of a run as a whole: pages whose following pages are missing, and files without studies beside others.

The pages of a search are often in several files of a folder, each of which has the token of the next page but for the
last one. So whether pages are missing is decided for the files of a folder or an archive together.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from kg._types import Reject
from kg.errors import Incomplete, InputError, Skipped, SourceError
from kg.records.surroundings import Facts

T = TypeVar("T")
HOW = "kg fetch gets all pages, as in kg fetch --condition ALS -o als.jsonl, and so does the URL of a search as input"
_FOLDER = re.compile(r".*[/\\!]")


class PageFacts(InputError):  # noqa: N818 -- not a problem by itself
    """The facts about the pages in a file, which is a problem only if others are missing."""

    def __init__(self, file: str, studies: int, facts: Facts) -> None:
        super().__init__("holds pages of the API", file=file)
        self.studies, self.facts = studies, facts

    def __reduce__(self) -> tuple[Any, ...]:
        return PageFacts, (self.file, self.studies, self.facts)


class NoStudies(SourceError):  # noqa: N818 -- may be skipped
    """A file that is readable and holds no study; beside others it is skipped, unless it is a failed download."""

    def __init__(self, problem: str, *, file: str, is_failure: bool = False) -> None:
        super().__init__(problem, file=file)
        self.is_failure = is_failure

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(NoStudies, self.problem, file=self.file or "", is_failure=self.is_failure), ()


@dataclass(slots=True)
class _Pages:
    """The pages in the files of a folder."""

    file: str
    studies: int = 0
    pages: int = 0
    open_pages: int = 0
    total: int = 0

    def add(self, problem: PageFacts) -> None:
        self.file = problem.file if problem.facts.open_pages and problem.file else self.file
        self.studies += problem.studies
        self.pages += problem.facts.pages
        self.open_pages += problem.facts.open_pages
        self.total += problem.facts.total

    @property
    def problem(self) -> str:
        """What is missing, or an empty string."""
        if self.total > self.studies:
            missing = f"{self.total - self.studies:,} of {self.total:,} studies of its result are"
            return f"is a page of a longer result: {missing} on other pages, which are not in the input; {HOW}"
        if self.open_pages >= max(1, self.pages) and not self.total:
            return f"has a nextPageToken, so more studies may be on other pages, which are not in the input; {HOW}"
        return ""


class RunProblems:
    """Passes on the problems of some inputs, and at the end those of the inputs as a whole.

    ``names`` are the inputs: files that are not named themselves are members of folders and archives.
    """

    def __init__(self, reject: Reject, names: Iterable[object]) -> None:
        self._reject = reject
        self._names = {str(name).rstrip("/") for name in names}
        self._folders: dict[str, _Pages] = {}

    def __call__(self, problem: InputError) -> None:
        if isinstance(problem, PageFacts):
            folder = _FOLDER.match(problem.file or "")
            key = problem.file if problem.file and "://" in problem.file else folder[0] if folder else ""
            self._folders.setdefault(key or "", _Pages(problem.file or "")).add(problem)
        elif isinstance(problem, NoStudies):
            self._reject(self._skipped(problem))
        else:
            self._reject(problem)

    def _skipped(self, problem: NoStudies) -> SourceError:
        """Return a problem as one that is passed over, if the file is one of many and has the name of no study."""
        is_member = problem.file is not None and problem.file not in self._names
        if is_member and not problem.is_failure:
            return Skipped(problem.problem, file=problem.file)
        return SourceError(problem.problem, file=problem.file)

    def ended_after(self, records: Iterator[T]) -> Iterator[T]:
        """Yield records, and then report the problems of the inputs as a whole."""
        yield from records
        self.end()

    def end(self) -> None:
        """Report pages whose following pages are missing."""
        for problem in self._missing():
            self._reject(problem)
        self._folders.clear()

    def _missing(self) -> Iterator[InputError]:
        for pages in self._folders.values():
            if "://" in pages.file and pages.total > pages.studies:  # all pages were requested
                problem = f"only {pages.studies:,} of {pages.total:,} studies came, as the listing changed; try again"
                yield SourceError(problem, file=pages.file)
            elif problem := pages.problem:
                yield Incomplete(problem, file=pages.file)
