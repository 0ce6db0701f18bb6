"""What to fetch: search areas and filters of ClinicalTrials.gov, as parameters of ``/studies`` of its API.

The meaning of the parameters is that of the specification: https://clinicaltrials.gov/data-api/api.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from urllib.parse import urlencode

from kg.errors import UsageError, shown
from kg.ontology.model import shipped
from kg.ontology.vocabulary import SCHEME

MAX_URL = 8000
"""Characters of the longest URL; servers refuse longer ones."""
_ROOM = 400
"""Characters left for the address of the API, page size, fields and page token."""
_AREAS = {
    "condition": "query.cond",
    "intervention": "query.intr",
    "term": "query.term",
    "sponsor": "query.spons",
    "location": "query.locn",
}
_CODES = {"status": "Status", "phase": "Phase"}
"""Options whose values are codes, and the schemes of these codes."""
_NUMBER = re.compile(r"NCT(?!0{8})\d{8}", re.IGNORECASE)
_ONLY_NUMBERS = re.compile(r"[\s,]*(?:NCT\d+[\s,]*)+", re.IGNORECASE)
_SEPARATOR = "|"


@dataclass(frozen=True, slots=True)
class Selection:
    """Studies that match all of the search areas and filters that are given; made by :meth:`of`, which checks them.

    ``status`` and ``phase`` are codes of the registry, of which a study has at least one; ``filter`` is an expression
    of the registry's search syntax, ``updated_since`` a date of the last update as posted. ``everything`` is the whole
    registry.
    """

    condition: str = ""
    intervention: str = ""
    term: str = ""
    sponsor: str = ""
    location: str = ""
    status: tuple[str, ...] = ()
    phase: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    filter: str = ""
    updated_since: str = ""
    everything: bool = False

    @staticmethod
    def of(**options: Any) -> Selection:
        """Return a selection with its values checked and normalized; ``None`` and empty lists select nothing.

        Raises :class:`~kg.errors.UsageError` for a value that the registry does not have, and for no selection at all.

        >>> Selection.of(condition="ALS", status=["recruiting"], phase="Phase 2", ids=["nct02059759"])
        ... # doctest: +ELLIPSIS
        Selection(condition='ALS', ..., status=('RECRUITING',), phase=('PHASE2',), ids=('NCT02059759',), ...)
        """
        values = {name: value for name, value in options.items() if value not in (None, False, (), [])}
        for name, value in values.items():
            values[name] = _checked(name, value)
        selection = Selection(**values)
        selection._check()
        return selection

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> Selection:
        """Return the selection that :meth:`as_dict` describes; raises like :meth:`of`, also for other keys."""
        unknown = [name for name in values if name not in _NAMES]
        if unknown:
            raise UsageError(f"{shown(unknown[0])} is not a part of a selection; expected {', '.join(_NAMES)}.")
        return Selection.of(**values)

    def as_dict(self) -> dict[str, Any]:
        """Return the parts that are given, as JSON has them.

        >>> Selection.of(condition="ALS", phase=["PHASE2"]).as_dict()
        {'condition': 'ALS', 'phase': ['PHASE2']}
        """
        values = {name: getattr(self, name) for name in _NAMES}
        return {name: [*value] if isinstance(value, tuple) else value for name, value in values.items() if value}

    @property
    def is_of_ids(self) -> bool:
        """Whether the studies are given by their NCT numbers alone."""
        return [*self.as_dict()] == ["ids"]

    def params(self, **extra: str) -> list[dict[str, str]]:
        """Return the parameters of the listings whose union is the selection: more than one only for many NCT numbers.

        ``extra`` are further parameters of each listing.

        >>> Selection.of(condition="ALS", phase=["PHASE2", "PHASE3"], updated_since="2024-01-31").params()
        ... # doctest: +NORMALIZE_WHITESPACE
        [{'query.cond': 'ALS',
          'filter.advanced':
          '(AREA[Phase](PHASE2 OR PHASE3)) AND (AREA[LastUpdatePostDate]RANGE[2024-01-31,MAX])'}]
        """
        common = {parameter: getattr(self, name) for name, parameter in _AREAS.items() if getattr(self, name)}
        if self.status:
            common["filter.overallStatus"] = _SEPARATOR.join(self.status)
        if advanced := _conjunction([*self._expressions()]):
            common["filter.advanced"] = advanced
        common |= extra
        return [common | {"filter.ids": _SEPARATOR.join(ids)} for ids in self._groups(common)] or [common]

    def _expressions(self) -> Iterator[str]:
        if self.filter:
            yield self.filter
        if self.phase:
            codes = " OR ".join(self.phase)
            yield f"AREA[Phase]({codes})" if len(self.phase) > 1 else f"AREA[Phase]{codes}"
        if self.updated_since:
            yield f"AREA[LastUpdatePostDate]RANGE[{self.updated_since},MAX]"

    def _groups(self, common: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
        """Yield the NCT numbers in groups that keep the URL short."""
        room = MAX_URL - _ROOM - len(urlencode(common))
        size = max(1, room // len(urlencode({"": _SEPARATOR + "NCT00000000"})[1:]))
        return (self.ids[at : at + size] for at in range(0, len(self.ids), size))

    def _check(self) -> None:
        given = self.as_dict()
        if not given:
            raise UsageError(
                "No studies are selected; give NCT numbers or a search such as --condition, or --all for the whole"
                " registry."
            )
        if self.everything and len(given) > 1:
            raise UsageError("--all selects the whole registry; leave it out, or the other parts of the selection.")
        filters = [name for name in given if name not in _AREAS]
        for name in _AREAS:
            if filters and _ONLY_NUMBERS.fullmatch(getattr(self, name)):
                raise UsageError(
                    f"The {name} has only NCT numbers, for which the registry ignores filters; name them with --id."
                )


_NAMES = tuple(field.name for field in fields(Selection))


def _conjunction(expressions: list[str]) -> str:
    return " AND ".join(f"({text})" for text in expressions) if len(expressions) > 1 else "".join(expressions)


def _checked(name: str, value: Any) -> Any:
    """Return a value as it is kept; raise :class:`~kg.errors.UsageError` for one that is none."""
    if name == "everything":
        return bool(value)
    if name in _CODES:
        return tuple(dict.fromkeys(_code(name, text) for text in _texts(value)))
    if name == "ids":
        return tuple(dict.fromkeys(map(_number, _texts(value))))
    if name == "updated_since":
        return _date(value)
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"The {name} is {shown(value)}, which is no text to search for.")
    return value.strip()


def _texts(value: str | Iterable[Any]) -> list[str]:
    return [value] if isinstance(value, str) else [str(text) for text in value]


def _code(name: str, text: str) -> str:
    """Return the code of the registry for a code or label in any case."""
    concepts = shipped().schemes[SCHEME + _CODES[name]].values()
    for concept in concepts:
        if _folded(text) in (_folded(concept.notation), _folded(concept.label)):
            return concept.notation
    names = ", ".join(concept.notation for concept in concepts)
    raise UsageError(f"{shown(text)} is not a {name} of the registry; expected one of {names}.")


def _folded(text: str) -> str:
    return re.sub(r"[\W_]+", "", text).casefold()


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text.strip()):
        raise UsageError(f"{shown(text)} is not an NCT number, such as NCT02059759.")
    return text.strip().upper()


def _date(value: object) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError as error:
        raise UsageError(f"{shown(str(value))} is not a date, such as 2026-01-31.") from error
