"""JSON values as trees: access by path, overlays, and leaves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

_STEP = re.compile(r"\[\d+\]|[^.\[\]]+")


def at(x: object, keys: Iterable[str]) -> object:
    """Return the value at a path of keys, ``None`` if it does not exist.

    >>> at({"a": {"b": 1}}, ["a", "b"]), at({"a": 2}, ["a", "b"])
    (1, None)
    """
    for key in keys:
        x = x.get(key) if isinstance(x, dict) else None
    return x


def put(tree: dict[str, Any], keys: tuple[str, ...], value: Any) -> None:
    """Set the value at a path; an object is merged into an existing one.

    >>> tree = {"a": {"b": 1}}
    >>> put(tree, ("a", "c"), 2), put(tree, ("a",), {"d": 3}), tree
    (None, None, {'a': {'b': 1, 'c': 2, 'd': 3}})
    """
    if not keys:
        tree.update(overlay(tree, value))
        return
    for key in keys[:-1]:
        tree = tree.setdefault(key, {})
    tree[keys[-1]] = overlay(tree[keys[-1]], value) if keys[-1] in tree else value


def overlay(below: Any, above: Any) -> Any:
    """Merge two JSON values: objects by key, lists of objects by position; otherwise return ``above``.

    >>> overlay({"a": [{"b": 1}, {}], "c": 2}, {"a": [{}, {"d": 3}], "c": 4})
    {'a': [{'b': 1}, {'d': 3}], 'c': 4}
    """
    if isinstance(below, dict) and isinstance(above, dict):
        return below | {key: overlay(below[key], value) if key in below else value for key, value in above.items()}
    if isinstance(below, list) and isinstance(above, list) and below and all(isinstance(item, dict) for item in below):
        longest = max(len(below), len(above))
        pairs = zip(below + [{}] * (longest - len(below)), above + [{}] * (longest - len(above)), strict=True)
        return [overlay(lower, upper) for lower, upper in pairs]
    return above


def nested(path: str, value: Any) -> Any:
    """Return a value nested at a path with positions, in otherwise empty objects and lists.

    >>> nested("a.b[1].c", 7)
    {'a': {'b': [{}, {'c': 7}]}}
    """
    for step in reversed(_STEP.findall(path)):
        value = [{}] * int(step[1:-1]) + [value] if step.startswith("[") else {step: value}
    return value


def count(value: Any) -> int:
    """Return the number of leaves of a JSON value.

    >>> count({"a": [1, 2], "b": {"c": None}, "d": []})
    3
    """
    if not isinstance(value, dict | list):
        return 1
    result = 0
    for below in value.values() if isinstance(value, dict) else value:
        result += count(below) if isinstance(below, (dict, list)) else 1
    return result


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of the leaves of a JSON value, without positions.

    >>> list(leaves({"a": [1, 2], "b": {"c": None}, "d": []}))
    ['a[]', 'a[]', 'b.c']
    """
    if isinstance(value, dict):
        for name, below in value.items():
            yield from leaves(below, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for below in value:
            yield from leaves(below, path + "[]")
    else:
        yield path
