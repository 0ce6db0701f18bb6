"""Python objects as inputs: dictionaries, lists and generators of them, JSON in memory, and open files.

An object becomes a stream of bytes under the name of its type, so that everything that holds for a file holds for it.
"""

from __future__ import annotations

import io
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, MappingView, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import IO, Any, cast

import orjson

from kg._types import Input
from kg.errors import SourceError, UsageError
from kg.records.decompress import CHUNK, ChunkReader

_JSON = re.compile(r'\s*[\[{]\s*["\[{]')
_COLLECTIONS = (Sequence, Set, MappingView, Iterator)
_MOST = "give names of files, open files, or studies as dictionaries, lists or generators of them"


@dataclass(frozen=True, slots=True, eq=False)
class ObjectInput:
    """An input that is an object: its name in messages, and a function that opens its bytes once."""

    name: str
    open: Callable[[], IO[bytes]]

    def __str__(self) -> str:
        return self.name


AnyInput = Input | ObjectInput


def flatten(inputs: Iterable[Any], keep: Callable[[Any], bool] = lambda _: False) -> list[Any]:
    """Return inputs as names and :class:`ObjectInput`; objects for which ``keep`` is true are returned as they are.

    Dictionaries that follow each other in a list are one input. A generator is not read, except for its first item.

    >>> [str(item) for item in flatten(["a.json", [{"hasResults": True}, {}], b"{}"])]
    ['a.json', '<list>', '<bytes>']

    Raises :class:`~kg.errors.UsageError` for an object of another kind.
    """
    return [item for value in inputs for item in _items(value, keep)]


def _items(value: Any, keep: Callable[[Any], bool]) -> Iterator[Any]:
    content = _content(value)
    if keep(value) or isinstance(value, ObjectInput):
        yield value
    elif content is not None:
        yield ObjectInput(_name(value), partial(io.BytesIO, content))
    elif isinstance(value, str | os.PathLike):
        yield os.fspath(value)
    elif isinstance(value, Mapping):
        yield ObjectInput(_name(value), lambda: _lines(iter([value])))
    elif hasattr(value, "read"):
        yield _file(value)
    elif isinstance(value, _COLLECTIONS):
        yield from _members(cast("Iterable[Any]", value), keep)
    else:
        text = "; for a data frame, data.to_dict('records')" if hasattr(value, "to_dict") else ""
        raise UsageError(f"{_article(value)} is not an input; {_MOST}{text}.")


def _content(value: Any) -> bytes | None:
    """Return the content of bytes, of a text that is JSON, and of the response of an HTTP client."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass") if _JSON.match(value) else None
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value)
    content = getattr(value, "content", None) if hasattr(value, "status_code") else None
    return content if isinstance(content, bytes) else None


def _members(values: Iterable[Any], keep: Callable[[Any], bool]) -> Iterator[Any]:
    """Yield the members of a collection; those of a generator as one input if its first one is a dictionary."""
    name = _name(values)
    members = iter(values)
    first = next(members, None)
    members = chain([] if first is None else [first], members)
    if first is None or (isinstance(values, Iterator) and isinstance(first, Mapping)):
        yield ObjectInput(name, partial(_lines, members))
        return
    studies: list[Any] = []
    for member in members:
        if isinstance(member, Mapping):
            studies.append(member)
            continue
        if studies:
            yield ObjectInput(name, partial(_lines, iter(studies)))
            studies = []
        yield from _items(member, keep)
    if studies:
        yield ObjectInput(name, partial(_lines, iter(studies)))


def _name(value: Any) -> str:
    return "<generator>" if isinstance(value, Iterator) else f"<{type(value).__name__}>"


def _article(value: Any) -> str:
    """Return the type of an object with an article.

    >>> _article(None), _article(3), _article(io.BytesIO())
    ('None', 'An int', 'A BytesIO')
    """
    name = type(value).__name__
    return "None" if value is None else f"{'An' if name[0].lower() in 'aeiou' else 'A'} {name}"


# -- JSON -------------------------------------------------------------------------------------------------------


def _lines(values: Iterator[Any]) -> IO[bytes]:
    return io.BufferedReader(cast("Any", ChunkReader(map(_line, values))), CHUNK)


def _line(value: Any) -> bytes:
    """Return a value as a line of JSON; keys that are not texts, dates and values of numpy are written as texts.

    Raises :class:`~kg.errors.SourceError` for a value that JSON cannot represent.
    """
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    try:
        return orjson.dumps(value, default=_plain, option=options)
    except TypeError as error:
        try:  # integers beyond 64 bits, and depths that orjson refuses
            return json.dumps(value, default=_plain).encode() + b"\n"
        except (TypeError, ValueError, RecursionError):
            raise SourceError(f"has a value that is not JSON ({error})") from error


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, _COLLECTIONS):
        return list(cast("Iterable[Any]", value))
    raise TypeError(f"Type is not JSON serializable: {type(value).__name__}")


# -- open files -------------------------------------------------------------------------------------------------


def _file(file: Any) -> ObjectInput:
    name = getattr(file, "name", None)
    name = name if isinstance(name, str) else f"<{type(file).__name__}>"
    return ObjectInput(name, lambda: cast("IO[bytes]", _OpenFile(file)))


class _OpenFile:
    """A file of the caller, read from where it is and left open, as bytes if it is a text file."""

    def __init__(self, file: Any) -> None:
        self._file = _binary(file)

    def __enter__(self) -> _OpenFile:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else bytes(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def _binary(file: Any) -> Any:
    """Return the binary file under a text file, at the same position, or the file itself if it has none."""
    if not isinstance(file, io.TextIOWrapper):
        return file
    try:
        file.seek(file.tell())
    except (OSError, ValueError):  # a pipe, or a file that is being iterated
        return file
    return file.buffer
