"""The export of one study: a pure function of its record and the plan."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import orjson

from kg.careful import Careful, Unfit
from kg.clean import LONGEST, clean
from kg.context import ABSENT, Context
from kg.errors import FieldError, RecordError
from kg.ontology import BASE, CT, RDF
from kg.plan import LISTED, UNMAPPED, Plan, shipped_plan
from kg.program import Program
from kg.residue import Residuals, Residue, with_empty
from kg.structs import Decoded, Decoder
from kg.style import Block, Grouped, Style
from kg.values import partial_date

NAMESPACES = (
    *("ct", "study", "record", "part", "org", "country", "branch", "code", "mesh", "meshv"),
    *("dcterms", "foaf", "gsp", "prov", "rdf", "rdfs", "sf", "skos", "wgs", "xsd"),
)
"""The prefixes of an exported graph, as the ontology declares them."""


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


def prefixes(plan: Plan, base: str = BASE) -> dict[str, str]:
    """The prefixes of an exported graph and their namespaces, below another base where one is given."""
    style = Style(base=base)
    known = plan.ontology.prefixes
    return {name: known[name] if name in ("ct", "code") else style.rebased(known[name]) for name in NAMESPACES}


def _at(x: object, keys: Iterable[str]) -> object:
    """What lies at a path of attributes, ``None`` where it breaks off."""
    for key in keys:
        x = getattr(x, key, None)
    return x


def _as_number(date: object) -> int:
    """A date as a number to compare, 0 where it is none; a month counts as its day 0."""
    return _number_of(date) if isinstance(date, str) else 0


@lru_cache(4096)
def _number_of(date: str) -> int:
    literal = partial_date(date)
    return int(literal.lexical.replace("-", "").ljust(8, "0")) if literal else 0


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
        self.prefixes = prefixes(self.plan, base)
        self._style: Style = Grouped(base, self.prefixes) if grouped else Style(base)
        self._careful = Careful(self.plan, self._style, contacts=contacts)
        self._program = Program(self.plan, self._style, contacts=contacts)
        self.decode = Decoder(self.plan)
        self._residuals = Residuals(self.plan, contacts=contacts)
        self._graphs = graphs
        self._study_token = self._style.opening("https://clinicaltrials.gov/study/")
        self._record_token = self._style.opening("https://w3id.org/trialkg/record/")
        self._json_type = self._style.datatype(RDF + "JSON")
        self._unmapped = self._style.predicate(UNMAPPED)
        self._listed = self._style.predicate(LISTED)
        self._study_keys = self._paths(CT + "Study", "http://purl.org/dc/terms/identifier")
        self._modified_keys = self._paths(CT + "Record", "http://purl.org/dc/terms/modified")
        self._holder_keys = self._paths(CT + "Record", CT + "versionHolder")
        self._number = re.compile(
            self._shape(CT + "Study", "http://purl.org/dc/terms/identifier").shape.pattern or "", re.ASCII
        )

    @property
    def source(self) -> str:
        """The Python source of the compiled plan."""
        return self._program.source

    def _shape(self, entity: str, path: str) -> Any:
        return next(known for known in self.plan.entities[entity].fields if known.shape.path == path)

    def _paths(self, entity: str, path: str) -> tuple[str, ...]:
        keys: tuple[str, ...] = self._shape(entity, path).keys
        return keys

    def number(self, record: dict[str, Any]) -> str:
        """The NCT number of a record; raises :class:`~kg.errors.RecordError` where it has none."""
        value = Context.at(record, self._study_keys)
        if isinstance(value, str) and self._number.fullmatch(value):
            return value
        path = ".".join(self._study_keys)
        raise RecordError(
            "not a study", path=path, value=ABSENT if value is None else value, expected="NCT and eight digits"
        )

    def version(self, record: dict[str, Any]) -> int:
        """How new a record is: its last update, then the day of the registry data it was drawn from.

        >>> Exporter().version({"derivedSection": {"miscInfoModule": {"versionHolder": "2025-12-24"}}})
        20251224
        """
        return _as_number(Context.at(record, self._modified_keys)) * 10**8 + _as_number(self._holder(record))

    def _holder(self, record: dict[str, Any]) -> str:
        value = Context.at(record, self._holder_keys)
        return value if isinstance(value, str) else ""

    def __call__(self, record: dict[str, Any], *, fit: bool = False) -> Exported:
        """Exports one record; raises :class:`~kg.errors.RecordError` for what is no study.

        ``fit`` says that its JSON was seen to hold no character that formats cannot carry.
        """
        number = self.number(record)
        mended: list[FieldError] = []

        def report(path: str, value: object, expected: str) -> None:
            mended.append(FieldError("mended", study=number, path=path, value=value, expected=expected))

        exported = self._export(record if fit else clean(record, report), number)
        if fit and len(exported.data) > LONGEST:
            exported = self._export(clean(record, report), number)
        paths = {error.path for error in mended}
        exported.errors = mended + [error for error in exported.errors if error.path not in paths]
        for error in exported.errors:
            if self._residuals.is_contact_data(error.path or ""):
                error.value = "(left out)"
        return exported

    def decoded(self, record: Decoded) -> Exported:
        """Exports a record that :attr:`decode` has taken: the same as of its JSON, only faster."""
        try:
            exported = self._compiled(record)
        except (Unfit, KeyError):
            exported = None
        if exported is None or len(exported.data) > LONGEST:
            return self(orjson.loads(record.piece), fit=True)
        return exported

    def _compiled(self, record: Decoded) -> Exported:
        number = _at(record.root, self._study_keys)
        if not isinstance(number, str) or not self._number.fullmatch(number):
            raise Unfit
        graph = self._graph(number)
        context = Context({})
        draft = self._program.study(record.root, number, self._token(number), self._style.end(graph), context)
        unread = with_empty(record.unread, context.empty)
        residue = self._residuals.of(unread, []) if unread else Residue()
        if context.listed:
            self._style.say(draft, self._listed + self._json(context.listed))
        if residue.kept is not None:
            self._style.say(draft, self._unmapped + self._json(residue.kept))
        data, triples = self._style.finished(draft, graph)
        modified, holder = _at(record.root, self._modified_keys), _at(record.root, self._holder_keys)
        return Exported(
            study=number,
            version=_as_number(modified) * 10**8 + _as_number(holder),
            holder=holder if isinstance(holder, str) else "",
            data=data,
            triples=triples,
            residue=residue,
            withheld=context.withheld + residue.withheld,
        )

    def _export(self, record: dict[str, Any], number: str) -> Exported:
        context = Context(record)
        blocks = self._careful.study(record, number, self._token(number), context)
        residue = self._residuals.of(record, context.refused) if context.odd else Residue()
        if context.listed:
            blocks[0][1].append(self._listed + self._json(context.listed))
        if residue.kept is not None:
            self._keep(residue, blocks[0][1], context)
        for error in context.errors:
            error.study = number
        return Exported(
            study=number,
            version=self.version(record),
            holder=self._holder(record),
            data=self._style.study(blocks, self._graph(number)),
            triples=self._count(blocks) + context.more,
            errors=context.errors,
            residue=residue,
            withheld=context.withheld + residue.withheld,
        )

    def _keep(self, residue: Residue, pairs: list[bytes], context: Context) -> None:
        """Writes what no shape reads, in its place, as one literal."""
        token = self._json(residue.kept)
        if len(token) <= LONGEST:
            pairs.append(self._unmapped + token)
            return
        expected = f"at most {LONGEST:,} bytes that no shape reads"
        context.errors.append(FieldError("lost", value=f"{len(token):,} bytes", expected=expected))

    def _json(self, value: object) -> bytes:
        text = orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return orjson.dumps(text) + self._json_type

    def _token(self, number: str) -> bytes:
        opening, close = self._study_token
        return opening + number.encode() + close

    def _graph(self, number: str) -> bytes:
        if not self._graphs:
            return b""
        opening, close = self._record_token
        return opening + number.encode() + close

    @staticmethod
    def _count(blocks: list[Block]) -> int:
        return sum([len(pairs) for _, pairs in blocks])
