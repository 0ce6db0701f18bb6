"""Export of one study, a pure function of its record and the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from kg.errors import FieldError, RecordError, Repaired
from kg.export.contacts import ContactFilter
from kg.export.interpreter import Interpreter
from kg.export.native import Emitter
from kg.export.record_header import HeaderReader
from kg.export.shared_resources import Usage, encode_graph
from kg.export.unmapped import Unmapped, UnmappedFinder
from kg.mapping.json_tree import nested, overlay
from kg.mapping.plan import LEFT_OUT, LISTED, UNMAPPED, UNMAPPED_SECTION, Plan, shipped_plan
from kg.ontology.vocabulary import BASE, RDF, RECORD, STUDY
from kg.rdf.syntax import Grouped, Style, prefixes, quoted
from kg.records.contacts import MASK
from kg.records.limits import TOO_MANY, check_errors, check_statements, depth_errors, has_too_many_values
from kg.records.sanitize import LONGEST, ROOM, clean, fits

if TYPE_CHECKING:
    from kg.export.record_digest import RecordDigester


@dataclass(slots=True)
class Exported:
    """The output of one study, with its header, counts and errors."""

    study: str
    version: int
    """If a study has several records, only the one with the greatest version is exported."""
    version_holder: str
    """The date of the registry data that contained the record, or an empty string."""
    data: bytes
    triples: int
    errors: list[FieldError] = field(default_factory=list)
    unmapped: Unmapped = field(default_factory=Unmapped)
    withheld: int = 0
    """The number of contact values left out."""
    masked: int = 0
    """The number of e-mail addresses masked in texts."""
    shared: tuple[bytes, ...] = ()
    """The descriptions of the shared resources that the record refers to (:mod:`kg.export.shared_resources`)."""
    digest: str = ""
    """The digest of the record, if the exporter computes it (:mod:`kg.export.record_digest`)."""


class Exporter:
    """Exports records of API v2 as RDF.

    ``grouped`` selects blocks (Turtle, TriG) instead of lines (N-Triples, N-Quads). ``graphs`` writes one named graph
    per study. ``contacts`` keeps contact data and e-mail addresses in texts; a plan may leave out sections
    (:mod:`kg.mapping.sections`). ``base`` is the namespace of parts, organizations and other resources. ``longest`` is
    the length of the longest text, in bytes as written. ``digests`` computes the digests of records.

    >>> record = {"protocolSection": {"identificationModule": {"nctId": "NCT00000001", "briefTitle": "A trial"}}}
    >>> exported = Exporter(grouped=True)(record)
    >>> print(exported.data.decode().splitlines()[0], exported.triples)
    study:NCT00000001 a ct:Study ; 7
    """

    def __init__(
        self,
        plan: Plan | None = None,
        *,
        grouped: bool = False,
        graphs: bool = False,
        contacts: bool = False,
        base: str = BASE,
        longest: int = LONGEST,
        digests: bool = False,
    ) -> None:
        self.plan = plan or shipped_plan()
        self.prefixes = prefixes(self.plan.ontology, base)
        self._style: Style = Grouped(base, self.prefixes) if grouped else Style(base)
        self._contacts = ContactFilter(self.plan, contacts=contacts)
        self._interpreter = Interpreter(self.plan, self._style, contacts=contacts)
        self._unmapped_finder = UnmappedFinder(self.plan, self._contacts)
        self.headers = HeaderReader(self.plan)
        self.emitter = Emitter(self._interpreter, self.headers.paths, graphs=graphs)
        self._digester = _digester(self.plan, contacts=contacts) if digests else None
        self._graphs = graphs
        self._longest = longest
        self._gap = b"\n" if grouped else b""
        self._study_token = self._style.opening(STUDY)
        self._record_token = self._style.opening(RECORD)
        self._json_type = self._style.datatype(RDF + "JSON")
        self._unmapped = self._style.predicate(UNMAPPED)
        left_out = self._style.predicate(LEFT_OUT)
        self._left_out = [left_out + quoted(name) for name in self.plan.without]
        self._listed = self._style.predicate(LISTED)

    def __call__(self, record: dict[str, Any], *, is_clean: bool = False) -> Exported:
        """Export a parsed record; raise :class:`~kg.errors.RecordError` if it is not a study.

        ``is_clean`` states that its JSON has no character that the formats cannot represent.
        """
        study = self.headers.study(record)
        try:
            with depth_errors():
                exported = self._exported(record, study, is_clean=is_clean)
        except RecordError as error:
            error.study = study
            raise
        if self._digester:
            exported.digest = self._digester(record)
        return exported

    def _exported(self, record: dict[str, Any], study: str, *, is_clean: bool) -> Exported:
        cleaned: list[FieldError] = []

        def report(path: str, value: object, expected: str) -> None:
            check_errors(len(cleaned) + 1)
            cleaned.append(FieldError("cleaned", study=study, path=path, value=value, expected=expected))

        exported = self._interpreted(record if is_clean else clean(record, report, longest=self._longest))
        if is_clean and not fits(exported.data, self._longest):
            exported = self._interpreted(clean(record, report, longest=self._longest))
        if not fits(exported.data, self._longest + ROOM):
            raise RecordError("has a statement that is too long for RDF files")
        paths = {error.path for error in cleaned}
        exported.errors = cleaned + [error for error in exported.errors if error.path not in paths]
        self._contacts.hide(exported.errors)
        return exported

    def from_json(self, text: bytes) -> Exported:
        """Export the JSON of one record, which is faster than exporting a parsed record.

        Raises :class:`ValueError` for invalid JSON, and :class:`~kg.errors.RecordError` if it is not a study.
        """
        exported = self.try_json(text)
        if exported is None and has_too_many_values(text):
            raise RecordError(TOO_MANY)
        return exported or self(orjson.loads(text))

    def try_json(self, text: bytes) -> Exported | None:
        """Export the JSON of one record by the emitter; ``None`` if it has to be exported as a parsed record."""
        result = self.try_json_at(text, None)
        return result and result[0]

    def try_json_at(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        """Export the record at a position of a text; return it with its end, trailing spaces included."""
        try:
            return self._emitted(text, at)
        except Exception:  # exporting the parsed record raises it again, and it is reported
            return None

    def _emitted(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        emitted = self.emitter(text, at)
        if emitted is None or not fits(emitted.data, self._longest):
            return None
        check_errors(len(emitted.errors))
        self._contacts.hide(emitted.errors)
        unread, unmapped, is_masked = emitted.unread, Unmapped(), emitted.is_masked
        if emitted.lossy:
            unread = text if at is None else text[at : emitted.end]
        if has_too_many_values(unread):
            return None
        if unread:
            without = self.emitter.masked(unread)
            is_masked |= without is not unread
            unmapped = self._unmapped_finder.find(orjson.loads(without), [], partial=not emitted.lossy)
        header, data, triples = self.headers.from_values(*emitted.header), emitted.data, emitted.triples
        if kept := self._kept(unmapped, emitted.errors):
            data = emitted.with_more(self._style.more(self._token(header.study), kept, self._graph(header.study)))
            triples += len(kept)
        shared = tuple(dict.fromkeys(emitted.shared))  # two kinds of node may have equal descriptions of a resource
        withheld = emitted.withheld + unmapped.withheld
        masked = data.count(MASK.encode()) if is_masked else 0
        exported = Exported(*header, data, triples, emitted.errors, unmapped, withheld, masked, shared)
        if self._digester:
            exported.digest = self._digester.of_json(text if at is None else text[at : emitted.end])
        return _name_errors(exported), emitted.end

    def _interpreted(self, original: dict[str, Any]) -> Exported:
        """Export any record by the reference interpreter."""
        record = self._contacts.masked(original)
        header = self.headers(record)
        result = self._interpreter.study(record, header.study, self._token(header.study))
        unmapped = self._unmapped_finder.find(record, result.refused) if result.lossy else Unmapped()
        pairs = result.blocks[0][1]
        if result.listed:
            content = "of MeSH terms, organizations and countries"
            pairs += self._json(self._listed, result.listed, content, result.errors)
        kept = self._kept(unmapped, result.errors)
        pairs += kept
        data = self._style.study(result.blocks, self._graph(header.study))
        triples = sum(len(pairs) for _, pairs in result.blocks) + result.more
        check_statements(triples - len(kept))
        withheld = result.withheld + unmapped.withheld
        masked = data.count(MASK.encode()) if record is not original else 0
        exported = Exported(*header, data, triples, result.errors, unmapped, withheld, masked, tuple(result.shared))
        return _name_errors(exported)

    def identity(self, record: dict[str, Any]) -> tuple[str, str]:
        """Return the NCT number and the digest of a record; raise :class:`~kg.errors.RecordError` if it is no study."""
        return self.headers.study(record), self._digester(record) if self._digester else ""

    def with_shared(self, exported: Exported) -> bytes:
        """Return the output of a study with the shared resources, which a run writes once for all studies."""
        chunks = self.shared(Usage(description, 1) for description in exported.shared)
        return b"".join((exported.data, *(self._gap + data for data, _ in chunks)))

    def shared(self, usages: Iterable[Usage]) -> Iterator[tuple[bytes, int]]:
        """Yield the shared graph in chunks, each with its number of triples."""
        return encode_graph(usages, self._style, graphs=self._graphs)

    def ontology(self) -> tuple[bytes, int]:
        """Return the graph of the ontology and its codes, and its number of triples."""
        from kg.export.ontology_graph import encode_graph as encode_ontology

        return encode_ontology(self._style, graphs=self._graphs)

    def _kept(self, unmapped: Unmapped, errors: list[FieldError]) -> list[bytes]:
        """Return the predicates and objects that keep unmapped and repaired values, and name what is left out."""
        if UNMAPPED_SECTION in self.plan.without:
            unmapped.kept, unmapped.leaves = None, 0
            return self._left_out
        kept = unmapped.kept
        for error in errors:
            if isinstance(error, Repaired):
                kept = overlay(kept or {}, nested(error.path or "", error.value))
        pairs = [] if kept is None else self._json(self._unmapped, kept, "that no shape reads", errors)
        unmapped.leaves *= bool(pairs)
        return pairs + self._left_out

    def _json(self, predicate: bytes, value: object, content: str, errors: list[FieldError]) -> list[bytes]:
        """Return a predicate and a literal of JSON; report one that is too long."""
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        token = quoted(text, self._json_type)
        if len(token) <= self._longest:
            return [predicate + token]
        expected = f"at most {self._longest:,} bytes {content}, as RDF files write them"
        errors.append(FieldError("too large", value=f"{len(token):,} bytes", expected=expected))
        return []

    def _token(self, number: str) -> bytes:
        return number.encode().join(self._study_token)

    def _graph(self, number: str) -> bytes:
        return number.encode().join(self._record_token) if self._graphs else b""


def _digester(plan: Plan, *, contacts: bool) -> RecordDigester:
    from kg.export.record_digest import RecordDigester

    return RecordDigester(contacts=contacts, without=plan.without)


def _name_errors(exported: Exported) -> Exported:
    """Set the study of the errors."""
    for error in exported.errors:
        error.study = exported.study
    return exported
