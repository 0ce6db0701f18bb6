"""Study records, one by one, out of inputs of any kind and size.

A stream of JSON is cut where a study starts, which takes no parser: the keys at the top of a study occur nowhere
else, and inside a text their quotes would be escaped. Only a piece that is not exactly one study is read value
by value, so that what is broken costs itself and nothing beside it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kg._types import Progress, Reject
from kg.errors import VALUE_WIDTH, RecordError, SourceError
from kg.records import splitter
from kg.records.decompress import peek
from kg.records.sanitize import may_be_unfit
from kg.records.saved_page import STUDY, STUDY_START, is_page, is_study
from kg.records.saved_page import records as page_records
from kg.records.sources import printed, sources

if TYPE_CHECKING:
    import os
    from collections.abc import Generator, Iterable


PAGE_HEAD = 1 << 20
TRIES = 8
"""Broken values behind a broken value after which the rest of the piece is given up."""
HELD = 1000
"""Losses kept back in a file that does not begin as JSON does: a PDF is told of once, not brace by brace."""

_OBJECT = re.compile(r'\{\s*["}]')
_NEXT = re.compile(r'[,\n]\s*(?=\{\s*")')
_GARBAGE = re.compile(r'(?:[^{]++|\{(?!\s*["}]))+')
_ID = re.compile(r'"nctId"\s*:\s*"(NCT\d{8})"')
_PARQUET = b"PAR1"
_RDF_XML = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<rdf:RDF\b")
DOWNLOAD = "https://clinicaltrials.gov/api/v2/studies"
"""Where the registry serves its studies as API v2."""
_LEGACY = (
    (
        re.compile(rb'"(?:FullStudiesResponse|FullStudies|StudyFieldsResponse|ProtocolSection)"\s*:'),
        "JSON of the API that was shut down in June 2024",
    ),
    (
        re.compile(rb"<(?:clinical_study|search_results|study_fields_response)\b"),
        "XML of the registry's former downloads",
    ),
)


class Decode(Protocol):
    """From the JSON of what may be a study to what a reader wants of it, ``None`` where it is read value by value."""

    def try_json(self, piece: bytes, /) -> Any:
        """Of a piece that is one study."""
        ...

    def try_json_at(self, text: bytes, at: int, /) -> tuple[Any, int] | None:
        """Of what stands at a place in a text, and where it ends, but for spaces."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """A study as parsed JSON, the file (or member of an archive) it is from, and its number there, from 1.

    ``decoded`` is what :func:`read` was asked to make of its JSON, in place of ``data``; ``fit`` says that no text
    in it holds a character that formats cannot carry, as far as was quickly told.
    """

    data: dict[str, Any]
    file: str
    number: int
    fit: bool = field(default=False, repr=False, compare=False)
    decoded: Any = field(default=None, repr=False, compare=False)


def read(
    inputs: Iterable[str | os.PathLike[str]],
    reject: Reject,
    progress: Progress | None = None,
    besides: Iterable[str] = (),
    decode: Decode | None = None,
) -> Iterator[Record]:
    """Every study found in the inputs, in an order that depends on their names only.

    ``reject`` is given a :class:`SourceError` or :class:`RecordError` for whatever is lost; ``progress`` the number of
    raw bytes read since its last call; files ``besides`` are passed over, as an output of before; ``decode`` is tried
    first on the JSON of each study. Raises :class:`~kg.errors.UsageError` at once where an input does not exist.
    """
    found = sources(inputs, reject, progress, besides)
    return (record for source in found for record in split(source.open(), source.name, reject, decode))


def holds_studies(name: str) -> bool:
    """Whether a file of this machine begins with study records, as they are or as a saved page."""
    if not Path(name).is_file():
        return False
    with Path(name).open("rb") as file:
        head = file.read(PAGE_HEAD)
    if head.startswith(_PARQUET) or _RDF_XML.match(head):
        return False  # what is kept of a record stands there as it was
    return STUDY_START.search(splitter.decoded(head)) is not None


def split(chunks: Iterator[bytes], file: str, reject: Reject, decode: Decode | None = None) -> Iterator[Record]:
    """Every study in one decompressed stream, which may end in a :class:`SourceError`.

    >>> print(*split(iter([b'[{"hasResults": true}, {"hasRes', b'ults": false}]']), "a.json", print), sep="\\n")
    Record(data={'hasResults': True}, file='a.json', number=1)
    Record(data={'hasResults': False}, file='a.json', number=2)
    """
    return StreamReader(file, reject, decode).records(chunks)


class ScanState(NamedTuple):
    """What was found in a part of a stream."""

    number: int
    open: int
    lost: bool
    json: bool
    held: list[RecordError]


@dataclass(slots=True)
class StreamReader:
    """The reading of one stream: how many records it had, and whether anything in it was JSON at all.

    ``open`` counts the brackets that are open, ``lost`` tells of losses, ``begins`` whether it begins as JSON does,
    ``json`` whether JSON was found; until then losses are ``held`` back. ``looked`` are the bytes that were read to see
    how it begins.
    """

    file: str
    reject: Reject
    decode: Decode | None = None
    number: int = 0
    open: int = 0
    lost: bool = False
    begins: bool = True
    is_page: bool = False
    refused: bool = False
    json: bool = False
    held: list[RecordError] = field(default_factory=list)
    failure: SourceError | None = None
    cut_short: bool = False
    looked: int = 0

    def records(self, chunks: Iterator[bytes]) -> Iterator[Record]:
        """Every study of the stream."""
        whole = self.start(chunks)
        if whole is not None:
            yield from self.page(whole) if self.is_page else self.stream(whole)
            self.finish()

    def read_at_once(self, text: bytes) -> Iterator[Record]:
        """Every study of a stream that is at hand, which mostly is one study."""
        found = self._first(splitter.Piece(0, text), 0)
        if found is not None and found[1] == len(text):
            yield found[0]
        else:
            yield from StreamReader(self.file, self.reject, self.decode).records(iter([text]))

    def start(self, chunks: Iterator[bytes]) -> Iterator[bytes] | None:
        """Looks at how the stream begins; the whole of it again, or ``None`` for what is refused."""
        head, whole = peek(self.until_failure(chunks), splitter.HEAD)
        for pattern, name in _LEGACY:
            if not splitter.START.search(head) and pattern.search(head):
                self.reject(SourceError(f"is {name}; the same studies as API v2 are at {DOWNLOAD}", file=self.file))
                return None
        self.begins = head.lstrip().startswith((b"{", b"["))
        if not self.begins:
            head, whole = peek(whole, PAGE_HEAD)
        self.is_page, self.looked = is_page(splitter.decoded(head)), len(head)
        return whole

    def until_failure(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from splitter.utf8(chunks)
        except SourceError as error:
            self.failure = error
        except UnicodeDecodeError as error:
            self.failure = SourceError(f"is no whole {error.encoding.upper()[:6]} text", file=self.file)

    def finish(self) -> None:
        """Tells what is wrong with the stream as a whole."""
        if self.refused:
            return
        if self.failure:
            self.reject(self.failure)
        elif not self.json:
            self.reject(SourceError("holds no study record", file=self.file))
        elif self.open > 0 and not self.lost:
            self.reject(SourceError("ends before its list does, so studies may be missing", file=self.file))

    def page(self, chunks: Iterator[bytes]) -> Iterator[Record]:
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > splitter.MAX_RECORD:
                self.found_json()
                self.lose(RecordError(f"is a page of more than {splitter.MAX_RECORD >> 20} MiB"), is_json=True)
                return
        self.cut_short = self.failure is not None
        for found in page_records(splitter.decoded(data)):
            self.found_json()
            if isinstance(found, RecordError):
                self.lose(found, is_json=True)
            else:
                yield self.record(found)

    def stream(self, chunks: Iterator[bytes]) -> Iterator[Record]:
        for piece in splitter.Cutter().pieces(chunks):
            yield from self.records_of(piece, self.failure is not None)

    def records_of(self, piece: splitter.Piece, cut_short: bool = False) -> Iterator[Record]:
        """The studies in a piece, the last of which may be cut short, as the file could not be read on behind it."""
        at, size = 0, len(piece.data)
        while at < size:
            found = self._first(piece, at)
            if found is not None:
                record, at = found
                yield record
                continue
            begin, at = at, splitter.next_start(piece.data, at) if piece.whole else size
            self.cut_short = cut_short and at == size
            yield from self._study(splitter.Piece(piece.at + begin, piece.data[begin:at], piece.whole))

    def _first(self, piece: splitter.Piece, at: int) -> tuple[Record, int] | None:
        """The study that starts at a place in a piece, and where the next one does or the piece ends.

        That is quicker than to look where the next one starts, which finds the same (a study that seems to start within
        another one is not decoded).
        """
        if self.decode is None or not piece.whole or not splitter.starts_at(piece.data, at):
            return None
        found = self.decode.try_json_at(piece.data, at)
        if found is None:
            return None
        decoded, end = found
        at, closed = splitter.behind(piece.data, end)
        if at < len(piece.data) and not splitter.starts_at(piece.data, at):
            return None
        return self.record({}, closed, decoded), at

    def _study(self, piece: splitter.Piece) -> Iterator[Record]:
        """The studies in a piece of one, unless something is odd."""
        if not piece.whole:
            self.too_large(piece)
        elif self.decode is not None and (decoded := self.decode.try_json(splitter.bare(piece.data))) is not None:
            yield self.record({}, splitter.closed(piece.data), decoded)
        elif is_study(data := splitter.loaded(piece.data)):
            yield self.record(data, splitter.closed(piece.data), fit=not may_be_unfit(piece.data))
        else:
            yield from self.lines(piece)

    @property
    def state(self) -> ScanState:
        """What was found so far."""
        return ScanState(self.number, self.open, self.lost, self.json, self.held)

    def merge(self, state: ScanState) -> None:
        """Adds what was found in the next part of the same stream."""
        self.number += state.number
        self.open += state.open
        self.lost |= state.lost
        if state.json and not self.json:
            self.found_json()
        for error in state.held:
            if self.json:
                self.reject(error)
            else:
                self.held.append(error)

    def too_large(self, piece: splitter.Piece) -> None:
        problem = f"is larger than {splitter.MAX_RECORD >> 20} MiB, at byte {piece.at}"
        text = splitter.decoded(piece.data)
        self.lose(RecordError(problem, study=_study_id(text)), is_json=_OBJECT.match(text) is not None)

    def lines(self, piece: splitter.Piece) -> Iterator[Record]:
        for at, line in splitter.whole_lines(piece.data):
            data = splitter.loaded(line)
            if is_study(data):
                yield self.record(data, splitter.closed(line), fit=not may_be_unfit(line))
            else:
                yield from self.values(splitter.decoded(line), piece.at + at)

    def values(self, text: str, byte: int) -> Iterator[Record]:
        """The studies in a text that is no single one, value by value."""
        at = 0
        while at < len(text):
            if garnish := splitter.GARNISH.match(text, at):
                self.garnish(garnish[0])
                end = garnish.end()
            elif garbage := _GARBAGE.match(text, at):
                end = garbage.end()
                self.lose(_no_study(text, at, end, byte), is_json=False)
            else:
                end = yield from self.value(text, at, byte)
            byte += splitter.size(text[at:end])
            at = end

    def value(self, text: str, at: int, byte: int) -> Generator[Record, None, int]:
        try:
            data, end = splitter.DECODER.raw_decode(text, at)
        except (ValueError, RecursionError, MemoryError) as error:
            end = _next_study(text, at + 1)
            self.lose(_broken(error, text, at, end, byte), is_json=True)
            return end
        if is_study(data):
            yield self.record(data)
        else:
            self.lose(_no_study(text, at, end, byte), is_json=True)
        return end

    def record(self, data: dict[str, Any], closed: int = 0, decoded: Any = None, *, fit: bool = False) -> Record:
        """The next record, behind which so many lists close."""
        self.found_json()
        self.number += 1
        self.open -= closed
        return Record(data, self.file, self.number, fit or decoded is not None, decoded)

    def garnish(self, text: str) -> None:
        opened = text.count("[") + text.count("{")
        self.open += opened - text.count("]") - text.count("}")
        if opened and self.begins:
            self.found_json()

    def lose(self, error: RecordError, is_json: bool) -> None:
        """Tell of a loss; of one in what may be no JSON at all, once JSON or a study is found."""
        if self.cut_short:
            return
        self.lost = True
        self.number += 1
        error.file, error.record = self.file, self.number
        if (is_json and self.begins) or len(self.held) == HELD:
            self.found_json()
        if self.json:
            self.reject(error)
        else:
            self.held.append(error)

    def found_json(self) -> None:
        self.json = True
        for error in self.held:
            self.reject(error)
        self.held.clear()


def _next_study(text: str, at: int) -> int:
    """Where the next study stands behind something broken, or the end."""
    tries, inside = TRIES, at
    for match in _NEXT.finditer(text, at):
        if match.end() < inside:
            continue
        try:
            data, inside = splitter.DECODER.raw_decode(text, match.end())
        except (ValueError, RecursionError, MemoryError):
            tries -= 1
            if not tries:
                break
        else:
            if is_study(data):
                return match.end()
    return len(text)


def _no_study(text: str, at: int, end: int, byte: int) -> RecordError:
    found = printed(" ".join(text[at : min(end, at + VALUE_WIDTH + 1)].split()))
    return RecordError("is no study", value=found, expected=f"{STUDY} at byte {byte}")


def _broken(error: Exception, text: str, at: int, end: int, byte: int) -> RecordError:
    if isinstance(error, json.JSONDecodeError):
        problem = f"the JSON breaks at byte {byte + splitter.size(text[at : error.pos])} ({error.msg})"
    else:
        why = "holds a number of too many digits" if isinstance(error, ValueError) else "is nested too deeply"
        problem = f"the JSON that begins at byte {byte} {why}"
    return RecordError(problem, study=_study_id(text[at:end]))


def _study_id(text: str) -> str | None:
    found = _ID.search(text)
    return found[1] if found else None
