"""The public functions of :mod:`kg` that use the registry's API: what ``kg fetch`` does, in Python."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from kg._types import Reject
from kg.errors import raise_losses
from kg.registry.api import API, RATE, TIMEOUT
from kg.registry.fetch import Fetch, fetch_records
from kg.registry.selection import Selection


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
