"""Records written by R's jsonlite without ``auto_unbox``: every value that is not in a list is a list of one."""

from __future__ import annotations

from functools import cache
from typing import Any

from kg.mapping.plan import shipped_plan


def is_boxed(record: dict[str, Any]) -> bool:
    """Return whether the NCT number of a record is in a list.

    >>> is_boxed({"protocolSection": {"identificationModule": {"nctId": ["NCT00000001"]}}})
    True
    """
    value: Any = record
    for key in ("protocolSection", "identificationModule", "nctId"):
        value = value.get(key) if isinstance(value, dict) else None
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], str)


def unboxed(value: Any, path: str = "") -> Any:
    """Return a record with the values that the plan does not expect in lists taken out of them.

    >>> unboxed({"hasResults": [False], "protocolSection": {"designModule": {"phases": ["PHASE1"]}}})
    {'hasResults': False, 'protocolSection': {'designModule': {'phases': ['PHASE1']}}}
    """
    if isinstance(value, dict):
        return {key: unboxed(member, f"{path}.{key}" if path else key) for key, member in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 1 and not isinstance(value[0], dict | list) and path + "[]" not in _lists():
        return value[0]
    return [unboxed(member, path + "[]") for member in value]


@cache
def _lists() -> frozenset[str]:
    """Return the paths of lists, each with brackets at its end."""
    paths = (path for path, _, _ in shipped_plan().walk())
    return frozenset(path[: end + 2] for path in paths for end in range(len(path)) if path.startswith("[]", end))
