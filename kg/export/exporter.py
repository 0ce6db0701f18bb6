"""The export of one study: a pure function of its record and the plan."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from kg.errors import FieldError, Repaired
from kg.export.compiler import RECORD, STUDY
from kg.export.context import Context
from kg.export.interpreter import Interpreter
from kg.export.native import Emitter
from kg.export.record_header import HeaderReader, RecordHeader
from kg.export.shared_resources import Usage, encode_graph
from kg.export.unmapped import Unmapped, UnmappedFinder
from kg.mapping.json_tree import overlay, planted
from kg.mapping.plan import LISTED, UNMAPPED, Plan, shipped_plan
from kg.ontology.vocabulary import BASE, RDF
from kg.rdf.syntax import Grouped, Style, prefixes
from kg.records.sanitize import LONGEST, clean


@dataclass(slots=True)
class Exported:
    """One study as bytes, with what has to be said of it."""

    study: str
    version: int
    """How new the record is: a greater number wins over a lesser one of the same study."""
    version_holder: str
    """The day of the registry data that the record was drawn from, or nothing."""
    data: bytes
    triples: int
    errors: list[FieldError] = field(default_factory=list)
    unmapped: Unmapped = field(default_factory=Unmapped)
    withheld: int = 0
    """Values of contact data that were left out."""
    shared: tuple[bytes, ...] = ()
    """The descriptions of the shared resources that it refers to (:mod:`kg.export.shared_resources`)."""


class Exporter:
    """Exports records of API v2 as RDF.

    ``grouped`` writes Turtle blocks, otherwise lines; ``graphs`` puts the statements of a study into the graph
    that its record names (N-Quads, TriG); ``contacts`` keeps e-mail addresses and telephone numbers; ``base``
    is where parts, organizations and the like live.

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
    ) -> None:
        self.plan = plan or shipped_plan()
        self.prefixes = prefixes(self.plan.ontology, base)
        self._style: Style = Grouped(base, self.prefixes) if grouped else Style(base)
        self._interpreter = Interpreter(self.plan, self._style, contacts=contacts)
        self._unmapped_finder = UnmappedFinder(self.plan, contacts=contacts)
        self.headers = HeaderReader(self.plan)
        self.emitter = Emitter(
            self.plan, self._style, self._interpreter, self.headers.paths, contacts=contacts, graphs=graphs
        )
        self._graphs = graphs
        self._gap = b"\n" if grouped else b""
        self._study_token = self._style.opening(STUDY)
        self._record_token = self._style.opening(RECORD)
        self._json_type = self._style.datatype(RDF + "JSON")
        self._unmapped = self._style.predicate(UNMAPPED)
        self._listed = self._style.predicate(LISTED)

    def __call__(self, record: dict[str, Any], *, fit: bool = False) -> Exported:
        """Exports one record; raises :class:`~kg.errors.RecordError` for what is no study.

        ``fit`` says that its JSON was seen to hold no character that formats cannot carry.
        """
        number = self.headers.study(record)
        mended: list[FieldError] = []

        def report(path: str, value: object, expected: str) -> None:
            mended.append(FieldError("mended", study=number, path=path, value=value, expected=expected))

        exported = self._with_care(record if fit else clean(record, report))
        if fit and len(exported.data) > LONGEST:
            exported = self._with_care(clean(record, report))
        paths = {error.path for error in mended}
        exported.errors = mended + [error for error in exported.errors if error.path not in paths]
        self._veil(exported.errors)
        return exported

    def _veil(self, errors: list[FieldError]) -> None:
        """Takes the values of contact data out of complaints."""
        for error in errors:
            if self._unmapped_finder.is_contact_data(error.path or ""):
                error.value = "(left out)"

    def from_json(self, piece: bytes) -> Exported:
        """Exports the JSON of one record, which is quicker than a record that is read already.

        Raises :class:`ValueError` for what is no JSON, and :class:`~kg.errors.RecordError` for what is no study.
        """
        return self.try_json(piece) or self(orjson.loads(piece))

    def try_json(self, piece: bytes) -> Exported | None:
        """Export the JSON of one record; ``None`` for anything that the reference interpreter has to export."""
        found = self.try_json_at(piece, None)
        return found and found[0]

    def try_json_at(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        """The same of the record at a place in a text, and where that and the spaces behind it end."""
        try:
            return self._emitted(text, at)
        except Exception:  # whatever it is, the interpreter way meets it, and what it costs is told there
            return None

    def _emitted(self, text: bytes, at: int | None) -> tuple[Exported, int] | None:
        emitted = self.emitter(text, at)
        if emitted is None or len(emitted.data) > LONGEST:
            return None
        self._veil(emitted.errors)
        unread = text[at or 0 : emitted.end] if emitted.odd else emitted.unread
        unmapped = self._unmapped_finder.of(orjson.loads(unread), [], partial=not emitted.odd) if unread else Unmapped()
        facts, triples = self.headers.of(*emitted.facts), emitted.triples
        data = emitted.data
        if kept := self._kept(unmapped, emitted.errors):
            more = self._style.more(self._token(facts.study), [kept], self._graph(facts.study))
            data = emitted.with_more(more)
            triples += 1
        exported = _exported(facts, data, triples, emitted.errors, unmapped, emitted.withheld)
        exported.shared = tuple(dict.fromkeys(emitted.shared))  # two kinds of node may describe one resource alike
        return exported, emitted.end

    def _with_care(self, record: dict[str, Any]) -> Exported:
        """The export of any record, with a complaint of all that is not as the shapes say."""
        facts, context = self.headers(record), Context(record)
        study = self._interpreter.study(record, facts.study, self._token(facts.study), context)
        blocks = [*study.blocks, *study.last]
        unmapped = self._unmapped_finder.of(record, context.refused) if context.odd else Unmapped()
        if context.listed:
            blocks[0][1].append(self._listed + self._json(context.listed))
        if kept := self._kept(unmapped, context.errors):
            blocks[0][1].append(kept)
        data = self._style.study(blocks, self._graph(facts.study))
        triples = sum(len(pairs) for _, pairs in blocks) + context.more
        exported = _exported(facts, data, triples, context.errors, unmapped, context.withheld)
        exported.shared = tuple(study.described)
        return exported

    def with_shared(self, exported: Exported) -> bytes:
        """A study with what its record says of shared resources, which a run writes once for all studies."""
        pieces = self.shared(Usage(each, 1) for each in exported.shared)
        return b"".join((exported.data, *(self._gap + data for data, _ in pieces)))

    def shared(self, usages: Iterable[Usage]) -> Iterator[tuple[bytes, int]]:
        """The graph of shared resources in pieces, with their numbers of triples."""
        return encode_graph(usages, self._style, graphs=self._graphs)

    def ontology(self) -> tuple[bytes, int]:
        """The graph of the ontology and its codes, and its number of triples."""
        from kg.export.ontology_graph import encode_graph as encode_ontology

        return encode_ontology(self._style, graphs=self._graphs)

    def _kept(self, unmapped: Unmapped, errors: list[FieldError]) -> bytes:
        """The pair of a study that keeps what of its record no shape reads, and what was repaired; or nothing."""
        kept = unmapped.kept
        for error in errors:
            if isinstance(error, Repaired):
                kept = overlay(kept or {}, planted(error.path or "", error.value))
        if kept is None:
            return b""
        token = self._json(kept)
        if len(token) <= LONGEST:
            return self._unmapped + token
        expected = f"at most {LONGEST:,} bytes that no shape reads"
        errors.append(FieldError("lost", value=f"{len(token):,} bytes", expected=expected))
        return b""

    def _json(self, value: object) -> bytes:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return orjson.dumps(text) + self._json_type

    def _token(self, number: str) -> bytes:
        return number.encode().join(self._study_token)

    def _graph(self, number: str) -> bytes:
        return number.encode().join(self._record_token) if self._graphs else b""


def _exported(
    facts: RecordHeader,
    data: bytes,
    triples: int,
    errors: list[FieldError],
    unmapped: Unmapped,
    withheld: int,
) -> Exported:
    for error in errors:
        error.study = facts.study
    return Exported(*facts, data, triples, errors, unmapped, withheld + unmapped.withheld)
