"""The export of one study: a pure function of its record and the plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

from kg.careful import Careful, Unfit
from kg.clean import LONGEST, clean
from kg.context import Context
from kg.errors import FieldError, RecordError
from kg.facts import FactReader, Facts
from kg.ontology import BASE, RDF
from kg.plan import LISTED, UNMAPPED, Plan, shipped_plan
from kg.program import Program
from kg.residue import Residuals, Residue
from kg.structs import Decoded, Decoder
from kg.style import Grouped, Style, prefixes


@dataclass(slots=True)
class Exported:
    """One study as bytes, with what has to be said of it."""

    study: str
    version: int
    """How new the record is: a greater number wins over a lesser one of the same study."""
    holder: str
    """The day of the registry data that the record was drawn from, or nothing."""
    data: bytes
    triples: int
    errors: list[FieldError] = field(default_factory=list)
    residue: Residue = field(default_factory=Residue)
    withheld: int = 0
    """Values of contact data that were left out."""


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
        self._careful = Careful(self.plan, self._style, contacts=contacts)
        self._program = Program(self.plan, self._style, contacts=contacts)
        self._residuals = Residuals(self.plan, contacts=contacts)
        self.decode = Decoder(self.plan, self._residuals.prune)
        self.facts = FactReader(self.plan)
        self._graphs = graphs
        self._study_token = self._style.opening("https://clinicaltrials.gov/study/")
        self._record_token = self._style.opening("https://w3id.org/trialkg/record/")
        self._json_type = self._style.datatype(RDF + "JSON")
        self._unmapped = self._style.predicate(UNMAPPED)
        self._listed = self._style.predicate(LISTED)

    @property
    def source(self) -> str:
        """The Python source of the compiled plan."""
        return self._program.source

    def __call__(self, record: dict[str, Any], *, fit: bool = False) -> Exported:
        """Exports one record; raises :class:`~kg.errors.RecordError` for what is no study.

        ``fit`` says that its JSON was seen to hold no character that formats cannot carry.
        """
        number = self.facts.number(record)
        mended: list[FieldError] = []

        def report(path: str, value: object, expected: str) -> None:
            mended.append(FieldError("mended", study=number, path=path, value=value, expected=expected))

        exported = self._with_care(record if fit else clean(record, report))
        if fit and len(exported.data) > LONGEST:
            exported = self._with_care(clean(record, report))
        paths = {error.path for error in mended}
        exported.errors = mended + [error for error in exported.errors if error.path not in paths]
        for error in exported.errors:
            if self._residuals.is_contact_data(error.path or ""):
                error.value = "(left out)"
        return exported

    def decoded(self, record: Decoded) -> Exported:
        """Exports a record that :attr:`decode` has taken: the same as of its JSON, only faster."""
        exported = self._compiled(record)
        if exported is None and record.unread is None and (pruned := self.decode.pruned(record.piece)):
            exported = self._compiled(pruned)
        if exported is None or len(exported.data) > LONGEST:
            return self(orjson.loads(record.piece), fit=True)
        return exported

    def _compiled(self, record: Decoded) -> Exported | None:
        """The export of a record by the compiled plan, ``None`` where it is not as the shapes say."""
        context = Context({})
        try:
            facts = self.facts(record.root)
            token, graph = self._token(facts.study), self._graph(facts.study)
            draft = self._program.study(record.root, facts.study, token, self._style.end(graph), context)
        except (Unfit, KeyError, RecordError):
            return None
        residue = self._residuals.of(record.unread, []) if record.unread else Residue()
        for pair in self._beside(context, residue):
            self._style.say(draft, pair)
        data, triples = self._style.finished(draft, graph)
        return self._exported(facts, data, triples, context, residue)

    def _with_care(self, record: dict[str, Any]) -> Exported:
        """The export of any record, with a complaint of all that is not as the shapes say."""
        facts, context = self.facts(record), Context(record)
        blocks = self._careful.study(record, facts.study, self._token(facts.study), context)
        residue = self._residuals.of(record, context.refused) if context.odd else Residue()
        blocks[0][1].extend(self._beside(context, residue))
        data = self._style.study(blocks, self._graph(facts.study))
        triples = sum(len(pairs) for _, pairs in blocks) + context.more
        return self._exported(facts, data, triples, context, residue)

    @staticmethod
    def _exported(facts: Facts, data: bytes, triples: int, context: Context, residue: Residue) -> Exported:
        for error in context.errors:
            error.study = facts.study
        return Exported(*facts, data, triples, context.errors, residue, context.withheld + residue.withheld)

    def _beside(self, context: Context, residue: Residue) -> Iterator[bytes]:
        """What is said of a study beside its fields: how shared resources are listed, and what no shape reads."""
        if context.listed:
            yield self._listed + self._json(context.listed)
        if residue.kept is None:
            return
        token = self._json(residue.kept)
        if len(token) <= LONGEST:
            yield self._unmapped + token
            return
        expected = f"at most {LONGEST:,} bytes that no shape reads"
        context.errors.append(FieldError("lost", value=f"{len(token):,} bytes", expected=expected))

    def _json(self, value: object) -> bytes:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return orjson.dumps(text) + self._json_type

    def _token(self, number: str) -> bytes:
        return number.encode().join(self._study_token)

    def _graph(self, number: str) -> bytes:
        return number.encode().join(self._record_token) if self._graphs else b""
