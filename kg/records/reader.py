"""Study records from inputs of any kind and size, one by one.

JSON is split where studies start, without parsing it: the keys at the top of a study occur nowhere else, and inside a
string their quotes would be escaped. Only a piece that is not exactly one study is parsed value by value, so that a
broken record costs no other record.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kg._types import Progress, Reject
from kg.errors import RecordError, Skipped, SourceError, shown
from kg.records import broken_json, splitter, values
from kg.records.boxed import is_boxed, unboxed
from kg.records.broken_json import is_utf8
from kg.records.decompress import peek
from kg.records.limits import TOO_MANY, has_too_many_values
from kg.records.objects import AnyInput, flatten
from kg.records.pages import NoStudies, PageFacts, RunProblems
from kg.records.sanitize import may_be_unfit
from kg.records.saved_page import STUDY_START, is_page, is_study, literals, not_a_study, with_facts
from kg.records.sources import sources
from kg.records.splitter import Piece
from kg.records.surroundings import Facts, Surroundings, is_empty_page, studies_in

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence


PAGE_HEAD = 1 << 20
MAX_HELD_BACK = 1000
"""Problems held back for a file that does not start as JSON, so that a PDF is reported once, not once per brace."""

_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*+"')
_OBJECT = re.compile(r'\{\s*["}]')
_PARQUET = b"PAR1"
_RDF_XML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<rdf:RDF\b")


class RecordPosition(NamedTuple):
    """The file (or member of an archive) that a record is from, and its number in it, from 1."""

    file: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A study as parsed JSON, the file (or member of an archive) that it is from, and its number in it, from 1.

    ``is_clean`` is true where the text was scanned and no string has a character that output formats cannot represent.
    """

    data: dict[str, Any]
    file: str
    number: int
    is_clean: bool = field(default=False, repr=False, compare=False)

    @property
    def position(self) -> RecordPosition:
        return RecordPosition(self.file, self.number)


def read(inputs: Iterable[AnyInput], reject: Reject, progress: Progress | None = None) -> Iterator[Record]:
    """Yield every study record of the inputs, in an order that depends on their names only.

    ``reject`` is called with a :class:`SourceError` or :class:`RecordError` for everything that is lost, ``progress``
    with the number of input bytes read since its last call. Raises :class:`~kg.errors.UsageError` at once for an input
    that does not exist.
    """
    items = flatten(inputs)
    problems = RunProblems(reject, items)
    streams = sources(items, problems, progress)
    records = (record for source in streams for record in _records(source.open(), StreamReader(source.name, problems)))
    return problems.ended_after(records)


def holds_studies(name: str) -> bool:
    """Return whether a local file starts with study records, as JSON or as a saved page."""
    if not Path(name).is_file():
        return False
    with Path(name).open("rb") as file:
        head = file.read(PAGE_HEAD)
    if head.startswith(_PARQUET) or _RDF_XML.match(head):
        return False  # such an export may contain parts of records as literals
    return STUDY_START.search(splitter.decoded(head)) is not None


def split(chunks: Iterator[bytes], file: str, reject: Reject) -> Iterator[Record]:
    """Yield every study of one decompressed stream, which may end in a :class:`SourceError`.

    >>> print(*split(iter([b'[{"hasResults": true}, {"hasRes', b'ults": false}]']), "a.json", print), sep="\\n")
    Record(data={'hasResults': True}, file='a.json', number=1)
    Record(data={'hasResults': False}, file='a.json', number=2)
    """
    problems = RunProblems(reject, [file])
    return problems.ended_after(_records(chunks, StreamReader(file, problems)))


def _records(chunks: Iterator[bytes], reader: StreamReader) -> Iterator[Record]:
    for part in reader.parts(chunks):
        if isinstance(part, Record):
            yield part
        else:
            for study in part.studies():
                yield from reader.parse(study)


class ScanState(NamedTuple):
    """Counts and problems of a part of a stream, to be merged into those of the parts before it."""

    number: int = 0
    open_brackets: int = 0
    has_losses: bool = False
    has_json: bool = False
    has_studies: bool = False
    facts: Facts = Facts()
    held_back: Sequence[RecordError] = ()


@dataclass(slots=True)
class StreamReader:
    """Reader of one stream, with the counts and flags from which problems of the stream as a whole follow.

    ``number`` counts the records and the losses so far; what is no study is held back until a study is found, so that
    a file without studies is reported once. ``has_studies`` says that nothing is held back any more. ``head_size`` is
    the number of bytes read to see how the stream starts, ``head`` the first of them if no study starts there;
    ``truncated`` says that the current piece ends where the file could not be read any further.
    """

    file: str
    reject: Reject
    number: int = 0
    open_brackets: int = 0
    has_losses: bool = False
    starts_as_json: bool = True
    is_page: bool = False
    refused: bool = False
    has_json: bool = False
    has_studies: bool = False
    surroundings: Surroundings = field(default_factory=Surroundings)
    held_back: list[RecordError] = field(default_factory=list)
    failure: SourceError | None = None
    truncated: bool = False
    head_size: int = 0
    head: str = ""

    # -- the stream as a whole ----------------------------------------------------------------------------------

    def parts(self, chunks: Iterator[bytes]) -> Iterator[Piece | Record]:
        """Yield the stream in pieces, or the records of a saved page; then report problems of the whole stream."""
        stream = self.start(chunks)
        if stream is not None:
            yield from self.page(stream) if self.is_page else self.pieces(stream)
            self.finish()

    def start(self, chunks: Iterator[bytes]) -> Iterator[bytes] | None:
        """Detect the kind of stream from its start; return the complete stream, or ``None`` for a refused format."""
        head, stream = peek(self.until_failure(chunks), splitter.HEAD)
        if not splitter.START.search(head):
            from kg.records import foreign

            self.head = splitter.decoded(head)
            if problem := foreign.refused(self.head):
                self.reject(NoStudies(problem, file=self.file))
                return None
        self.starts_as_json = head.lstrip().startswith((b"{", b"["))
        if not self.starts_as_json:
            head, stream = peek(stream, PAGE_HEAD)
        self.is_page, self.head_size = is_page(splitter.decoded(head)), len(head)
        return stream

    def until_failure(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the stream as UTF-8 up to where it cannot be read any further."""
        try:
            yield from splitter.utf8(chunks)
        except SourceError as error:
            self.failure = error
        except UnicodeDecodeError as error:
            self.failure = SourceError(f"is not valid {error.encoding.upper()[:6]} text", file=self.file)

    def pieces(self, chunks: Iterator[bytes], at: int = 0) -> Iterator[Piece]:
        """Yield a stream of JSON in pieces, of which the first one starts at a byte of the file."""
        for piece in splitter.Splitter(at=at).pieces(chunks):
            yield piece._replace(truncated=True) if self.failure else piece

    def page(self, chunks: Iterator[bytes]) -> Iterator[Record]:
        """Yield the records of a saved page."""
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > splitter.MAX_RECORD:
                self._release()
                self._lose(RecordError(f"is a page of more than {splitter.MAX_RECORD >> 20} MiB"), is_json=True)
                return
        self.truncated = self.failure is not None
        for value, header in literals(splitter.decoded(data)):
            self.has_json = True
            if isinstance(value, RecordError):
                self._release()
                self._lose(value, is_json=True)
            elif is_study(value):
                yield self._record(with_facts(value, header))
            elif not (yield from self._nested(value)) and not is_empty_page(value):
                self._lose(not_a_study(value), is_json=False)

    def finish(self) -> None:
        """Report problems of the whole stream."""
        if self.refused:
            return
        if self.failure:
            self.reject(self.failure)
        elif self.held_back or not self.has_json:
            self.reject(self._without_studies())
        elif self.open_brackets > 0 and not self.has_losses:
            self.reject(SourceError("ends before its list is closed, so studies may be missing", file=self.file))
        if self.surroundings.open_pages or self.surroundings.total or self.surroundings.pages:
            self.reject(PageFacts(self.file, self.number, self.surroundings.facts))
        if self.surroundings.keys and self.has_studies:
            names = ", ".join(map(shown, self.surroundings.keys))
            problem = f"holds other JSON around its studies, which is not exported ({names})"
            self.reject(Skipped(problem, file=self.file))

    def _without_studies(self) -> SourceError:
        from kg.records import foreign

        is_whole = len(self.head) < splitter.HEAD
        is_json = self.has_json and self.starts_as_json
        problem = foreign.description(self.head, is_json=is_json, is_whole=is_whole)
        return NoStudies(problem, file=self.file, is_failure=foreign.is_failure(self.head, self.file, is_json=is_json))

    @property
    def state(self) -> ScanState:
        """The counts and problems so far."""
        facts, counts = self.surroundings.facts, (self.number, self.open_brackets)
        return ScanState(*counts, self.has_losses, self.has_json, self.has_studies, facts, self.held_back)

    def merge(self, state: ScanState) -> None:
        """Add the state of the next part of the same stream."""
        self.number += state.number
        self.open_brackets += state.open_brackets
        self.has_losses |= state.has_losses
        self.has_json |= state.has_json
        self.surroundings.merge(state.facts)
        if state.has_studies and not self.has_studies:
            self._release()
        for error in state.held_back:
            self._report(error)

    # -- one study ----------------------------------------------------------------------------------------------

    def count(self, closed_lists: int = 0) -> RecordPosition:
        """Count a study and the lists that are closed after it; return its position."""
        self._release()
        self.number += 1
        self.open_brackets -= closed_lists
        return RecordPosition(self.file, self.number)

    def parse(self, study: Piece) -> Iterator[Record]:
        """Yield the records of a piece that starts with a study: exactly one, unless something is unusual."""
        self.truncated = study.truncated
        if not study.whole:
            self._lose_oversized(study, f"is larger than {splitter.MAX_RECORD >> 20} MiB, at byte {study.at}")
        elif has_too_many_values(study.data):
            self._lose_oversized(study, f"{TOO_MANY}, at byte {study.at}")
        elif is_study(data := splitter.loaded(study.data)):
            yield self._record(data, splitter.closed(study.data), is_clean=not may_be_unfit(study.data))
        else:
            yield from self._lines(study)

    def _record(self, data: dict[str, Any], closed_lists: int = 0, *, is_clean: bool = False) -> Record:
        if is_boxed(data):
            data = unboxed(data)
        return Record(data, *self.count(closed_lists), is_clean)

    def _lines(self, piece: Piece) -> Iterator[Record]:
        for at, line in splitter.whole_lines(piece.data):
            data = splitter.loaded(line)
            if is_study(data):
                yield self._record(data, splitter.closed(line), is_clean=not may_be_unfit(line))
            else:
                yield from self._values(splitter.decoded(line), piece.at + at)

    def _values(self, text: str, byte: int) -> Iterator[Record]:
        """Yield the studies of a text that is not a single one, value by value."""
        key = ""
        for part in values.parts(text):
            if part.kind == "separators":
                self._separators(text[part.at : part.end])
            elif part.kind == "entry":
                key, value = part.value
                if not part.keyed:
                    self.surroundings.add(key, value)
            elif part.kind == "value":
                found = yield from self._value(part, text, byte)
                if part.keyed and not found:
                    self.surroundings.add(key, part.value)
            elif part.kind == "broken":
                self._lose(broken_json.invalid_json(part.value, text, part.at, part.end, byte), is_json=True)
            else:
                self._lose(broken_json.not_a_study(text, part.at, part.end, byte), is_json=False)
            byte += splitter.size(text[part.at : part.end])

    def _value(self, part: values.Part, text: str, byte: int) -> Generator[Record, None, bool]:
        """Yield the study that a value is, or those in it; return whether there is any."""
        self.has_json |= self.starts_as_json
        if is_study(part.value):
            if is_utf8(text, part.at, part.end):
                yield self._record(part.value)
            else:
                self._lose(broken_json.not_utf8(text, part.at, part.end, byte), is_json=True)
            return True
        found = yield from self._nested(part.value)
        if not found and not part.keyed and not is_empty_page(part.value):
            self._lose(broken_json.not_a_study(text, part.at, part.end, byte), is_json=False)
        return found

    def _nested(self, value: Any) -> Generator[Record, None, bool]:
        """Yield the studies in other JSON; return whether there is any."""
        study, surroundings = None, Surroundings()
        for study in studies_in(value, surroundings):
            if isinstance(study, RecordError):
                self._lose(study, is_json=True)
            else:
                yield self._record(study)
        if study is not None or is_empty_page(value):
            self.surroundings.merge(surroundings.facts)
        return study is not None

    def _separators(self, separators: str) -> None:
        if '"' in separators:
            self.surroundings.add_text(separators)
            separators = _STRING.sub("", separators)
        opened = separators.count("[") + separators.count("{")
        self.open_brackets += opened - separators.count("]") - separators.count("}")
        self.has_json |= opened > 0 and self.starts_as_json

    # -- losses -------------------------------------------------------------------------------------------------

    def _lose_oversized(self, piece: Piece, problem: str) -> None:
        text = splitter.decoded(piece.data[: splitter.HEAD])
        error = RecordError(problem, study=broken_json.study_id(text))
        self._lose(error, is_json=_OBJECT.match(text) is not None)

    def _lose(self, error: RecordError, is_json: bool) -> None:
        """Count and report a loss, except at the end of a truncated file, which is reported as truncated."""
        if self.truncated:
            return
        self.has_losses = True
        self.number += 1
        error.file, error.record = self.file, self.number
        if (is_json and self.starts_as_json) or len(self.held_back) == MAX_HELD_BACK:
            self._release()
        self._report(error)

    def _report(self, error: RecordError) -> None:
        """Report an error, or hold it back until a study is found."""
        if self.has_studies:
            self.reject(error)
        else:
            self.held_back.append(error)

    def _release(self) -> None:
        """Record that the stream contains studies, and report the errors held back."""
        self.has_json = self.has_studies = True
        for error in self.held_back:
            self.reject(error)
        self.held_back.clear()
