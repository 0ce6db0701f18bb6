"""The state of the list of studies, which is its URL: the selection, and how it is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode

from kg.errors import UsageError, shown
from kg.serve.listing import Sorting, default_sorting, sorting_of
from kg.serve.selection import Selection

VIEWS = {"table": "Table", "map": "Map", "charts": "Charts", "network": "Network"}
NETWORKS = {"terms": "Conditions and interventions", "sponsors": "Sponsors and collaborators"}
MAX_OPENED = 50


@dataclass(frozen=True)
class PageState:
    """A selection and how it is shown; ``url`` and :meth:`parse` are inverse to each other.

    >>> state = PageState.parse([("phase", "PHASE2"), ("view", "map"), ("page", "1")])
    >>> state.view, state.url(), state.with_page(3).url()
    ('map', 'phase=PHASE2&view=map', 'phase=PHASE2&view=map&page=3')
    """

    selection: Selection = field(default_factory=Selection)
    view: str = "table"
    sort: str = ""
    """The name of the way to sort; empty for the default of the selection."""
    page: int = 1
    opened: tuple[str, ...] = ()
    """The keys of the MeSH terms whose narrower terms are shown."""
    network: str = "terms"
    frame: tuple[int, int, int] | None = None
    """The part of the map: its left edge, its upper edge and its width, in pixels of the projection."""

    @classmethod
    def parse(cls, parameters: Iterable[tuple[str, str]]) -> PageState:
        """Return the state of the parameters of a URL; raises :class:`~kg.errors.UsageError` for an invalid one."""
        state, rest = cls(), []
        for name, value in parameters:
            if name not in _PARSERS:
                rest.append((name, value))
            elif value.strip():
                state = _PARSERS[name](state, value.strip())
        selection = Selection.parse(rest)
        sorting_of(state.sort, selection)
        sort = "" if state.sort == default_sorting(selection) else state.sort
        return replace(state, selection=selection, sort=sort)

    @property
    def sorting(self) -> Sorting:
        """The way in which the studies are sorted."""
        return sorting_of(self.sort, self.selection)

    def with_selection(self, selection: Selection) -> PageState:
        """Return the first page of another selection, shown in the same way."""
        return replace(self, selection=selection, page=1, frame=None)

    def with_page(self, page: int) -> PageState:
        """Return another page of the list."""
        return replace(self, page=page)

    def parameters(self) -> list[tuple[str, str]]:
        """Return the parameters that say how the selection is shown, without defaults."""
        given = [("view", self.view), ("sort", self.sort), ("network", self.network), ("page", str(self.page))]
        defaults = {"view": "table", "sort": "", "network": "terms", "page": "1"}
        result = [(name, value) for name, value in given if value != defaults[name]]
        result += [("open", key) for key in self.opened]
        return result + ([("frame", ",".join(map(str, self.frame)))] if self.frame else [])

    def url(self) -> str:
        """Return the query part of the URL."""
        return urlencode([*self.selection.parameters(), *self.parameters()])

    def shows(self, **changes: object) -> str:
        """Return the query part of the URL that shows the same selection in another way."""
        return replace(self, **{"page": 1, **changes}).url()  # type: ignore[arg-type]


def _view(state: PageState, value: str) -> PageState:
    return replace(state, view=_one_of("view", value, VIEWS))


def _network(state: PageState, value: str) -> PageState:
    return replace(state, network=_one_of("network", value, NETWORKS))


def _one_of(name: str, value: str, values: Iterable[str]) -> str:
    if value not in values:
        raise UsageError(f"{name} is {shown(value)}, and one of {', '.join(values)} is expected.")
    return value


def _page(state: PageState, value: str) -> PageState:
    if not re.fullmatch(r"[1-9]\d{0,6}", value, re.ASCII):
        raise UsageError(f"page is {shown(value)}, and a number from 1 is expected.")
    return replace(state, page=int(value))


def _frame(state: PageState, value: str) -> PageState:
    match = re.fullmatch(r"(-?\d{1,4}),(-?\d{1,4}),(\d{1,4})", value, re.ASCII)
    if match is None or int(match[3]) < 10:
        raise UsageError(f"frame is {shown(value)}, and three numbers such as 0,0,400 are expected.")
    return replace(state, frame=(int(match[1]), int(match[2]), int(match[3])))


def _open(state: PageState, value: str) -> PageState:
    return replace(state, opened=tuple(sorted({*state.opened, value}))[:MAX_OPENED])


_PARSERS = {
    "view": _view,
    "sort": lambda state, value: replace(state, sort=value),
    "page": _page,
    "network": _network,
    "frame": _frame,
    "open": _open,
}
