"""The public functions of :mod:`kg` that use the registry's API: what ``kg fetch`` and ``kg sync`` do, in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from os import PathLike
from typing import Any

from kg._types import PathName, Reject
from kg.errors import raise_losses
from kg.export.report import Report
from kg.registry.api import API, RATE, TIMEOUT
from kg.registry.changes import SyncCounts
from kg.registry.fetch import Fetch, fetch_records
from kg.registry.selection import Selection
from kg.registry.sync import Sync, synchronize


def fetch(
    *ids: str,
    condition: str | None = None,
    intervention: str | None = None,
    term: str | None = None,
    sponsor: str | None = None,
    location: str | None = None,
    status: str | Sequence[str] = (),
    phase: str | Sequence[str] = (),
    filter: str | None = None,  # noqa: A002 -- the name of the option
    updated_since: str | date | None = None,
    all: bool = False,  # noqa: A002 -- the name of the option
    limit: int | None = None,
    contacts: bool = True,
    api: str = API,
    rate: float = RATE,
    timeout: float = TIMEOUT,
    reject: Reject = raise_losses,
) -> Iterator[dict[str, Any]]:
    """Iterate over the records of studies of ClinicalTrials.gov, by NCT numbers or a search, as ``kg fetch`` does.

    The first record comes after all studies were fetched and counted; until the last one, they are in a temporary
    folder. Without ``contacts`` they have no contact data. ``rate`` is requests per second, ``timeout`` the most
    seconds for one. Raises :class:`SourceError` if the studies cannot be fetched completely; ``reject`` is called with
    one for each NCT number that is not in the registry.

    >>> for record in fetch(condition="ALS", phase="PHASE3"):  # doctest: +SKIP
    ...     print(record["protocolSection"]["identificationModule"]["briefTitle"])
    """
    selection = Selection.of(
        condition=condition,
        intervention=intervention,
        term=term,
        sponsor=sponsor,
        location=location,
        status=status,
        phase=phase,
        ids=ids,
        filter=filter,
        updated_since=updated_since,
        everything=all,
    )
    request = Fetch(selection, api, rate, timeout, limit, without_contacts=not contacts)
    return fetch_records(request, reject)


def sync(
    target: PathName,
    *,
    ids: Sequence[str] = (),
    condition: str | None = None,
    intervention: str | None = None,
    term: str | None = None,
    sponsor: str | None = None,
    location: str | None = None,
    status: str | Sequence[str] = (),
    phase: str | Sequence[str] = (),
    filter: str | None = None,  # noqa: A002 -- the name of the option
    updated_since: str | date | None = None,
    all: bool = False,  # noqa: A002 -- the name of the option
    full: bool = False,
    prune_limit: float | None = None,
    changes: PathName | Sequence[PathName] = (),
    contacts: bool | None = None,
    without: Sequence[str] = (),
    api: str | None = None,
    rate: float = RATE,
    timeout: float = TIMEOUT,
    reject: Reject = raise_losses,
) -> SyncCounts:
    """Keep a copy of studies of ClinicalTrials.gov current, a store or a folder, as ``kg sync`` does.

    The selection is only needed for a copy that does not exist yet; it remembers it, and the API. ``changes`` are files
    for the changes: JSON Lines, or RDF by their extensions. ``contacts`` says for a new copy whether it has contact
    data; by default, a folder does and a store does not. ``without`` names sections of the model that a new store
    leaves out. Returns the counts: ``new``, ``changed``, ``rederived``,
    ``gone`` and ``unchanged``, with the NCT numbers in ``studies`` and the ``data_version``.

    Raises :class:`SourceError` if the copy cannot be brought to one data version. What is lost goes to ``reject``.

    >>> counts = sync("als.kgstore", condition="ALS", changes="als-changes.jsonl")  # doctest: +SKIP
    >>> counts.summary()  # doctest: +SKIP
    'Studies: 3 new, 12 changed, 0 re-derived, 0 gone, 1,211 unchanged.'
    """
    parts = {
        "condition": condition,
        "intervention": intervention,
        "term": term,
        "sponsor": sponsor,
        "location": location,
        "status": status,
        "phase": phase,
        "ids": ids,
        "filter": filter,
        "updated_since": updated_since,
        "everything": all,
    }
    run = Sync(
        Selection.of(**parts) if any(parts.values()) else None,
        api,
        rate,
        timeout,
        full=full,
        prune_limit=prune_limit,
        contacts=bool(contacts),
        without_contacts=contacts is False,
        without=without,
    )
    outputs = [changes] if isinstance(changes, str | PathLike) else [*changes]
    return synchronize(run, target, changes=outputs, report=Report(on_problem=reject))
