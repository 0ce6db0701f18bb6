"""Differences of two records: the JSON paths whose values were added, removed or replaced."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, NamedTuple

import orjson

from kg.errors import ABSENT

_NAME = re.compile(r"[\w-]+")
_MOST_PAIRS = 4_000_000
"""Pairs of items that are compared to align two lists; longer lists are compared by position."""


class ValueChange(NamedTuple):
    """A value at a JSON path before and after a change, ``ABSENT`` where there is none.

    Positions in lists are counted from 0: in the new record, or for a removed value in the old one. A list of texts or
    other plain values has no positions (``conditions[]``), since graphs do not keep their order.
    """

    path: str
    old: Any = ABSENT
    new: Any = ABSENT

    def as_dict(self) -> dict[str, Any]:
        """Return the change as JSON, without a key for a value that is absent."""
        return {key: value for key, value in self._asdict().items() if value is not ABSENT}


def differences(old: Any, new: Any, path: str = "") -> Iterator[ValueChange]:
    """Yield the changes from one JSON value to another, each as deep in it as possible.

    Lists of objects are aligned, so that a new item changes nothing of those after it.

    >>> old, new = {"a": 1, "b": [{"c": 3}], "d": ["x"]}, {"a": 2, "b": [{}, {"c": 3}], "d": ["y", "x"]}
    >>> for change in differences(old, new):
    ...     print(change.as_dict())
    {'path': 'a', 'old': 1, 'new': 2}
    {'path': 'b[0]', 'new': {}}
    {'path': 'd[]', 'new': 'y'}
    """
    if isinstance(old, dict) and isinstance(new, dict):
        for key in {**old, **new}:
            yield from differences(old.get(key, ABSENT), new.get(key, ABSENT), _step(path, key))
    elif isinstance(old, list) and isinstance(new, list) and _is_plain(old) and _is_plain(new):
        before, after = Counter(map(_key, old)), Counter(map(_key, new))
        yield from (ValueChange(f"{path}[]", old=orjson.loads(key)) for key in (before - after).elements())
        yield from (ValueChange(f"{path}[]", new=orjson.loads(key)) for key in (after - before).elements())
    elif isinstance(old, list) and isinstance(new, list):
        for i, j in _aligned(old, new):
            at = f"{path}[{i if j is None else j}]"
            yield from differences(ABSENT if i is None else old[i], ABSENT if j is None else new[j], at)
    elif not _equal(old, new):
        yield ValueChange(path, old, new)


def _step(path: str, key: str) -> str:
    if not _NAME.fullmatch(key):
        return f"{path}[{json.dumps(key, ensure_ascii=False)}]"
    return f"{path}.{key}" if path else key


def _equal(old: Any, new: Any) -> bool:
    """Return whether two values are the same JSON: in Python, ``1 == True``."""
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    return bool(old == new)


def _is_plain(items: list[Any]) -> bool:
    return not any(isinstance(item, dict | list) for item in items)


def _key(item: Any) -> bytes:
    return orjson.dumps(item, option=orjson.OPT_SORT_KEYS)


def _aligned(old: list[Any], new: list[Any]) -> Iterator[tuple[int | None, int | None]]:
    """Yield the positions of items that differ; of items that were added or removed, the other position is None."""
    before, after = [*map(_key, old)], [*map(_key, new)]
    first = next((i for i, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]), None)
    start = min(len(old), len(new)) if first is None else first
    before, after = before[start:], after[start:]
    if len(before) * len(after) > _MOST_PAIRS:
        blocks = [(0, len(before), 0, len(after))]
    else:
        matcher = SequenceMatcher(None, before, after, autojunk=False)
        blocks = [positions for tag, *positions in matcher.get_opcodes() if tag != "equal"]  # type: ignore[misc]
    for i1, i2, j1, j2 in blocks:
        yield from _paired(old, new, range(start + i1, start + i2), range(start + j1, start + j2))


def _paired(old: list[Any], new: list[Any], before: range, after: range) -> Iterator[tuple[int | None, int | None]]:
    """Pair the items of two blocks in which none is equal: by position, or by similarity if their numbers differ."""
    if len(before) == len(after) or len(before) * len(after) > _MOST_PAIRS:
        both = min(len(before), len(after))
        yield from zip(before, after, strict=False)
        yield from ((i, None) for i in before[both:])
        yield from ((None, j) for j in after[both:])
        return
    remaining = dict.fromkeys(before)
    for j in after:
        i = next((i for i in remaining if _similar(old[i], new[j])), None)
        remaining.pop(i, None)  # type: ignore[arg-type]
        yield i, j
    yield from ((i, None) for i in remaining)


def _similar(old: Any, new: Any) -> bool:
    """Return whether two objects have half of their members in common."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return False
    common = sum(1 for key, value in old.items() if key in new and _equal(value, new[key]))
    return common > 0 and 2 * common >= max(len(old), len(new))
